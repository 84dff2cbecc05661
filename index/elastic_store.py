"""The engine for large installations: any official Elasticsearch 8.19+ or 9.x (OpenSearch and 7.x are not supported).

A versioned index behind an alias; `_id` is the alert's id and its version is ours (external), so that a late write never overwrites
a newer one. A user with the role `indexer` of `deploy/elasticsearch/roles.yml` can do everything here, one with `reader` the reading.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from elasticsearch import (
    ApiError,
    AuthorizationException,
    Elasticsearch,
    NotFoundError,
    OrjsonSerializer,
    TransportError,
)
from pydantic import ValidationError

from index import elastic_mapping
from index.alert import Alert
from index.analysis import Concepts, Gazetteer
from index.documents import document
from index.elastic_bulk import Item, bulk, pipelined
from index.elastic_errors import Gone, check_server, told
from index.fields import Facet
from index.highlight import highlights
from index.plan import plan
from index.query import Query
from index.store import Count, Hit, Language, Page, Sort, StoreError, WrongIndex, check_page

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
            serializer=OrjsonSerializer(),  # an answer of twenty alerts is a hundred kilobytes
            retry_on_timeout=True,  # every write has an id and a version: twice is once
            max_retries=3,
            retry_on_status=(502, 503, 504),  # a busy cluster (429) is asked again after a pause, never at once
            **options,
        )
        self._alias = alias
        self._building = f"{alias}-building"
        self._concepts = Concepts(gazetteer)
        self._sleep = sleep
        self._checked = False
        self._known_server = False

    # --- writing ---------------------------------------------------------------------------------------------------

    def put(self, alerts: Iterable[Alert]) -> int:
        self._ensure()
        return pipelined(alerts, self._item, self._everywhere)

    def _everywhere(self, items: Sequence[Item]) -> int:
        """Write behind the alias, and behind the one of a rebuild while there is one."""
        while True:
            written = bulk(self._client, self._alias, items, self._sleep)
            with told():
                building = bool(self._client.indices.exists_alias(name=self._building))
            if not building:
                return written
            try:
                bulk(self._client, self._building, items, self._sleep)
            except Gone:
                continue  # switched between the two: once more, to what the alias stands for now
            return written

    def wait(self) -> None:
        with told(), contextlib.suppress(NotFoundError):
            self._client.indices.refresh(index=self._alias)

    def _ensure(self) -> None:
        """Template, first index and alias; and that the index is one of ours. Raises WrongIndex, WrongServer."""
        if self._checked:
            return
        self._check_server()
        with told():
            if not self._client.indices.exists_alias(name=self._alias):
                if self._client.indices.exists(index=self._alias):
                    raise WrongIndex(f"{self._alias} is an index, not an alias: it is not ours; choose another name")
                self._put_template()
                try:
                    self._client.indices.create(index=f"{self._alias}-v000001", aliases={self._alias: {}})
                except ApiError as error:
                    if error.error != "resource_already_exists_exception":  # another process was first
                        raise
        if self.stale:
            raise WrongIndex(self.stale)
        self._checked = True

    def _check_server(self) -> None:
        """Raises WrongServer. Once for each store: what stands behind an address does not change its kind."""
        if self._known_server:
            return
        with told(), contextlib.suppress(AuthorizationException, NotFoundError):  # not every role may ask
            check_server(self._client.nodes.info(filter_path="nodes.*.version").body)
        self._known_server = True

    @property
    def stale(self) -> str:
        with told(), contextlib.suppress(NotFoundError):
            for index, body in self._client.indices.get_mapping(index=self._alias).body.items():
                there = body["mappings"].get("_meta")
                if there != elastic_mapping.built_by():
                    return (
                        f"the index {index} has other settings ({there or 'none of ours'}, this is"
                        f" {elastic_mapping.built_by()}): run `tradewarn rebuild`"
                    )
        return ""

    def _put_template(self) -> None:
        body = elastic_mapping.template(self._alias)
        self._client.indices.put_index_template(name=self._alias, **body)

    def _item(self, alert: Alert) -> Item:
        flat = document(alert, self._concepts)
        action = {"_id": elastic_mapping.key(alert.id), "version": alert.version, "version_type": "external_gte"}
        notice = alert.notice
        text = "\n".join(filter(None, (notice.title, alert.effective.title_zh, notice.summary, notice.text)))
        return {"index": action}, elastic_mapping.source(flat, text[:TEXT])

    # --- rebuilding ------------------------------------------------------------------------------------------------

    def begin_rebuild(self) -> str:
        """A process that was killed may have left a request behind that the server still carries out: hence the second looks."""
        self._check_server()
        with told():
            last = 0
            for index, body in self._client.indices.get_alias(index=f"{self._alias}-v*").body.items():
                last = max(last, int(index.rpartition("-v")[2]))
                if self._alias not in body["aliases"]:  # left by a rebuild that did not come to its end
                    with contextlib.suppress(NotFoundError):
                        self._client.indices.delete(index=index)
            self._put_template()
            while True:
                last += 1
                following = f"{self._alias}-v{last:06d}"
                try:
                    self._client.indices.create(index=following, aliases={self._building: {}})
                except ApiError as error:
                    if error.error != "resource_already_exists_exception":
                        raise
                else:
                    return following

    def fill(self, token: str, alerts: Iterable[Alert]) -> None:
        pipelined(alerts, self._item, functools.partial(self._fill, token))

    def _fill(self, token: str, items: Sequence[Item]) -> int:
        with told():
            if not self._client.indices.exists_alias(name=self._building, index=token):
                raise StoreError(OTHER_REBUILD)
        return bulk(self._client, self._building, items, self._sleep)

    def finish_rebuild(self, token: str) -> int:
        with told():
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
        with told():
            try:
                answer = self._client.get(index=self._alias, id=elastic_mapping.key(alert_id), source_includes=["body"])
            except NotFoundError:
                return None
        return _alert(answer["_source"]["body"])

    def count(self) -> int:
        with told():
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
        self._check_server()
        meaning = plan(query, self._concepts)
        wanted: list[Facet] = list(dict.fromkeys([*facets, "week"] if histogram else facets))
        body = elastic_mapping.request(meaning, as_of=as_of, sort=sort, facets=wanted)
        with told():
            try:
                answer = self._client.search(index=self._alias, from_=offset, size=limit, **arguments(body)).body
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
            missing=query.missing,
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
        self._check_server()
        meaning = elastic_mapping.matching(plan(query, self._concepts), as_of)
        with told():
            try:
                pit = self._client.open_point_in_time(index=self._alias, keep_alive="5m")["id"]
            except NotFoundError:
                return
        try:
            after: list[Any] | None = None
            while True:
                with told():
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

    def together(self, query: Query) -> int:
        return plan(query, self._concepts).together

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
        with told():
            try:
                holding = int(self._client.count(index=self._alias, query={"term": {"exact": word}})["count"])
                answer = self._client.search(index=self._alias, size=0, suggest=suggest, track_total_hits=False).body
            except NotFoundError:
                return []
        options = [(o["text"], int(o["freq"])) for entry in answer["suggest"]["near"] for o in entry["options"]]
        return [*([(word, holding)] if holding else []), *options][:limit]

    def close(self) -> None:
        self._client.close()


def arguments(body: dict[str, Any]) -> dict[str, Any]:
    """A search body as the client's arguments: `_source` has another name there."""
    return {("source" if name == "_source" else name): value for name, value in body.items()}


def _alert(body: Any) -> Alert:
    try:
        return Alert.model_validate(body)
    except ValidationError as error:
        raise WrongIndex.holding(error) from error
