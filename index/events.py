"""Events: alerts that are one measure or one incident (an addendum and its parent, a joint notification, the same goods recalled
in several markets), kept as the connected parts of a graph of pairs.

Only alerts that share a key are compared (`keys`); `nlp.events` scores the pair, and a pair above its threshold is linked. A key
that more than `COMMON` alerts share tells nothing apart: its links are dropped when it becomes that common, so what is linked
depends on which alerts there are, never on the order in which they came. An event's id is its oldest member's; an id that
is no longer one leads to the event its alert is in now, so every id ever published still resolves.

A pair between `POSSIBLE` and the threshold is kept, too: it joins nothing and is shown as possible (`possible`).

Analysts win: a split alert takes part in no automatic link, a merge joins whatever the scores say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, insert, or_, select

from crawlers.notice import INCIDENT_KINDS, Notice
from index import state
from nlp.events import POSSIBLE, mentioned
from nlp.text import fold

COMMON = 60  # alerts under one key; a family of addenda has at most some dozens
MENTIONED = 12  # models in an incident's running text that become keys
_CHUNK = 400

#: Two notices → how sure it is that they are one event, 0 … 1 (`nlp.events.score`).
Score = Callable[[Notice, Notice], float]

_FOLLOW_UP = re.compile(
    r"(/(ADD|REV|CORR|SUPPL)\.?\s*\d*)+$|[-/](ADDENDUM|REVISION|CORRIGENDUM|SUPPLEMENT)\s*\d*$", re.IGNORECASE
)
_IDENTIFIER = re.compile(
    r"bar ?code|gtin|\bean\b|\bupc\b|batch|\blot\b|model|type.?number|recall.?(number|no|id)|case.?number|campaign"
    r"|reference|docket|celex|\brin\b|serial|条码|型号|批号|ロット|型番|型式",
    re.IGNORECASE,
)
_BRAND = re.compile(r"brand|marque|品牌|ブランド", re.IGNORECASE)
_VALUE = re.compile(r"[^\s,;|/]{5,60}")
_NOTHING = re.compile(r"unknown|none|not\b|n/a|various|all |不明|なし|未知", re.IGNORECASE)


def family(symbol: str) -> str:
    """The symbol an addendum, revision, corrigendum or supplement hangs on: `G/TBT/N/USA/12/Add.1` → `G/TBT/N/USA/12`."""
    return _FOLLOW_UP.sub("", re.sub(r"\s+", "", symbol).upper())


def keys(notice: Notice) -> tuple[str, ...]:
    """What members of one event have in common: families of symbols, and identifiers of goods as the authority states them."""
    found = {f"s:{family(s)}" for s in (notice.symbol, notice.parent_symbol, *notice.joint_symbols) if s}
    brand = ""
    for label, value in notice.stated.items():
        text = value if isinstance(value, str) else " ; ".join(value)
        if _BRAND.search(label) and not _NOTHING.match(text):
            brand = re.sub(r"\W+", "", fold(text).text)[:60]
        if not _IDENTIFIER.search(label) or _NOTHING.match(text):
            continue
        for piece in _VALUE.findall(fold(text).text)[:20]:
            code = re.sub(r"[^\w]", "", piece)
            if len(code) >= 5 and any(c.isdigit() for c in code):
                found.add(f"i:{code}")
    if notice.kind in INCIDENT_KINDS:  # CPSC and others name the model in a sentence
        codes = sorted({re.sub(r"[^\w]", "", model) for model in mentioned(notice)})
        found.update([f"i:{code}" for code in codes if len(code) >= 5][:MENTIONED])
    if len(brand) >= 3:
        found.update(f"b:{brand}:{code.code[:4]}" for code in notice.hs_codes if len(code.code) >= 4)
        found.add(f"b:{brand}:{notice.published:%Y-%m}")
    return tuple(sorted(key[:200] for key in found))


class Events:
    """The graph in the state database; every method works inside the caller's transaction, under the feed's lock."""

    def __init__(self, score: Score, threshold: float) -> None:
        self._score = score
        self._threshold = threshold

    def update(
        self,
        connection: Connection,
        changed: Mapping[str, Notice],
        notice_of: Callable[[Iterable[str]], Mapping[str, Notice]],
    ) -> set[str]:
        """Take in alerts whose facts are new or changed: their keys, and the links to whom they share one with.

        Returns the alerts whose links may have changed.
        """
        if not changed:
            return set()
        ids = sorted(changed)
        for chunk in _chunks(ids):
            connection.execute(delete(state.event_keys).where(state.event_keys.c.alert_id.in_(chunk)))
            connection.execute(delete(state.links).where(or_(state.links.c.a.in_(chunk), state.links.c.b.in_(chunk))))
        own = {alert_id: keys(changed[alert_id]) for alert_id in ids}
        rows = [{"key": key, "alert_id": alert_id} for alert_id in ids for key in own[alert_id]]
        if not rows:
            return set(ids)
        connection.execute(insert(state.event_keys), rows)
        buckets, unlinked = self._buckets(connection, {row["key"] for row in rows})
        self._link(connection, own, buckets, changed, notice_of)
        return {*ids, *unlinked}

    def _buckets(self, connection: Connection, wanted: set[str]) -> tuple[dict[str, list[str]], set[str]]:
        """Key → the alerts that have it, for keys that tell something apart; and who lost links to a key grown common."""
        unlinked: set[str] = set()
        common = set(_column(connection, state.common_keys.c.key, state.common_keys.c.key, wanted))
        counts: dict[str, int] = {}
        table = state.event_keys
        for chunk in _chunks(sorted(wanted - common)):
            query = select(table.c.key, func.count()).where(table.c.key.in_(chunk)).group_by(table.c.key)
            counts.update((row[0], int(row[1])) for row in connection.execute(query))
        too_common = sorted(key for key, n in counts.items() if n > COMMON)
        if too_common:
            connection.execute(insert(state.common_keys), [{"key": key} for key in too_common])
            for chunk in _chunks(too_common):
                gone = select(state.links.c.a, state.links.c.b).where(state.links.c.key.in_(chunk))
                unlinked.update(alert_id for row in connection.execute(gone) for alert_id in row)
                connection.execute(delete(state.links).where(state.links.c.key.in_(chunk)))
        shared = sorted(key for key, n in counts.items() if 1 < n <= COMMON)
        buckets: dict[str, list[str]] = {}
        for chunk in _chunks(shared):
            for key, alert_id in connection.execute(
                select(table.c.key, table.c.alert_id).where(table.c.key.in_(chunk)).order_by(table.c.alert_id)
            ):
                buckets.setdefault(key, []).append(alert_id)
        return buckets, unlinked

    def _link(
        self,
        connection: Connection,
        own: Mapping[str, Sequence[str]],
        buckets: Mapping[str, Sequence[str]],
        changed: Mapping[str, Notice],
        notice_of: Callable[[Iterable[str]], Mapping[str, Notice]],
    ) -> None:
        pairs: dict[tuple[str, str], list[str]] = {}
        for alert_id, its in own.items():
            for key in its:
                for other in buckets.get(key, ()):
                    if other != alert_id:
                        found = pairs.setdefault((min(alert_id, other), max(alert_id, other)), [])
                        if key not in found:
                            found.append(key)
        others = {alert_id for pair in pairs for alert_id in pair} - changed.keys()
        notices = {**changed, **(notice_of(sorted(others)) if others else {})}
        rows: list[dict[str, Any]] = []
        for (a, b), through in sorted(pairs.items()):
            score = self._score(notices[a], notices[b])
            if score >= min(POSSIBLE, self._threshold):
                rows += [{"a": a, "b": b, "key": key, "score": score} for key in sorted(through)]
        if rows:
            connection.execute(insert(state.links), rows)

    def regions(self, connection: Connection, seeds: Iterable[str]) -> list[set[str]]:
        """The connected parts that hold the seeds, over links (without split alerts) and merges."""
        return _regions(connection, seeds, self._threshold)

    def possible(self, connection: Connection, members: Iterable[str]) -> dict[str, float]:
        """Alerts that may be the same as one of an event's `members`, not surely enough to be joined: id → best score."""
        own, table, found = set(members), state.links, dict[str, float]()
        split = _split(connection, sorted(own))
        for chunk in _chunks(sorted(own - split)):
            near = select(table.c.a, table.c.b, table.c.score).where(
                or_(table.c.a.in_(chunk), table.c.b.in_(chunk)), table.c.score < self._threshold
            )
            for a, b, score in connection.execute(near):
                other = b if a in own else a
                if other not in own:
                    found[other] = max(found.get(other, 0.0), float(score))
        for other in _split(connection, sorted(found)):
            del found[other]
        return found


def _regions(connection: Connection, seeds: Iterable[str], threshold: float) -> list[set[str]]:
    todo = set(seeds)
    seen: set[str] = set()
    edges: dict[str, set[str]] = {}
    split: set[str] = set()
    while todo:
        ids = sorted(todo)
        seen |= todo
        split |= _split(connection, ids)
        near: set[str] = set()
        for a, b in _edges(connection, ids, threshold):
            split |= _split(connection, [i for i in (a, b) if i not in seen])
            if a in split or b in split:
                continue
            _join(edges, a, b)
            near |= {a, b}
        for a, b in _merges(connection, ids):
            _join(edges, a, b)
            near |= {a, b}
        todo = near - seen
    return list(_parts(seen, edges))


def affected(connection: Connection, ids: Iterable[str]) -> set[str]:
    """The alerts, and everyone who is in an event with one of them now."""
    found = set(ids)
    table = state.alerts
    events = _column(connection, table.c.event, table.c.id, found)
    return found | set(_column(connection, table.c.id, table.c.event, events))


def _join(edges: dict[str, set[str]], a: str, b: str) -> None:
    edges.setdefault(a, set()).add(b)
    edges.setdefault(b, set()).add(a)


def _parts(members: Iterable[str], edges: Mapping[str, set[str]]) -> Iterator[set[str]]:
    left = set(members)
    while left:
        part: set[str] = set()
        todo = [left.pop()]
        while todo:
            one = todo.pop()
            part.add(one)
            todo += edges.get(one, set()) - part
        left -= part
        yield part


def _edges(connection: Connection, ids: Sequence[str], threshold: float) -> Iterator[tuple[str, str]]:
    table = state.links
    for chunk in _chunks(ids):
        for one in (table.c.a, table.c.b):
            query = select(table.c.a, table.c.b).where(one.in_(chunk), table.c.score >= threshold).distinct()
            for row in connection.execute(query):
                yield row.a, row.b


def _merges(connection: Connection, ids: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Merges that no later split of one of the two undid."""
    table = state.constraints
    split_at = select(func.max(table.c.seq)).where(table.c.kind == "split")
    for chunk in _chunks(ids):
        touched = select(table).where(
            and_(table.c.kind == "merge", or_(table.c.alert_id.in_(chunk), table.c.other_id.in_(chunk)))
        )
        for row in connection.execute(touched):
            later = connection.execute(split_at.where(table.c.alert_id.in_([row.alert_id, row.other_id]))).scalar()
            if later is None or later < row.seq:
                yield row.alert_id, row.other_id


def _split(connection: Connection, ids: Sequence[str]) -> set[str]:
    table = state.constraints
    return set(_column(connection, table.c.alert_id, table.c.alert_id, ids, table.c.kind == "split"))


def _column(
    connection: Connection,
    wanted: ColumnElement[Any],
    by: ColumnElement[Any],
    values: Iterable[str],
    *conditions: ColumnElement[bool],
) -> list[str]:
    found: list[str] = []
    for chunk in _chunks(sorted(values)):
        query: Select[Any] = select(wanted).where(by.in_(chunk), *conditions)
        found += [row[0] for row in connection.execute(query)]
    return found


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
