"""What an embedded index keeps in memory between searches: its columns and the names of its tags, brought up to each transaction."""

from __future__ import annotations

import sqlite3

import numpy as np

from index import sqlite_schema
from index.columns import SEVERAL, SINGLE, TAGGED, Columns, View
from index.sqlite_postings import Kept

_NUMBER: dict[str, int] = {facet: number for number, facet in enumerate(TAGGED)}


class Shelf:
    """The columns in memory, brought up to what a transaction sees."""

    def __init__(self) -> None:
        self.kept = Kept()
        self._epoch = 0
        self._columns = Columns()
        self._gone = 0
        self._current: View | None = None
        self._names: tuple[tuple[int, int], list[tuple[str, str]]] = ((0, 0), [])

    def names(self, connection: sqlite3.Connection, epoch: int, generation: int) -> list[tuple[str, str]]:
        """(facet, value) by number, as this transaction sees them; read once for a state of the index."""
        key, names = self._names
        if key != (epoch, generation):
            rows = connection.execute(f"SELECT v, facet, value FROM tags_{epoch} ORDER BY v").fetchall()  # noqa: S608
            names = [("", "")] * (rows[-1][0] + 1 if rows else 1)
            for number, facet, value in rows:
                names[number] = (facet, value)
            self._names = ((epoch, generation), names)
        return names

    def view(self, connection: sqlite3.Connection, epoch: int) -> View | None:
        """None: the shelf is already ahead of the transaction."""
        generation = sqlite_schema.meta(connection, f"generation_{epoch}")
        if epoch < self._epoch or (
            epoch == self._epoch and self._current is not None and generation < self._current.generation
        ):
            return None
        if epoch != self._epoch:
            self._epoch, self._columns, self._gone, self._current = epoch, Columns(), 0, None
        if self._current is not None and self._current.generation == generation:
            return self._current
        names = (*SINGLE, *SEVERAL)
        rows = connection.execute(
            f"SELECT first, {', '.join(names)} FROM segments_{epoch} WHERE last > ? ORDER BY first",  # noqa: S608
            (self._columns.length,),
        )
        tags = self.names(connection, epoch, generation)
        facet_of = np.array([_NUMBER.get(facet, 0) for facet, _ in tags], np.uint8)
        for first, *blobs in rows:
            self._columns.append(dict(zip(names, blobs, strict=True)), self._columns.length - first + 1, facet_of)
        gone = connection.execute(
            f"SELECT seq, n FROM gone_{epoch} WHERE seq > ? ORDER BY seq",  # noqa: S608
            (self._gone,),
        ).fetchall()
        if gone:
            self._gone = gone[-1][0]
        self._current = self._columns.view([row[1] for row in gone], generation, tags)
        self.kept.room_for(self._current.length)
        return self._current
