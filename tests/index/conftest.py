"""Alerts to search for, a small gazetteer, and the engines: embedded always, Elasticsearch and PostgreSQL when they can be had."""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.util
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

import index.state
from crawlers.notice import Notice
from index.alert import Alert
from index.elastic_store import ElasticStore
from index.sqlite_store import SqliteStore
from index.store import Store
from nlp.assessment import Assessment
from nlp.gazetteer import Concept, Gazetteer
from tests.index.library import Make, library

AS_OF = dt.date(2026, 11, 16)


def notice_of(name: str, **fields: Any) -> Notice:
    """A notice `test:<name>`; whatever is not given is plain and constant."""
    body = {
        "id": f"test:{name}",
        "source": "test_source",
        "market": "US",
        "kind": "recall",
        "authority": "Test Authority",
        "title": f"Notice {name}",
        "published": "2026-11-10",
        "provenance": {
            "url": f"https://example.test/{name}",
            "fetched_at": "2026-11-16T06:00:00Z",
            "body_sha256": hashlib.sha256(name.encode()).hexdigest(),
            "source_version": "1",
        },
    }
    return Notice.model_validate(body | fields)


def assessment_of(notice: Notice, **fields: Any) -> Assessment:
    body = {
        "notice_id": notice.id,
        "notice_hash": notice.hash,
        "model": {"name": "test", "version": "1", "taxonomy": "1"},
        "levels": [{"level": "green", "from": notice.published.isoformat()}],
    }
    return Assessment.model_validate(body | fields)


def alert_of(name: str, *, opinion: dict[str, Any] | None = None, version: int = 1, **fields: Any) -> Alert:
    overlay = fields.pop("overlay", {})
    notice = notice_of(name, **fields)
    return Alert.model_validate(
        {
            "notice": notice,
            "assessment": assessment_of(notice, **(opinion or {})),
            "version": version,
            "event": notice.id,
            "overlay": overlay,
        }
    )


@pytest.fixture(scope="session")
def as_of() -> dt.date:
    return AS_OF


@pytest.fixture(scope="session")
def make_notice() -> Callable[..., Notice]:
    return notice_of


@pytest.fixture(scope="session")
def make_assessment() -> Callable[..., Assessment]:
    return assessment_of


@pytest.fixture(scope="session")
def make_alert() -> Callable[..., Alert]:
    return alert_of


@pytest.fixture(scope="session")
def gazetteer() -> Gazetteer:
    """Six concepts in four languages: enough to see what a concept does, whatever the shipped tables hold."""
    return Gazetteer(
        [
            Concept(
                "lithium_battery",
                "product",
                {
                    "zh": ("锂电池", "锂离子电池"),
                    "en": ("lithium battery", "lithium-ion cell"),
                    "ja": ("リチウム電池", "リチウムイオン電池"),
                    "ar": ("بطارية ليثيوم",),
                },
            ),
            Concept("battery", "product", {"zh": ("电池",), "en": ("battery",), "ja": ("電池",)}),
            Concept("charger", "product", {"zh": ("充电器",), "en": ("charger", "battery charger"), "ja": ("充電器",)}),
            Concept("tea", "product", {"zh": ("茶叶",), "en": ("tea",), "ja": ("茶",)}),
            Concept("beverage", "product", {"zh": ("饮料",), "en": ("beverage",)}),
            Concept("pesticide_residue", "hazard", {"zh": ("农药残留",), "en": ("pesticide residue",)}),
        ],
        broader={"tea": ("beverage",)},
    )


@pytest.fixture
def sqlite_store(tmp_path: Path, gazetteer: Gazetteer) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "index.db", gazetteer=gazetteer)
    yield store
    store.close()


# --- real components -------------------------------------------------------------------------------------------------


def _component(name: str) -> Any:
    """A module of tests/components, by its path (the suite has no packages)."""
    path = Path(__file__).parents[1] / "components" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"component_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    server = _component("postgres").Postgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def elasticsearch() -> Iterator[Any]:
    server = _component("elasticsearch").Elasticsearch()
    yield server
    server.close()


@pytest.fixture(scope="session")
def elasticsearch_cluster() -> Any:
    """The class, for tests that need nodes of their own."""
    return _component("elasticsearch").Elasticsearch


@pytest.fixture(scope="session")
def proxy_before() -> Any:
    """A proxy before a port, that spoils some answers."""
    return _component("proxy").Proxy


ENGINES = ["sqlite", pytest.param("postgres", marks=pytest.mark.component("postgres"))]
STORES = ["sqlite", pytest.param("elasticsearch", marks=pytest.mark.component("elasticsearch"))]


@pytest.fixture(params=ENGINES)
def state_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """The state database with the index room's tables, on each database it runs on."""
    if request.param == "sqlite":
        engine = create_engine(f"sqlite:///{tmp_path / 'state.db'}", connect_args={"timeout": 60})
    else:
        engine = create_engine(request.getfixturevalue("postgres").database())
    index.state.metadata.create_all(engine)
    yield engine
    engine.dispose()


_names = itertools.count(1)


class ElasticStores:
    """Opens stores on the real server, behind one alias of their own."""

    def __init__(self, server: Any, gazetteer: Gazetteer) -> None:
        self.server = server
        self.alias = f"tradewarn-alerts-t{next(_names)}"
        self._gazetteer = gazetteer
        self._opened: list[ElasticStore] = []

    def __call__(self, user: str = "loader", **options: Any) -> ElasticStore:
        password = options.pop("password", f"{user}-secret")
        given = {"alias": self.alias, "gazetteer": self._gazetteer, "user": user, "password": password} | options
        store = ElasticStore(given.pop("urls", self.server.urls), **given)
        self._opened.append(store)
        return store

    def close(self) -> None:
        for store in self._opened:
            store.close()
        for name in self.server.ask("GET", f"/{self.alias}-v*/_alias"):
            self.server.ask("DELETE", f"/{name}")
        for template in self.server.ask("GET", "/_index_template")["index_templates"]:
            if template["name"] == self.alias:
                self.server.ask("DELETE", f"/_index_template/{self.alias}")


@pytest.fixture
def elastic_stores(request: pytest.FixtureRequest) -> Iterator[Callable[[Gazetteer], ElasticStores]]:
    """Stores on the real server with a gazetteer of the test's choice."""
    made: list[ElasticStores] = []

    def make(gazetteer: Gazetteer) -> ElasticStores:
        made.append(ElasticStores(request.getfixturevalue("elasticsearch"), gazetteer))
        return made[-1]

    yield make
    for stores in made:
        stores.close()


@pytest.fixture
def make_elastic(request: pytest.FixtureRequest, gazetteer: Gazetteer) -> Iterator[ElasticStores]:
    stores = ElasticStores(request.getfixturevalue("elasticsearch"), gazetteer)
    yield stores
    stores.close()


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Any:
    """Each engine in turn, empty."""
    if request.param == "sqlite":
        return request.getfixturevalue("sqlite_store")
    return request.getfixturevalue("make_elastic")()


@pytest.fixture(scope="module", params=STORES)
def any_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, gazetteer: Gazetteer
) -> Iterator[Any]:
    """Each engine in turn, one for the tests of a module."""
    if request.param == "sqlite":
        embedded = SqliteStore(tmp_path_factory.mktemp("any") / "index.db", gazetteer=gazetteer)
        yield embedded
        embedded.close()
        return
    stores = ElasticStores(request.getfixturevalue("elasticsearch"), gazetteer)
    yield stores()
    stores.close()


@pytest.fixture(scope="module")
def filled(any_store: Store, make_alert: Make) -> Store:
    """Each engine with the library; tests only read it."""
    any_store.put(library(make_alert))
    any_store.wait()
    return any_store
