"""The embedded engine: one SQLite file, several readers and writers, nothing to install.

Words, phrases, filters, facets and orders are answered from arrays (`index.postings`, `index.columns`) kept in the same file, in the
same transaction as the records.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from index import analysis, documents, sqlite_schema
from index.alert import Alert
from index.analysis import Concepts, Gazetteer
from index.columns import Slots, View
from index.documents import Document, document
from index.fields import Facet
from index.highlight import highlights
from index.plan import Plan, plan
from index.query import Query
from index.sqlite_search import Search
from index.sqlite_shelf import Shelf
from index.store import Count, Hit, Language, Page, Sort, StoreError, Unavailable, WrongIndex, check_page
from index.suggest import nearest

BATCH = 1_000
WAIT = 60.0  # seconds a writer waits for another one
# FULL: the feed must never be ahead of the search, not even after the power failed.
_BOTH = (f"page_size={sqlite_schema.PAGE}", "journal_mode=WAL", "synchronous=FULL")
#: A searcher holds as much of the file as it can; a loader goes through all of it once and must not grow with it, and cuts the log that a
#: merge has made long.
READING = (*_BOTH, "mmap_size=2147418112", "cache_size=-65536")
WRITING = (*_BOTH, "mmap_size=0", "cache_size=-16384", "journal_size_limit=67108864")


class SqliteStore:
    """`path` is created when absent. `gazetteer` is read from the package unless given (tests bring small ones)."""

    def __init__(self, path: Path | str, *, gazetteer: Gazetteer | None = None) -> None:
        if gazetteer is None:
            from nlp.gazetteer import Gazetteer as Shipped

            gazetteer = Shipped.load()
        self._path = str(path)
        self._concepts = Concepts(gazetteer)
        self._local = threading.local()
        self._lock = threading.Lock()
        self._open: list[sqlite3.Connection] = []
        self._shelf = Shelf()
        with _told():
            connection = self._connection(WRITING)
            sqlite_schema.prepare(connection)
            self._sign(connection)

    # --- writing ---------------------------------------------------------------------------------------------------

    def put(self, alerts: Iterable[Alert]) -> int:
        written = 0
        for batch in _batches(alerts):
            prepared = self._documents(batch)
            with self._writing() as connection:
                if self.stale:
                    raise WrongIndex(self.stale)
                epochs = {sqlite_schema.meta(connection, "epoch"), sqlite_schema.meta(connection, "building")} - {0}
                present = sqlite_schema.meta(connection, "epoch")
                for epoch in sorted(epochs):
                    count = sqlite_schema.write(connection, epoch, prepared)
                    written += count if epoch == present else 0
        return written

    def wait(self) -> None:
        """A committed transaction can be found at once."""

    def begin_rebuild(self) -> str:
        with self._writing() as connection:
            stale = sqlite_schema.meta(connection, "building")
            if stale:  # a rebuild that did not come to its end
                sqlite_schema.drop(connection, stale)
            following = max(sqlite_schema.meta(connection, "epoch"), stale) + 1
            sqlite_schema.create(connection, following)
            sqlite_schema.set_meta(connection, "building", following)
        return str(following)

    def fill(self, token: str, alerts: Iterable[Alert]) -> None:
        for batch in _batches(alerts):
            prepared = self._documents(batch)
            with self._writing() as connection:
                _check_building(connection, int(token))
                sqlite_schema.write(connection, int(token), prepared)

    def finish_rebuild(self, token: str) -> int:
        following = int(token)
        with self._writing() as connection:
            _check_building(connection, following)
            count = connection.execute(f"SELECT count(*) FROM alerts_{following}").fetchone()[0]  # noqa: S608
            present = sqlite_schema.meta(connection, "epoch")
            sqlite_schema.set_meta(connection, "epoch", following)
            sqlite_schema.set_meta(connection, "building", 0)
            connection.execute("INSERT OR REPLACE INTO built_by VALUES ('index', ?)", (self._version(),))
            sqlite_schema.drop(connection, present)
        return int(count)

    def rebuild(self, alerts: Iterable[Alert]) -> int:
        token = self.begin_rebuild()
        self.fill(token, alerts)
        return self.finish_rebuild(token)

    def _documents(self, batch: Sequence[Alert]) -> list[Document]:
        newest: dict[str, Alert] = {}
        for alert in batch:
            if alert.id not in newest or newest[alert.id].version <= alert.version:
                newest[alert.id] = alert
        return [document(alert, self._concepts) for alert in newest.values()]

    # --- reading ---------------------------------------------------------------------------------------------------

    def get(self, alert_id: str) -> Alert | None:
        with self._reading() as (connection, epoch):
            row = connection.execute(
                f"SELECT body FROM alerts_{epoch} WHERE id = ?",  # noqa: S608
                (alert_id,),
            ).fetchone()
        return _alert(row[0]) if row else None

    def count(self) -> int:
        with self._reading() as (connection, epoch):
            return int(connection.execute(f"SELECT count(*) FROM alerts_{epoch}").fetchone()[0])  # noqa: S608

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
        with self._reading() as (connection, epoch):
            view = self._view(connection, epoch)
            search = Search(connection, epoch, view, self._shelf.kept, meaning, as_of)
            hits = search.hits()
            order, scores = search.ordered(hits, sort, offset + limit)
            bodies = _bodies(connection, epoch, order[offset:])
            counted = self._facets(connection, epoch, view, search, facets, histogram)
        found = [_alert(body) for body in bodies]
        return Page(
            missing=query.missing,
            total=len(hits),
            hits=tuple(
                Hit(
                    alert=alert,
                    score=float(score),
                    highlights=highlights(alert, meaning, self._concepts, highlight_lang) if highlight_lang else (),
                )
                for alert, score in zip(found, scores[offset:], strict=True)
            ),
            facets={facet: counted[facet] for facet in facets},
            histogram=tuple(sorted(counted["week"], key=lambda count: count.value)) if histogram else (),
        )

    def _facets(
        self,
        connection: sqlite3.Connection,
        epoch: int,
        view: View,
        search: Search,
        facets: Sequence[Facet],
        histogram: bool,
    ) -> dict[str, tuple[Count, ...]]:
        wanted: set[Facet] = {*facets, *(("week",) if histogram else ())}
        if not wanted:
            return {}
        names = self._shelf.names(connection, epoch, view.generation)
        size = len(names)
        filtered = {condition.field for condition in search.conditions}
        groups: dict[str, list[Facet]] = {}
        for facet in wanted:
            groups.setdefault(facet if facet in filtered else "", []).append(facet)
        counted: dict[str, tuple[Count, ...]] = {}
        for without, members in groups.items():
            hits = search.hits(without=without)
            rows: dict[str, list[Count]] = {facet: [] for facet in members}
            tagged = [facet for facet in members if facet != "level"]
            if tagged:
                numbers = view.counts(hits, tagged, size)
                for number in np.flatnonzero(numbers).tolist():
                    name, value = names[number]
                    if name in rows:
                        rows[name].append(Count.model_construct(value=value, n=int(numbers[number])))
            if "level" in rows:
                rows["level"] = [Count(value=value, n=n) for value, n in search.level_counts(hits).items()]
            for name, counts in rows.items():
                counted[name] = tuple(sorted(counts, key=lambda count: (-count.n, count.value)))
        return counted

    def scan(self, query: Query, *, as_of: dt.date) -> Iterator[Alert]:
        meaning = plan(query, self._concepts)
        connection = self._connect()  # its own: a transaction that lasts as long as the reader reads
        try:
            with _told():
                connection.execute("BEGIN")
                epoch = sqlite_schema.meta(connection, "epoch")
                hits = self._scanned(connection, epoch, meaning, as_of)
            for start in range(0, len(hits), BATCH):
                with _told():
                    bodies = _bodies(connection, epoch, hits[start : start + BATCH])
                yield from map(_alert, bodies)
        finally:
            self._forget(connection)

    def _scanned(self, connection: sqlite3.Connection, epoch: int, meaning: Plan, as_of: dt.date) -> Slots:
        view = self._view(connection, epoch)
        hits = Search(connection, epoch, view, self._shelf.kept, meaning, as_of).hits()
        return hits[np.argsort(view.single["tie"][hits], kind="stable")]

    def together(self, query: Query) -> int:
        return plan(query, self._concepts).together

    def words_like(self, word: str, limit: int = 5) -> list[tuple[str, int]]:
        lengths = (len(word) - 2, len(word) + 2)
        with self._reading() as (connection, epoch):
            return nearest(word, sqlite_schema.vocabulary(connection, epoch, word[:1], lengths), limit)

    # --- connections -----------------------------------------------------------------------------------------------

    def close(self) -> None:
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()
        self._local = threading.local()

    def _connect(self, pragmas: Sequence[str] = READING) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=WAIT, isolation_level=None, check_same_thread=False)
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        with self._lock:
            self._open.append(connection)
        return connection

    def _forget(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if connection in self._open:
                self._open.remove(connection)
        connection.close()

    def _connection(self, pragmas: Sequence[str] = READING) -> sqlite3.Connection:
        """This thread's connection with these settings."""
        mine: dict[Sequence[str], sqlite3.Connection] | None = getattr(self._local, "connections", None)
        if mine is None:
            mine = self._local.connections = {}
        if pragmas not in mine:
            mine[pragmas] = self._connect(pragmas)
        return mine[pragmas]

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with _told():
            connection = self._connection(WRITING)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _reading(self) -> Iterator[tuple[sqlite3.Connection, int]]:
        """A connection inside one read transaction, and the epoch it sees."""
        with _told():
            connection = self._connection()
            connection.execute("BEGIN")
            try:
                yield connection, sqlite_schema.meta(connection, "epoch")
            finally:
                if connection.in_transaction:
                    connection.execute("COMMIT")

    def _view(self, connection: sqlite3.Connection, epoch: int) -> View:
        """The columns as this transaction sees them. A transaction that began before another thread's is begun anew."""
        while True:
            with self._lock:
                view = self._shelf.view(connection, epoch)
            if view is not None:
                return view
            # The shelf is ahead of this transaction: see what it sees.
            connection.execute("COMMIT")
            connection.execute("BEGIN")
            epoch_now = sqlite_schema.meta(connection, "epoch")
            if epoch_now != epoch:
                raise Unavailable("the index was switched just now: ask again")

    def _sign(self, connection: sqlite3.Connection) -> None:
        """A new index is marked with the version that builds it."""
        if connection.execute("SELECT 1 FROM built_by WHERE name = 'index'").fetchone() is None:
            connection.execute("INSERT OR IGNORE INTO built_by VALUES ('index', ?)", (self._version(),))

    @staticmethod
    def _version() -> str:
        return f"analysis {analysis.VERSION}, documents {documents.VERSION}"

    @property
    def stale(self) -> str:
        with _told():
            row = self._connection().execute("SELECT version FROM built_by WHERE name = 'index'").fetchone()
        if row is None or row[0] == self._version():
            return ""
        return f"the index was built by {row[0]}, this is {self._version()}: run `tradewarn rebuild`"


def _bodies(connection: sqlite3.Connection, epoch: int, slots: Slots) -> list[bytes]:
    found: list[bytes] = []
    for slot in slots.tolist():
        row = connection.execute(f"SELECT body FROM alerts_{epoch} WHERE n = ?", (slot + 1,)).fetchone()  # noqa: S608
        found.append(row[0])
    return found


def _alert(body: bytes) -> Alert:
    try:
        return Alert.model_validate_json(sqlite_schema.unsqueeze(body))
    except ValidationError as error:
        raise WrongIndex.holding(error) from error


def _check_building(connection: sqlite3.Connection, epoch: int) -> None:
    if sqlite_schema.meta(connection, "building") != epoch:
        raise StoreError("another rebuild began meanwhile: this one stops, the other goes on")


def _batches(alerts: Iterable[Alert]) -> Iterator[list[Alert]]:
    rest = iter(alerts)
    while batch := list(itertools.islice(rest, BATCH)):
        yield batch


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """SQLite's errors as ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        reason = str(error)
        if "locked" in reason or "busy" in reason:
            raise Unavailable(f"another process is writing to the index for longer than {WAIT:.0f} s") from error
        if "readonly" in reason or "unable to open" in reason or "disk" in reason or "full" in reason:
            raise Unavailable(f"the index cannot be used: {reason}") from error
        if "no such column" in reason or "no such table" in reason:
            raise WrongIndex(
                f"the index has the form of another version ({reason}): run `tradewarn rebuild`"
            ) from error
        raise StoreError(f"the index answered: {reason}") from error
    except sqlite3.DatabaseError as error:
        raise WrongIndex(f"the index file is damaged or not ours ({error}): run `tradewarn rebuild`") from error
