"""The embedded index on disk: its tables, how a segment of them is written and how segments are merged.

Everything of one index carries the number of its *epoch* in the tables' names, so that a rebuild fills the next epoch beside the
present one and switches by changing one row. An alert's number is never used twice: a new version gets the next number, the
old one is listed in `gone`.
"""

from __future__ import annotations

import heapq
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, count, groupby
from operator import itemgetter
from typing import Any

import numpy as np

from index.analysis import GAP, LITERAL, concept_term, literals
from index.columns import SEVERAL, SINGLE, pack, tagged
from index.documents import Document
from index.fields import FIELDS
from index.postings import FIRST_PLACE, MOST_PLACES, Docs, Postings, Row, counted, end_of, invert, owners, shifted

FAN = 8  # so many segments of one size are merged into one, or as many as fit
MAX_SEGMENT = 300_000  # alerts; a larger merge would keep other writers waiting for more than half a minute
#: Bytes of one term's arrays in its own row. Longer ones have a row elsewhere: SQLite reads a whole row to compare its key, also when it
#: only looks for another one.
SHORT = 400
TYPES: Mapping[str, Any] = {"docs": np.uint32, "counts": np.uint16, "places": np.int32}
ARRAYS = tuple(TYPES)
COLUMNS = (*SINGLE, *SEVERAL, "slots")
PAGE = 16_384  # bytes: a record of some two thousand would leave two fifths of SQLite's usual page empty
LAST = "\U0010ffff"  # above every code point a term can hold: the end of the range of a prefix
Segment = tuple[int, int, int, int]  # key, first and last number, end of its places
#: A term as a row: how many documents hold it, how often it stands in them, and its arrays.
Stored = tuple[str, int, int, bytes, bytes, bytes]

_TABLES = f"""
CREATE TABLE alerts_{{e}} (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE gone_{{e}} (seq INTEGER PRIMARY KEY, n INTEGER NOT NULL);
CREATE TABLE tags_{{e}} (v INTEGER PRIMARY KEY, facet TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (facet, value));
CREATE TABLE segments_{{e}} (seg INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL,
    end_place INTEGER NOT NULL, {", ".join(f"{name} BLOB NOT NULL" for name in COLUMNS)});
CREATE TABLE terms_{{e}} (seg INTEGER NOT NULL, term TEXT NOT NULL, holding INTEGER NOT NULL, standing INTEGER NOT NULL,
    long INTEGER, docs BLOB, counts BLOB, places BLOB, PRIMARY KEY (seg, term)) WITHOUT ROWID;
CREATE TABLE long_{{e}} (long INTEGER PRIMARY KEY, docs BLOB, counts BLOB, places BLOB);
"""
_NAMES = (
    "words",
    "exact",
    "postings",
    "alerts",
    "gone",
    "tags",
    "segments",
    "terms",
    "long",
)  # the first three: earlier versions


def prepare(connection: sqlite3.Connection) -> None:
    """The tables of an empty index, when there are none. Safe when several processes do it at once."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID"
        )
        connection.execute("CREATE TABLE IF NOT EXISTS built_by (name TEXT PRIMARY KEY, version TEXT NOT NULL)")
        if meta(connection, "epoch") == 0:
            create(connection, 1)
            set_meta(connection, "epoch", 1)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def meta(connection: sqlite3.Connection, key: str) -> int:
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return int(row[0]) if row else 0


def set_meta(connection: sqlite3.Connection, key: str, value: int) -> None:
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def create(connection: sqlite3.Connection, epoch: int) -> None:
    for statement in _TABLES.format(e=epoch).split(";\n"):
        if statement.strip():
            connection.execute(statement)
    set_meta(connection, f"generation_{epoch}", 1)


def drop(connection: sqlite3.Connection, epoch: int) -> None:
    for name in _NAMES:
        connection.execute(f"DROP TABLE IF EXISTS {name}_{epoch}")
    connection.execute("DELETE FROM meta WHERE key = ?", (f"generation_{epoch}",))


def squeeze(body: str) -> bytes:
    return zlib.compress(body.encode(), 1)


def unsqueeze(body: bytes) -> bytes:
    """The alert's JSON, UTF-8."""
    return zlib.decompress(body)


def write(connection: sqlite3.Connection, epoch: int, documents: Sequence[Document]) -> int:
    """Write a batch (ids distinct) inside the caller's transaction; documents that are there in a higher version are left.

    Returns how many were written.
    """
    known: dict[str, tuple[int, int]] = {}
    for start in range(0, len(documents), 500):
        ids = [document.id for document in documents[start : start + 500]]
        rows = connection.execute(
            f"SELECT id, n, version FROM alerts_{epoch} WHERE id IN ({','.join('?' * len(ids))})",  # noqa: S608
            ids,
        )
        known.update((row[0], (row[1], row[2])) for row in rows)
    fresh = [d for d in documents if d.id not in known or known[d.id][1] <= d.version]
    if not fresh:
        return 0
    old = [(known[d.id][0],) for d in fresh if d.id in known]
    connection.executemany(f"DELETE FROM alerts_{epoch} WHERE n = ?", old)  # noqa: S608
    connection.executemany(f"INSERT INTO gone_{epoch} (n) VALUES (?)", old)  # noqa: S608
    last = connection.execute(f"SELECT max(last) FROM segments_{epoch}").fetchone()[0]  # noqa: S608
    first = (last or 0) + 1
    _write_segment(connection, epoch, fresh, first)
    set_meta(connection, f"generation_{epoch}", meta(connection, f"generation_{epoch}") + 1)
    _merge_tail(connection, epoch)
    return len(fresh)


def _write_segment(connection: sqlite3.Connection, epoch: int, documents: Sequence[Document], first: int) -> None:
    connection.executemany(
        f"INSERT INTO alerts_{epoch} VALUES (?, ?, ?, ?)",  # noqa: S608
        ((first + i, d.id, d.version, squeeze(d.body)) for i, d in enumerate(documents)),
    )
    packed = pack(documents, _tag_numbers(connection, epoch, documents))
    terms, slots = invert([[(p.weight, p.stems, literals(p.words)) for p in d.parts] for d in documents], first)
    concepts = counted([[(concept_term(name), n) for name, n in d.named.items()] for d in documents], first)
    conditions = counted([[(term, 0) for term in condition_terms(d)] for d in documents], first)
    packed["slots"] = slots.tobytes()
    facts = first, first + len(documents) - 1, end_of(slots)
    seg = _insert_segment(connection, epoch, facts, [packed[c] for c in COLUMNS])
    rows: Iterator[Row] = heapq.merge(conditions, terms, concepts, key=itemgetter(0))
    _insert_postings(connection, epoch, seg, (_stored(*row) for row in rows))


def _insert_segment(
    connection: sqlite3.Connection, epoch: int, facts: tuple[int, int, int], columns: Sequence[bytes]
) -> int:
    """`facts`: first and last number, end of the places. Returns the key."""
    cursor = connection.execute(
        f"INSERT INTO segments_{epoch} (first, last, end_place, {', '.join(COLUMNS)})"  # noqa: S608
        f" VALUES (?, ?, ?{', ?' * len(COLUMNS)})",
        (*facts, *columns),
    )
    return int(cursor.lastrowid or 0)


def _insert_postings(connection: sqlite3.Connection, epoch: int, seg: int, rows: Iterable[Stored]) -> None:
    number = connection.execute(f"SELECT coalesce(max(long), 0) FROM long_{epoch}").fetchone()[0]  # noqa: S608
    numbers = count(number + 1)

    def term_rows() -> Iterator[tuple[object, ...]]:
        for row in rows:
            if len(row[3]) + len(row[4]) + len(row[5]) <= SHORT:
                yield (seg, *row[:3], None, *row[3:])
            else:
                long = next(numbers)
                connection.execute(f"INSERT INTO long_{epoch} VALUES (?, ?, ?, ?)", (long, *row[3:]))  # noqa: S608
                yield (seg, *row[:3], long, None, None, None)

    connection.executemany(f"INSERT INTO terms_{epoch} VALUES (?, ?, ?, ?, ?, ?, ?, ?)", term_rows())  # noqa: S608


def _stored(term: str, found: Postings) -> Stored:
    docs, counts, places = (array.tobytes() for array in found)
    return term, len(found.docs), len(found.places), docs, counts, places


def condition_terms(document: Document) -> list[str]:
    """What filters ask for: `#field=value`, and `#field` where it holds anything. `#` begins no word."""
    terms = [f"#{field}={value}" for field, values in document.values.items() for value in values]
    terms += [f"#{field}" for field, values in document.values.items() if values]
    terms += [f"#hs={code}" for code in document.hs]
    terms += [f"#hs_at={code}" for code in document.hs_at]
    if document.hs_at:
        terms.append("#hs")
    return list(dict.fromkeys(terms))


def _tag_numbers(
    connection: sqlite3.Connection, epoch: int, documents: Sequence[Document]
) -> dict[tuple[str, str], int]:
    pairs = sorted({pair for document in documents for pair in tagged(document)})
    connection.executemany(f"INSERT OR IGNORE INTO tags_{epoch} (facet, value) VALUES (?, ?)", pairs)  # noqa: S608
    rows = connection.execute(f"SELECT facet, value, v FROM tags_{epoch}")  # noqa: S608
    return {(facet, value): number for facet, value, number in rows}


def _merge_tail(connection: sqlite3.Connection, epoch: int) -> None:
    """Keep the number of segments to the logarithm of the alerts: each search pays for every one of them."""
    while True:
        segments: list[Segment] = connection.execute(
            f"SELECT seg, first, last, end_place FROM segments_{epoch} ORDER BY first"  # noqa: S608
        ).fetchall()
        run: list[Segment] = []
        for segment in reversed(segments):
            if _class(segment) > _class(segments[-1]):
                break
            run.insert(0, segment)
        ready = _ready(run)
        if not ready:
            return
        _merge(connection, epoch, ready)


def _ready(run: Sequence[Segment]) -> Sequence[Segment]:
    """Those of neighbours of one size that are to be merged: FAN of them, or fewer if the next one would not fit any more."""
    start = 0
    while start < len(run):
        end = start + 1
        while end < len(run) and end - start < FAN and _fit(run[start : end + 1]):
            end += 1
        if end - start == FAN or (end < len(run) and end - start > 1):
            return run[start:end]
        start = end
    return ()


def _fit(run: Sequence[Segment]) -> bool:
    return run[-1][2] - run[0][1] < MAX_SEGMENT and sum(segment[3] for segment in run) <= MOST_PLACES


def _class(segment: Segment) -> int:
    size = segment[2] - segment[1] + 1
    return (size.bit_length() - 1) // 3


def _merge(connection: sqlite3.Connection, epoch: int, run: Sequence[Segment]) -> None:
    """One segment instead of neighbours; postings of alerts that are gone are left out, their columns stay (unseen).

    Most terms stand in one of them alone, and other writers wait: a row is taken over as bytes wherever that can be.
    """
    first, last = run[0][1], run[-1][2]
    keys = [segment[0] for segment in run]
    starts = [0, *accumulate(segment[3] - FIRST_PLACE for segment in run)]
    marks = ",".join("?" * len(keys))
    gone = connection.execute(f"SELECT n FROM gone_{epoch} WHERE n BETWEEN ? AND ? ORDER BY n", (first, last))  # noqa: S608
    dead = np.array([row[0] for row in gone], np.uint32)
    columns = connection.execute(
        f"SELECT {', '.join(COLUMNS)} FROM segments_{epoch} WHERE seg IN ({marks}) ORDER BY first",  # noqa: S608
        keys,
    ).fetchall()
    joined = [b"".join(parts) for parts in zip(*columns, strict=True)]
    seg = _insert_segment(connection, epoch, (first, last, starts[-1] + FIRST_PLACE), joined)
    segments = (_segment_rows(connection, epoch, key, start) for key, start in zip(keys, starts, strict=False))
    rows = heapq.merge(*segments, key=itemgetter(0))
    owner = owners(np.frombuffer(joined[COLUMNS.index("slots")], np.uint32), first)
    _insert_postings(connection, epoch, seg, _joined(rows, dead, owner))
    of_these = f"SELECT long FROM terms_{epoch} WHERE seg IN ({marks}) AND long IS NOT NULL"  # noqa: S608
    connection.execute(f"DELETE FROM long_{epoch} WHERE long IN ({of_these})", keys)  # noqa: S608
    connection.execute(f"DELETE FROM terms_{epoch} WHERE seg IN ({marks})", keys)  # noqa: S608
    connection.execute(f"DELETE FROM segments_{epoch} WHERE seg IN ({marks})", keys)  # noqa: S608


def _segment_rows(connection: sqlite3.Connection, epoch: int, seg: int, start: int) -> Iterator[Stored]:
    """The postings of a segment by term, its places moved to `start`."""
    rows = connection.execute(
        f"SELECT term, holding, standing, {arrays()} FROM terms_{epoch} t LEFT JOIN long_{epoch} l ON l.long = t.long"  # noqa: S608
        " WHERE seg = ? ORDER BY term",
        (seg,),
    )
    if not start:
        yield from rows
    for row in rows:
        yield (*row[:5], shifted(row[5], start))


def _joined(rows: Iterable[Stored], dead: Docs, owner: Docs) -> Iterator[Stored]:
    """Rows sorted by term (and, within one, by segment) → one row a term, without the dead; `owner`: of each slot."""
    for term, same in groupby(rows, key=itemgetter(0)):
        row, *others = same
        if others:
            _, holding, standing, *blobs = zip(row, *others, strict=True)
            docs, counts, places = map(b"".join, blobs)
            row = (term, sum(holding), sum(standing), docs, counts, places)
        if len(dead):
            row = _stored(term, _decode(*row[3:]).without(dead, owner))
        if row[1]:
            yield row


def arrays(*names: str) -> str:
    """The columns of a term's row `t` or of its long row `l`; all of them unless named."""
    return ", ".join(f"coalesce(t.{name}, l.{name})" for name in names or ARRAYS)


def vocabulary(
    connection: sqlite3.Connection, epoch: int, beginning: str, lengths: tuple[int, int]
) -> Iterator[tuple[str, int]]:
    """The words as they stand in texts that begin so and have a length (characters) in the span, and how many alerts hold each."""
    for start, marked in ((LITERAL + beginning, True), (beginning, False)):
        rows = connection.execute(
            f"SELECT term, sum(holding) FROM terms_{epoch} WHERE seg IN (SELECT seg FROM segments_{epoch})"  # noqa: S608
            " AND term >= ? AND term < ? AND length(term) BETWEEN ? AND ? GROUP BY term",
            (start, start + LAST, *(length + marked for length in lengths)),
        )
        for term, holding in rows:
            word = term[marked:]
            if marked or (GAP not in term and literals([term]) == [""]):  # neither a concept nor a stem
                yield word, holding


def _decode(*blobs: bytes) -> Postings:
    return Postings(*(np.frombuffer(blob, dtype) for blob, dtype in zip(blobs, TYPES.values(), strict=True)))


assert all(field.name.isidentifier() for field in FIELDS)  # noqa: S101 - they are written into condition terms
