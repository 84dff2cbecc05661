"""The three that are compared, each over the same alerts: `rank(text, k)` gives the ids of its first k hits.

* **ours**: the embedded engine, with the query as typed in our language. Elasticsearch behind our protocol ranks alike by contract
  (tests/index/test_agreement.py), so it is not a system of its own here.
* **Elasticsearch `standard`**: what a plain user sets up: fields `title` and `text` of the default analyzer, one `match` each
  (operator or), their BM25 added.
* **SQLite trigram**: FTS5 `trigram` over `title` and `text`, words as phrases of trigrams joined by OR, ordered by `bm25()`. A run of
  Chinese or Japanese, which has no spaces, is asked as the OR of its trigrams. Words shorter than three characters, which a trigram
  index cannot find, are dropped; when nothing else was typed, they are looked for with LIKE, all of them, newest first.

The plain systems get the original notice: its title, and as text everything else the authority published of it that ours reads,
the symbol too; neither our Chinese title nor concepts nor any other opinion.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from elasticsearch import Elasticsearch, helpers

from benchmarks.quality.collection import AS_OF
from crawlers.notice import Notice
from index.alert import Alert
from index.finding import find
from index.query import QueryError, parse
from index.sqlite_store import SqliteStore

OURS, STANDARD, TRIGRAM = "ours", "Elasticsearch standard", "SQLite trigram"
NAMES = (OURS, STANDARD, TRIGRAM)
_INDEX = "quality-plain"
_WORD = re.compile(r"\w+(?:[./\-+&']+\w+)*")
_UNSPACED = re.compile("[\u3005-\u30ff\u3400-\u9fff]+")


class System(Protocol):
    def rank(self, text: str, k: int) -> list[str]: ...


def published_text(notice: Notice) -> str:
    """Everything but the title, as the authority gave it."""
    stated = [item for value in notice.stated.values() for item in ((value,) if isinstance(value, str) else value)]
    parts = (notice.products_text, notice.summary, notice.text, *stated, notice.authority, notice.symbol)
    return "\n".join(part for part in (*parts, *notice.joint_symbols) if part)


class Ours:
    """`refused` are queries our language did not understand: they find nothing."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.refused: list[str] = []

    def rank(self, text: str, k: int) -> list[str]:
        try:
            page = find(self._store, parse(text), as_of=AS_OF, limit=k)
        except QueryError:
            self.refused.append(text)
            return []
        return [hit.alert.id for hit in page.hits]


class Standard:
    """On the server of the client; one index, made anew."""

    def __init__(self, client: Elasticsearch, alerts: Sequence[Alert]) -> None:
        self._client = client
        client.options(ignore_status=404).indices.delete(index=_INDEX)
        fields = {"title": {"type": "text"}, "text": {"type": "text"}, "id": {"type": "keyword"}}
        client.indices.create(index=_INDEX, mappings={"properties": fields}, settings={"number_of_shards": 1})
        helpers.bulk(client, (self._action(alert.notice) for alert in alerts))
        client.indices.refresh(index=_INDEX)

    @staticmethod
    def _action(notice: Notice) -> dict[str, object]:
        source = {"id": notice.id, "title": notice.title, "text": published_text(notice)}
        return {"_index": _INDEX, "_id": notice.id, "_source": source}

    def rank(self, text: str, k: int) -> list[str]:
        matches = [{"match": {field: {"query": text, "operator": "or"}}} for field in ("title", "text")]
        answer = self._client.search(
            index=_INDEX,
            query={"bool": {"should": matches}},
            size=k,
            sort=[{"_score": "desc"}, {"id": "asc"}],
            source=False,
        )
        return [hit["_id"] for hit in answer["hits"]["hits"]]


class Trigram:
    def __init__(self, alerts: Sequence[Alert]) -> None:
        self._connection = sqlite3.connect(":memory:")
        self._connection.execute(
            "CREATE VIRTUAL TABLE plain USING fts5(id UNINDEXED, published UNINDEXED, title, text, tokenize='trigram')"
        )
        rows = ((a.id, a.notice.published.isoformat(), a.notice.title, published_text(a.notice)) for a in alerts)
        self._connection.executemany("INSERT INTO plain VALUES (?, ?, ?, ?)", rows)

    def rank(self, text: str, k: int) -> list[str]:
        long, short = trigram_terms(text)
        if long:
            match = " OR ".join('"' + term.replace('"', '""') + '"' for term in long)
            rows = self._connection.execute(
                "SELECT id FROM plain WHERE plain MATCH ? ORDER BY bm25(plain), id LIMIT ?", (match, k)
            )
        elif short:
            every = " AND ".join("(title LIKE ? OR text LIKE ?)" for _ in short)
            likes = [f"%{term}%" for term in short for _ in range(2)]
            rows = self._connection.execute(
                f"SELECT id FROM plain WHERE {every} ORDER BY published DESC, id LIMIT ?",  # noqa: S608 - marks only
                (*likes, k),
            )
        else:
            return []
        return [row[0] for row in rows]

    def close(self) -> None:
        self._connection.close()


def trigram_terms(text: str) -> tuple[list[str], list[str]]:
    """What is asked for: terms of three characters or more, and the shorter ones."""
    terms: dict[str, None] = {}
    for word in _WORD.findall(text):
        if len(word) > 3 and _UNSPACED.fullmatch(word):
            terms.update(dict.fromkeys(word[at : at + 3] for at in range(len(word) - 2)))
        else:
            terms[word] = None
    return [term for term in terms if len(term) >= 3], [term for term in terms if len(term) < 3]


@contextlib.contextmanager
def opened(alerts: Sequence[Alert]) -> Iterator[dict[str, System]]:
    """All three, filled; a real Elasticsearch is started for it on loopback, and stopped."""
    from tests.components import elasticsearch as component  # where the server comes from; no other benchmark differs

    server = component.Elasticsearch(heap="512m")
    client = Elasticsearch(server.urls, basic_auth=("boss", component.USERS["boss"][0]), request_timeout=60)
    with tempfile.TemporaryDirectory() as scratch:
        store = SqliteStore(Path(scratch) / "index.db")
        trigram = Trigram(alerts)
        try:
            store.put(alerts)
            yield {OURS: Ours(store), STANDARD: Standard(client, alerts), TRIGRAM: trigram}
        finally:
            trigram.close()
            store.close()
            client.close()
            server.close()
