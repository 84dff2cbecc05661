"""What can be wrong with an engine: each fault is a clear error, nothing is half visible, and the load goes on afterwards."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

import index.state
from index import elastic_bulk, sqlite_store
from index.alert import Alert
from index.catalogue import Catalogue
from index.elastic_errors import WrongServer
from index.elastic_store import ElasticStore
from index.query import parse
from index.sqlite_store import WRITING, SqliteStore
from index.store import Store, StoreError, Unavailable, WrongIndex

Make = Callable[..., Any]
elastic = pytest.mark.component("elasticsearch")


def titles(store: Store, as_of: dt.date, query: str = "") -> list[str]:
    return sorted(hit.alert.notice.title for hit in store.search(parse(query), as_of=as_of).hits)


def never(a: object, b: object) -> float:
    return 0.0


@pytest.fixture
def proxied(make_elastic: Any, proxy_before: Any) -> Iterator[tuple[Any, ElasticStore, list[float]]]:
    """The real server behind a proxy that may spoil answers; the store's pauses are recorded, not slept."""
    proxy = proxy_before(make_elastic.server.ports[0])
    pauses: list[float] = []
    yield proxy, make_elastic(urls=[proxy.url], sleep=pauses.append), pauses
    proxy.close()


def catalogue_of(store: Store, folder: Path) -> Catalogue:
    engine = create_engine(f"sqlite:///{folder / 'state.db'}")
    index.state.metadata.create_all(engine)
    return Catalogue(engine, store, score=never, threshold=0.5)


@pytest.fixture
def lines(make_notice: Make, make_assessment: Make) -> list[Any]:
    notices = [make_notice(f"n{number}") for number in range(6)]
    return [(1, notice, make_assessment(notice)) for notice in notices]


# --- throttling, lost answers ------------------------------------------------------------------------------------------

BUSY_ITEM = {"type": "es_rejected_execution_exception", "reason": "the queue is full"}
BUSY = json.dumps({"error": {"root_cause": [BUSY_ITEM], **BUSY_ITEM}, "status": 429}).encode()
JSON = {"Content-Type": "application/json", "X-Elastic-Product": "Elasticsearch"}


def at_bulk(spoilt: Any) -> Callable[..., Any]:
    """Answers every bulk with `spoilt` (None: the server's own answer)."""
    return lambda *asked: spoilt if "_bulk" in asked[1] else None


@elastic
def test_throttled_items_are_tried_again_and_only_they(proxied: Any, make_alert: Make, as_of: dt.date) -> None:
    """Shown to fail with TRIES = 1 (Unavailable), with busy items taken for written (five said, none there), and with the client's own
    retries of 429 left on (tries without a pause)."""
    proxy, store, pauses = proxied
    store.put([make_alert("seed")])
    sent: list[int] = []

    def spoil(method: str, path: str, body: bytes) -> Any:
        """The whole request once, then two of the items twice."""
        if "_bulk" not in path:
            return None
        sent.append(body.count(b'"index"'))
        if len(sent) == 1:
            return 429, JSON, BUSY
        if len(sent) == 2:
            items = [{"index": {"_id": str(n), "status": 429, "error": BUSY_ITEM}} for n in range(5)]
            return 200, JSON, json.dumps({"errors": True, "items": items}).encode()
        return None

    proxy.spoil = spoil
    assert store.put(make_alert(f"n{i}") for i in range(5)) == 5
    store.wait()
    assert (sent, len(pauses)) == ([5, 5, 5], 2)  # each try after a pause of ours, none hidden in the client
    assert all(
        0.5 <= pause / (elastic_bulk.PAUSE * 2**n) <= 1.5 for n, pause in enumerate(pauses)
    )  # doubled, and spread
    assert store.count() == 6


@elastic
def test_a_cluster_that_stays_busy_is_told_and_the_load_goes_on_later(
    proxied: Any, lines: list[Any], tmp_path: Path, as_of: dt.date, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.catalogue.BATCH", 2)
    proxy, store, pauses = proxied
    catalogue = catalogue_of(store, tmp_path)
    catalogue.load(lines[:2])
    proxy.spoil = at_bulk((429, JSON, BUSY))
    with pytest.raises(Unavailable, match=r"too busy for 2 alerts after 8 tries.*queue is full"):
        catalogue.load(lines)
    assert len(pauses) == elastic_bulk.TRIES - 1
    assert [change.alert_id for change in catalogue.changes(0, 100)] == ["test:n0", "test:n1"]
    proxy.spoil = at_bulk(None)
    assert catalogue.load(lines).new == 4
    assert store.count() == catalogue.count() == len(catalogue.changes(0, 100)) == 6


@elastic
def test_an_answer_that_was_lost_is_asked_for_again_with_one_effect(proxied: Any, make_alert: Make) -> None:
    """The write reached the server, its answer did not reach us: the same id and version once more."""
    proxy, store, _ = proxied
    store.put([make_alert("seed")])
    lost: list[str] = []

    def spoil(method: str, path: str, body: bytes) -> Any:
        if "_bulk" in path and not lost:
            lost.append(path)
            return "lost"
        return None

    proxy.spoil = spoil
    assert store.put([make_alert("a", version=3)]) == 1
    store.wait()
    assert lost
    assert store.count() == 2


@elastic
@pytest.mark.parametrize("seed", range(3))
def test_some_items_refused_for_good_stop_the_load_with_the_reason(proxied: Any, make_alert: Make, seed: int) -> None:
    proxy, store, _ = proxied
    store.put([make_alert("seed")])
    kinds = [
        ({"type": "strict_dynamic_mapping_exception", "reason": "no field"}, 400, WrongIndex, "rebuild"),
        ({"type": "security_exception", "reason": "unauthorized"}, 403, StoreError, "may not write"),
        ({"type": "weird_exception", "reason": "who knows"}, 400, StoreError, "weird_exception: who knows"),
    ]
    error, status, kind, says = kinds[seed]
    items = [
        {"index": {"_id": "test:a", "status": 201, "result": "created"}},
        {"index": {"_id": "test:b", "status": status, "error": error}},
    ]
    body = json.dumps({"errors": True, "items": items}).encode()
    proxy.spoil = at_bulk((200, JSON, body))
    with pytest.raises(kind, match=says):
        store.put([make_alert("a"), make_alert("b")])


# --- unreachable, other servers ----------------------------------------------------------------------------------------


def test_a_server_that_cannot_be_reached_is_told(gazetteer: Any, make_alert: Make, as_of: dt.date) -> None:
    store = ElasticStore(["http://127.0.0.1:1"], gazetteer=gazetteer, timeout=2)
    tries: list[Callable[[], object]] = [
        lambda: store.put([make_alert("a")]),
        lambda: store.search(parse(""), as_of=as_of),
        lambda: list(store.scan(parse(""), as_of=as_of)),
        lambda: store.get("test:a"),
        store.count,
        store.begin_rebuild,
    ]
    for ask in tries:
        with pytest.raises(Unavailable, match="cannot be reached"):
            ask()
    store.close()


def opensearch(method: str, path: str, body: bytes) -> Any:
    """OpenSearch 2: no product header; it refuses the media type of the 8.x client wherever there is a body."""
    if body:
        reason = "Content-Type header [application/vnd.elasticsearch+json; compatible-with=8] is not supported"
        return 406, {"Content-Type": "application/json"}, json.dumps({"error": reason, "status": 406}).encode()
    return 200, {"Content-Type": "application/json"}, b'{"nodes": {"a": {"version": "2.17.0"}}}'


def elasticsearch_7(method: str, path: str, body: bytes) -> Any:
    """7.17 says its product, and knows no compatible-with=8."""
    reason = {"type": "media_type_header_exception", "reason": "Invalid media-type value on headers"}
    return 400, JSON, json.dumps({"error": reason, "status": 400}).encode()


def elasticsearch_8_11(method: str, path: str, body: bytes) -> Any:
    return 200, JSON, b'{"nodes": {"a": {"version": "8.19.2"}, "b": {"version": "8.11.4"}}}'


@pytest.mark.parametrize(
    ("server", "says"),
    [
        (opensearch, "does not say it is Elasticsearch"),
        (elasticsearch_7, "does not speak the language of Elasticsearch 8"),
        (elasticsearch_8_11, "Elasticsearch 8.11.4"),
    ],
)
def test_other_servers_are_refused_before_anything_is_written(
    proxy_before: Any, gazetteer: Any, make_alert: Make, as_of: dt.date, server: Any, says: str
) -> None:
    """Answers as those servers give them (constructed). Shown to fail without `_check_server`: 8.11 is let in."""
    proxy = proxy_before(0, server)
    store = ElasticStore([proxy.url], gazetteer=gazetteer)
    for ask in (
        lambda: store.put([make_alert("a")]),
        lambda: store.search(parse(""), as_of=as_of),
        store.begin_rebuild,
    ):
        with pytest.raises(WrongServer, match=says) as caught:
            ask()
        assert "OpenSearch and 7.x are not supported" in str(caught.value)
    assert not [path for method, path in proxy.asked if method in {"PUT", "POST"} and "_search" not in path]
    store.close()
    proxy.close()


# --- read-only, full -----------------------------------------------------------------------------------------------------


@elastic
@pytest.mark.parametrize("block", ["read_only", "read_only_allow_delete", "write"])
def test_a_blocked_elasticsearch_takes_nothing_and_goes_on_later(
    make_elastic: Any, lines: list[Any], tmp_path: Path, as_of: dt.date, block: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`read_only_allow_delete` is what the server sets itself when its disk is full. No time is lost on tries."""
    monkeypatch.setattr("index.catalogue.BATCH", 2)
    pauses: list[float] = []
    store = make_elastic(sleep=pauses.append)
    catalogue = catalogue_of(store, tmp_path)
    catalogue.load(lines[:2])
    make_elastic.server.ask("PUT", f"/{make_elastic.alias}/_settings", {f"index.blocks.{block}": True})
    with pytest.raises(Unavailable, match="takes no writes now"):
        catalogue.load(lines)
    assert not pauses
    assert store.count() == catalogue.count() == len(catalogue.changes(0, 100)) == 2
    assert len(titles(store, as_of)) == 2  # readers go on
    make_elastic.server.ask("PUT", f"/{make_elastic.alias}/_settings", {f"index.blocks.{block}": None})
    assert catalogue.load(lines).new == 4
    assert store.count() == catalogue.count() == 6


def test_a_full_disk_under_the_embedded_index_takes_nothing_and_goes_on_later(
    sqlite_store: SqliteStore, lines: list[Any], tmp_path: Path, make_notice: Make, make_assessment: Make
) -> None:
    """SQLite's own limit of pages stands for the disk: it answers "database or disk is full" in the middle of a write."""
    catalogue = catalogue_of(sqlite_store, tmp_path)
    catalogue.load(lines[:2])
    connection = sqlite_store._connection(WRITING)
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages + 2}")
    large = [make_notice(f"l{i}", text=" ".join(f"word{i}x{j}" for j in range(2_000))) for i in range(20)]
    more = [*lines, *((1, notice, make_assessment(notice)) for notice in large)]
    with pytest.raises(Unavailable, match="full"):
        catalogue.load(more)
    assert sqlite_store.count() == catalogue.count() == len(catalogue.changes(0, 100)) == 2
    connection.execute("PRAGMA max_page_count=1073741823")
    assert catalogue.load(more).new == 24
    assert sqlite_store.count() == catalogue.count() == 26


def test_a_read_only_embedded_index_is_told(sqlite_store: SqliteStore, make_alert: Make, as_of: dt.date) -> None:
    sqlite_store.put([make_alert("a")])
    sqlite_store._connection(WRITING).execute("PRAGMA query_only=1")
    with pytest.raises(Unavailable, match="readonly"):
        sqlite_store.put([make_alert("b")])
    assert len(titles(sqlite_store, as_of)) == 1


def test_a_writer_that_holds_the_file_too_long_is_told(
    tmp_path: Path, gazetteer: Any, make_alert: Make, monkeypatch: pytest.MonkeyPatch, as_of: dt.date
) -> None:
    monkeypatch.setattr(sqlite_store, "WAIT", 0.2)
    store = SqliteStore(tmp_path / "index.db", gazetteer=gazetteer)
    other = sqlite3.connect(tmp_path / "index.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="another process is writing"):
        store.put([make_alert("a")])
    assert titles(store, as_of) == []  # readers do not wait
    other.execute("ROLLBACK")
    assert store.put([make_alert("a")]) == 1
    other.close()
    store.close()


def test_a_place_that_is_not_there_and_a_file_that_is_not_ours(tmp_path: Path, gazetteer: Any) -> None:
    with pytest.raises(Unavailable, match="unable to open"):
        SqliteStore(tmp_path / "nowhere" / "index.db", gazetteer=gazetteer)
    (tmp_path / "letter.db").write_text("Dear Sir or Madam, " * 100)
    with pytest.raises(WrongIndex, match="not ours"):
        SqliteStore(tmp_path / "letter.db", gazetteer=gazetteer)


# --- other versions ------------------------------------------------------------------------------------------------------


def test_an_index_of_another_analysis_is_read_but_never_written_until_it_is_rebuilt(
    store: Store, make_alert: Make, as_of: dt.date, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Two analyses in one index would find half of everything. Shown to fail with `stale` always empty."""
    store.put([make_alert("a")])
    store.wait()
    monkeypatch.setattr("index.analysis.VERSION", "next")
    anew: Store = store
    if "elasticsearch" in request.node.name:
        anew = request.getfixturevalue("make_elastic")()  # another process, after the upgrade
    assert "rebuild" in anew.stale
    with pytest.raises(WrongIndex, match="tradewarn rebuild"):
        anew.put([make_alert("b")])
    assert len(titles(anew, as_of)) == 1
    assert anew.rebuild([make_alert("a"), make_alert("b")]) == 2
    assert anew.stale == ""
    assert anew.put([make_alert("c")]) == 1


def test_an_embedded_index_of_an_earlier_form_is_told_and_rebuilt(
    tmp_path: Path, gazetteer: Any, make_alert: Make, as_of: dt.date
) -> None:
    store = SqliteStore(tmp_path / "index.db", gazetteer=gazetteer)
    store.put([make_alert("a", title="Ladder with a loose rung")])
    store._connection().execute("ALTER TABLE segments_1 RENAME COLUMN slots TO shelves")
    with pytest.raises(WrongIndex, match=r"form of another version.*tradewarn rebuild"):
        store.search(parse('exact:"loose rung"'), as_of=as_of)
    assert store.rebuild([make_alert("a", title="Ladder with a loose rung")]) == 1
    assert store.search(parse('exact:"loose rung"'), as_of=as_of).total == 1
    store.close()


@elastic
def test_an_index_with_a_foreign_mapping_is_not_written(make_elastic: Any, make_alert: Make) -> None:
    server, alias = make_elastic.server, make_elastic.alias
    server.ask(
        "PUT", f"/{alias}-v000001", {"mappings": {"properties": {"terms": {"type": "keyword"}}}, "aliases": {alias: {}}}
    )
    store = make_elastic()
    with pytest.raises(WrongIndex, match=r"other settings \(none of ours.*tradewarn rebuild"):
        store.put([make_alert("a")])
    assert store.count() == 0
    assert store.rebuild([make_alert("a")]) == 1
    assert store.put([make_alert("b")]) == 1


@elastic
def test_an_index_of_that_name_which_is_no_alias_is_left_alone(make_elastic: Any, make_alert: Make) -> None:
    server, alias = make_elastic.server, make_elastic.alias
    server.ask("PUT", f"/{alias}", {})
    try:
        with pytest.raises(WrongIndex, match="not an alias"):
            make_elastic().put([make_alert("a")])
    finally:
        server.ask("DELETE", f"/{alias}")


def newer(alert: Alert) -> str:
    """The body as a later version might write it."""
    return json.dumps({**json.loads(alert.model_dump_json(exclude_defaults=True)), "mood": "hopeful"})


def test_an_alert_of_a_newer_version_in_the_index_is_told_not_misread(
    store: Store, make_alert: Make, as_of: dt.date, request: pytest.FixtureRequest
) -> None:
    store.put([make_alert("a"), make_alert("b")])
    store.wait()
    if "elasticsearch" in request.node.name:
        stores = request.getfixturevalue("make_elastic")
        body = {"doc": {"body": json.loads(newer(make_alert("a")))}}
        stores.server.ask("POST", f"/{stores.alias}/_update/test:a?refresh=true", body)
    else:
        assert isinstance(store, SqliteStore)
        body = sqlite_store_squeeze(newer(make_alert("a")))
        store._connection().execute("UPDATE alerts_1 SET body = ? WHERE id = 'test:a'", (body,))
    for ask in (
        lambda: store.get("test:a"),
        lambda: store.search(parse(""), as_of=as_of),
        lambda: list(store.scan(parse(""), as_of=as_of)),
    ):
        with pytest.raises(WrongIndex, match=r"another version.*mood.*upgrade"):
            ask()
    found = store.get("test:b")
    assert found is not None
    assert found.id == "test:b"


def sqlite_store_squeeze(body: str) -> bytes:
    from index.sqlite_schema import squeeze

    return squeeze(body)


# --- rights --------------------------------------------------------------------------------------------------------------


@elastic
def test_a_reader_may_read_and_nothing_else(make_elastic: Any, make_alert: Make, as_of: dt.date) -> None:
    """The roles of deploy/elasticsearch/roles.yml on the real server. Shown to fail with `all` for the reader: it wrote."""
    loader, reader = make_elastic("loader"), make_elastic("looker")
    loader.put([make_alert("a", title="Ladder")])
    loader.wait()
    page = reader.search(parse("ladder"), as_of=as_of, facets=("kind",))
    assert (page.total, page.facets["kind"][0].n) == (1, 1)
    assert [alert.id for alert in reader.scan(parse(""), as_of=as_of)] == ["test:a"]
    found = reader.get("test:a")
    assert found is not None
    assert (reader.count(), reader.stale, reader.words_like("laddr")) == (1, "", [("ladder", 1)])
    for ask in (lambda: reader.put([make_alert("b")]), reader.begin_rebuild, reader.wait):
        with pytest.raises(StoreError, match="may not") as caught:
            ask()
        assert not isinstance(caught.value, Unavailable)  # asking again would not help
    assert loader.count() == 1


@elastic
def test_an_indexer_loads_and_rebuilds_but_touches_no_other_index(make_elastic: Any, make_alert: Make) -> None:
    server = make_elastic.server
    loader = make_elastic("loader")
    loader.put([make_alert("a")])
    assert loader.rebuild([make_alert("a"), make_alert("b")]) == 2
    server.ask("PUT", "/somebody-elses", {})
    try:
        for index_name in ("somebody-elses", "somebody-elses-v000001"):
            with pytest.raises(StoreError, match="may not"):
                make_elastic("loader", alias=index_name).put([make_alert("a")])
    finally:
        server.ask("DELETE", "/somebody-elses")


@elastic
def test_a_wrong_password_is_told(make_elastic: Any, as_of: dt.date) -> None:
    with pytest.raises(StoreError, match="does not know this user"):
        make_elastic("loader", password="wrong").search(parse(""), as_of=as_of)
