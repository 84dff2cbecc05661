"""The engine for large installations: any official Elasticsearch 8.19+ or 9.x (OpenSearch and 7.x are not supported).

A versioned index behind an alias; `_id` is the alert's id and its version is ours (external), so that a late write never overwrites
a newer one. A user with the role `indexer` of `deploy/elasticsearch/roles.yml` can do everything here, one with `reader` the reading.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from elasticsearch import (
    ApiError,
    AuthenticationException,
    AuthorizationException,
    Elasticsearch,
    NotFoundError,
    TransportError,
)
from elasticsearch import (
    ConnectionError as NotReached,
)
from pydantic import ValidationError

from index import elastic_mapping
from index.alert import Alert
from index.analysis import Concepts, Gazetteer
from index.documents import Document, document
from index.fields import Facet
from index.highlight import highlights
from index.plan import plan
from index.query import Query
from index.store import Count, Hit, Language, Page, Sort, StoreError, Unavailable, WrongIndex, check_page

BATCH = 500
TRIES = 8  # of a bulk whose items the cluster was too busy for: about half a minute in all
PAUSE = 0.2  # seconds before the second try, doubled each time
BUSY = frozenset({429, 502, 503, 504})
NEWER = 409  # the index holds a higher version already: what we wanted to say is said
OTHER_REBUILD = "another rebuild began meanwhile: this one stops, the other goes on"
TEXT = 20_000  # characters of the plain text field


class ElasticStore:
    """`urls` are tried in turn. `sleep` is called between tries (tests pass their own)."""

    def __init__(
        self,
        urls: Sequence[str],
        *,
        user: str = "",
        password: str = "",
        ca: str = "",
        alias: str = "tradewarn-alerts",
        gazetteer: Gazetteer | None = None,
        timeout: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if gazetteer is None:
            from nlp.gazetteer import Gazetteer as Shipped

            gazetteer = Shipped.load()
        options: dict[str, Any] = {"ca_certs": ca} if ca else {}
        self._client = Elasticsearch(
            [url.strip() for url in urls],
            basic_auth=(user, password) if user else None,
            request_timeout=timeout,
            retry_on_timeout=True,  # every write has an id and a version: twice is once
            max_retries=3,
            **options,
        )
        self._alias = alias
        self._building = f"{alias}-building"
        self._concepts = Concepts(gazetteer)
        self._sleep = sleep
        self._checked = False

    # --- writing ---------------------------------------------------------------------------------------------------

    def put(self, alerts: Iterable[Alert]) -> int:
        written = 0
        rest = iter(alerts)
        while batch := list(itertools.islice(rest, BATCH)):
            with _told():
                self._ensure()
            written += self._everywhere(batch)
        return written

    def _everywhere(self, batch: Sequence[Alert]) -> int:
        """Write behind the alias, and behind the one of a rebuild while there is one."""
        while True:
            written = self._bulk(self._alias, batch)
            with _told():
                building = bool(self._client.indices.exists_alias(name=self._building))
            if not building:
                return written
            try:
                self._bulk(self._building, batch)
            except _Gone:
                continue  # switched between the two: once more, to what the alias stands for now
            return written

    def wait(self) -> None:
        with _told(), contextlib.suppress(NotFoundError):
            self._client.indices.refresh(index=self._alias)

    def _ensure(self) -> None:
        """Template, first index and alias; and that the index is one of ours. Raises WrongIndex."""
        if self._checked:
            return
        if not self._client.indices.exists_alias(name=self._alias):
            if self._client.indices.exists(index=self._alias):
                raise WrongIndex(f"{self._alias} is an index, not an alias: it is not ours; choose another name")
            self._put_template()
            try:
                self._client.indices.create(index=f"{self._alias}-v000001", aliases={self._alias: {}})
            except ApiError as error:
                if error.error != "resource_already_exists_exception":  # another process was first
                    raise
        self._check_mapping()
        self._checked = True

    def _put_template(self) -> None:
        body = elastic_mapping.template(self._alias)
        self._client.indices.put_index_template(name=self._alias, **body)

    def _check_mapping(self) -> None:
        mappings = self._client.indices.get_mapping(index=self._alias).body
        for index, body in mappings.items():
            there = body["mappings"].get("_meta")
            if there != elastic_mapping.built_by():
                raise WrongIndex(
                    f"the index {index} has other settings ({there or 'none of ours'}, this is"
                    f" {elastic_mapping.built_by()}): run `tradewarn rebuild`"
                )

    def _bulk(self, alias: str, alerts: Sequence[Alert]) -> int:
        """Write all of them or raise; items the cluster was too busy for are tried again, with growing pauses."""
        newest: dict[str, Alert] = {}
        for alert in alerts:
            if alert.id not in newest or newest[alert.id].version <= alert.version:
                newest[alert.id] = alert
        left: list[tuple[dict[str, Any], dict[str, Any]]] = [self._item(alert) for alert in newest.values()]
        written = 0
        for attempt in range(TRIES):
            busy: list[tuple[dict[str, Any], dict[str, Any]]] = []
            try:
                answer = self._client.bulk(
                    index=alias, operations=[part for item in left for part in item], require_alias=True
                )
            except ApiError as error:
                if error.status_code not in BUSY:
                    raise _ours(error) from error
                busy, reason = left, str(error)
            except TransportError as error:
                raise _ours(error) from error
            else:
                reason = ""
                for item, result in zip(left, answer["items"], strict=True):
                    (outcome,) = result.values()
                    status = outcome["status"]
                    if status in BUSY:
                        busy.append(item)
                        reason = str(outcome["error"].get("reason", ""))
                    elif status < 300:
                        written += 1
                    elif status != NEWER:
                        raise _refused(outcome)
            if not busy:
                return written
            left = busy
            if attempt + 1 < TRIES:
                self._sleep(PAUSE * 2**attempt * (0.5 + random.random()))  # noqa: S311 - spreads writers, hides nothing
        raise Unavailable(f"Elasticsearch is too busy for {len(left)} alerts after {TRIES} tries: {reason}")

    def _item(self, alert: Alert) -> tuple[dict[str, Any], dict[str, Any]]:
        flat: Document = document(alert, self._concepts)
        action = {"_id": elastic_mapping.key(alert.id), "version": alert.version, "version_type": "external_gte"}
        notice = alert.notice
        text = "\n".join(filter(None, (notice.title, alert.effective.title_zh, notice.summary, notice.text)))
        return {"index": action}, elastic_mapping.source(flat, text[:TEXT])

    # --- rebuilding ------------------------------------------------------------------------------------------------

    def begin_rebuild(self) -> str:
        with _told():
            there = self._client.indices.get_alias(index=f"{self._alias}-v*", allow_no_indices=True).body
            for index, body in there.items():
                if self._alias not in body["aliases"]:  # left by a rebuild that did not come to its end
                    self._client.indices.delete(index=index, ignore_unavailable=True)
            last = max((int(index.rpartition("-v")[2]) for index in there), default=0)
            following = f"{self._alias}-v{last + 1:06d}"
            self._put_template()
            self._client.indices.create(index=following, aliases={self._building: {}})
        return following

    def fill(self, token: str, alerts: Iterable[Alert]) -> None:
        rest = iter(alerts)
        while batch := list(itertools.islice(rest, BATCH)):
            with _told():
                if not self._client.indices.exists_alias(name=self._building, index=token):
                    raise StoreError(OTHER_REBUILD)
            self._bulk(self._building, batch)

    def finish_rebuild(self, token: str) -> int:
        with _told():
            try:
                self._client.indices.refresh(index=token)
                count = int(self._client.count(index=token)["count"])
            except NotFoundError as error:
                raise StoreError(OTHER_REBUILD) from error
            old = [name for name in self._client.indices.get_alias(index=f"{self._alias}-v*").body if name != token]
            actions: list[dict[str, Any]] = [
                {"remove": {"index": token, "alias": self._building}},
                {"add": {"index": token, "alias": self._alias}},
                *({"remove_index": {"index": name}} for name in old),
            ]
            self._client.indices.update_aliases(actions=actions)  # one step: no search sees none or both
            self._checked = False
        return count

    def rebuild(self, alerts: Iterable[Alert]) -> int:
        token = self.begin_rebuild()
        self.fill(token, alerts)
        return self.finish_rebuild(token)

    # --- reading ---------------------------------------------------------------------------------------------------

    def get(self, alert_id: str) -> Alert | None:
        with _told():
            try:
                answer = self._client.get(index=self._alias, id=elastic_mapping.key(alert_id), source_includes=["body"])
            except NotFoundError:
                return None
        return _alert(answer["_source"]["body"])

    def count(self) -> int:
        with _told():
            try:
                return int(self._client.count(index=self._alias)["count"])
            except NotFoundError:
                return 0

    def search(
        self,
        query: Query,
        *,
        as_of: dt.date,
        sort: Sort = "relevance",
        offset: int = 0,
        limit: int = 20,
        facets: Sequence[Facet] = (),
        highlight_lang: Language | None = None,
        histogram: bool = False,
    ) -> Page:
        check_page(offset, limit)
        meaning = plan(query, self._concepts)
        wanted: list[Facet] = list(dict.fromkeys([*facets, "week"] if histogram else facets))
        body = elastic_mapping.request(meaning, as_of=as_of, sort=sort, facets=wanted)
        with _told():
            try:
                answer = self._client.search(index=self._alias, from_=offset, size=limit, **_arguments(body)).body
            except NotFoundError:  # nothing was ever loaded
                return Page(total=0, facets=dict.fromkeys(facets, ()))
        hits = [(_alert(hit["_source"]["body"]), hit["_score"] or 0.0) for hit in answer["hits"]["hits"]]
        counted = {
            facet: tuple(
                Count(value=value, n=n)
                for value, n in sorted(
                    elastic_mapping.counts(facet, answer["aggregations"][facet]), key=lambda pair: (-pair[1], pair[0])
                )
            )
            for facet in wanted
        }
        return Page(
            total=answer["hits"]["total"]["value"],
            hits=tuple(
                Hit(
                    alert=alert,
                    score=score,
                    highlights=highlights(alert, meaning, self._concepts, highlight_lang) if highlight_lang else (),
                )
                for alert, score in hits
            ),
            facets={facet: counted[facet] for facet in facets},
            histogram=tuple(sorted(counted["week"], key=lambda count: count.value)) if histogram else (),
        )

    def scan(self, query: Query, *, as_of: dt.date) -> Iterator[Alert]:
        meaning = elastic_mapping.matching(plan(query, self._concepts), as_of)
        with _told():
            try:
                pit = self._client.open_point_in_time(index=self._alias, keep_alive="5m")["id"]
            except NotFoundError:
                return
        try:
            after: list[Any] | None = None
            while True:
                with _told():
                    answer = self._client.search(
                        pit={"id": pit, "keep_alive": "5m"},
                        query=meaning,
                        size=1_000,
                        sort=[{"tie": "asc"}],
                        search_after=after,
                        source={"includes": ["body"]},
                        track_total_hits=False,
                    ).body
                hits = answer["hits"]["hits"]
                pit = answer["pit_id"]
                for hit in hits:
                    yield _alert(hit["_source"]["body"])
                if len(hits) < 1_000:
                    return
                after = hits[-1]["sort"]
        finally:
            with contextlib.suppress(ApiError, TransportError):  # it ends by itself after five minutes
                self._client.close_point_in_time(id=pit)

    def words_like(self, word: str, limit: int = 5) -> list[tuple[str, int]]:
        suggest = {
            "near": {
                "text": word,
                "term": {
                    "field": "exact",
                    "suggest_mode": "always",
                    "max_edits": 1 if len(word) <= 5 else 2,
                    "prefix_length": 1,
                    "size": limit,
                },
            }
        }
        with _told():
            try:
                holding = int(self._client.count(index=self._alias, query={"term": {"exact": word}})["count"])
                answer = self._client.search(index=self._alias, size=0, suggest=suggest, track_total_hits=False).body
            except NotFoundError:
                return []
        options = [(o["text"], int(o["freq"])) for entry in answer["suggest"]["near"] for o in entry["options"]]
        return [*([(word, holding)] if holding else []), *options][:limit]

    def close(self) -> None:
        self._client.close()


def _arguments(body: dict[str, Any]) -> dict[str, Any]:
    """A search body as the client's arguments: `_source` has another name there."""
    return {("source" if name == "_source" else name): value for name, value in body.items()}


def _alert(body: str) -> Alert:
    try:
        return Alert.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise WrongIndex(
            f"an alert of another version is in the index ({where}: {first['msg']}): upgrade, or rebuild"
        ) from error


class _Gone(StoreError):
    """No index stands behind the alias that was written to."""


def _refused(outcome: dict[str, Any]) -> StoreError:
    kind, reason = outcome["error"].get("type", ""), outcome["error"].get("reason", "")
    if kind == "index_not_found_exception":
        return _Gone(f"no index stands behind the alias ({reason}): run `tradewarn rebuild`")
    if kind == "cluster_block_exception":
        return Unavailable(f"Elasticsearch takes no writes now (read-only, or its disk is full): {reason}")
    if outcome["status"] == 403:
        return StoreError(f"this user may not write to the index: {reason}")
    if kind in {"strict_dynamic_mapping_exception", "document_parsing_exception", "mapper_parsing_exception"}:
        return WrongIndex(f"the index has another mapping: {reason}: run `tradewarn rebuild`")
    return StoreError(f"Elasticsearch refused {outcome.get('_id')}: {kind}: {reason}")


def _ours(error: ApiError | TransportError) -> StoreError:
    if isinstance(error, ApiError):
        info = str(error)
        if error.error == "cluster_block_exception":
            return Unavailable(f"Elasticsearch takes no writes now (read-only, or its disk is full): {info}")
        if isinstance(error, AuthenticationException):
            return StoreError(f"Elasticsearch does not know this user or password: {info}")
        if isinstance(error, AuthorizationException):
            return StoreError(f"this user may not do that in Elasticsearch (roles: deploy/elasticsearch): {info}")
        if error.status_code in BUSY:
            return Unavailable(f"Elasticsearch is too busy: {info}")
        return StoreError(f"Elasticsearch answered {error.status_code}: {info}")
    if isinstance(error, NotReached):
        return Unavailable(f"Elasticsearch cannot be reached: {error}")
    return Unavailable(f"Elasticsearch did not answer properly: {error}")


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """The client's errors as ours; 404 is left to the caller, who knows what it means."""
    try:
        yield
    except NotFoundError:
        raise
    except (ApiError, TransportError) as error:
        raise _ours(error) from error
