"""企业提醒/应对建议: templated per hazard and measure (`advice.yml`): what to check, never legal advice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import yaml

from index.alert import Alert
from reports.matching import LEVEL_RANK, base_level
from reports.words import HERE, Words, named, say

Topic = Literal["hazards", "measures"]
SHOWN = 6


@dataclass(frozen=True)
class Advice:
    """What to check for one hazard or measure, and how many entries of this bulletin it rests on."""

    topic: Topic
    key: str
    title: Words
    because: Words
    lines: tuple[Words, ...]


@lru_cache(maxsize=1)
def table() -> dict[Topic, dict[str, tuple[Words, ...]]]:
    """topic → id → lines. Raises ValueError where the two languages do not have the same number of lines."""
    body = yaml.safe_load((HERE / "advice.yml").read_text(encoding="utf-8"))
    topics: tuple[Topic, ...] = ("hazards", "measures")
    return {
        topic: {
            key: tuple(Words(zh, en) for zh, en in zip(pair["zh"], pair["en"], strict=True))
            for key, pair in body[topic].items()
        }
        for topic in topics
    }


def advice(told: Iterable[Alert], as_of: dt.date) -> tuple[Advice, ...]:
    """For the hazards and measures of what the bulletin tells: those of higher levels first, then the frequent ones.

    A hazard that the table does not know (of a newer taxonomy) has no advice rather than a wrong one.
    """
    weights: dict[tuple[Topic, str], list[int]] = {}
    for alert in told:
        span = base_level(alert, as_of)
        rank = 0 if span is None else LEVEL_RANK[span.level]
        opinion = alert.effective
        found: set[tuple[Topic, str]] = {("hazards", one.hazard) for one in opinion.hazards}
        if opinion.measure.basis != "none":
            found.add(("measures", opinion.measure.value))
        for key in found:
            weights.setdefault(key, []).append(rank)
    order = sorted(weights.items(), key=lambda pair: (-max(pair[1]), -len(pair[1]), pair[0]))
    known = [(key, ranks) for key, ranks in order if key[1] in table()[key[0]]]
    return tuple(_advice(topic, key, len(ranks)) for (topic, key), ranks in _mixed(known))


def _mixed(known: list[tuple[tuple[Topic, str], list[int]]]) -> list[tuple[tuple[Topic, str], list[int]]]:
    """The first six, but never without a measure where there is one: hazards outnumber them."""
    shown = known[:SHOWN]
    if all(key[0] == "hazards" for key, _ in shown):
        shown = [*shown[: SHOWN - 1], *[one for one in known if one[0][0] == "measures"][:1]]
    return shown


def _advice(topic: Topic, key: str, n: int) -> Advice:
    name = named("hazard" if topic == "hazards" else "measure", key)
    return Advice(topic, key, name, say(f"advice_{topic}", n=n), table()[topic][key])
