"""As many alerts as are wanted, with the statistics of real ones: word frequencies, lengths, fields, codes, dates.

Alert `number` depends on nothing but its number, the seed and the real alerts, so any piece can be made again alone. Its fields
(market, kind, codes, opinions) are those of a real alert drawn at random; its texts are walks over the pairs of words (Chinese and
Japanese: of characters) of that source's field, as long as the real one; words with digits get other digits, so that codes stay
as rare as they are; the day is drawn from the years before `last`.
"""

from __future__ import annotations

import datetime as dt
import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from crawlers.notice import Notice
from index.alert import Alert
from index.analysis import surface
from nlp.assessment import Assessment, LevelSpan
from nlp.text import fold

_PIECE = re.compile(r"(?:[^\W_]+?(?=[\u3041-\u9fff])|[\u3041-\u9fff]|[^\W_]+|[\W_])[^\w]*")
_DIGIT = re.compile(r"\d")
_FIELDS = ("title", "products_text", "summary", "text")
YEARS = 12


class Generator:
    """`alerts` are the real ones whose statistics are kept."""

    def __init__(self, alerts: Sequence[Alert], seed: int = 1, last: dt.date = dt.date(2025, 6, 30)) -> None:
        self._alerts = alerts
        self._seed = seed
        self._last = last
        self._pairs: dict[tuple[str, str], dict[str, list[str]]] = {}
        self._lengths: dict[int, dict[str, int]] = {}
        for number, alert in enumerate(alerts):
            self._lengths[number] = lengths = {}
            for name, text in _texts(alert.notice):
                pieces = _PIECE.findall(text)
                lengths[name] = len(pieces)
                pairs = self._pairs.setdefault((alert.notice.source, name), defaultdict(list))
                for before, after in zip(["", *pieces], pieces, strict=False):
                    pairs[before.strip()].append(after)

    def make(self, first: int, stop: int) -> Iterator[Alert]:
        for number in range(first, stop):
            yield self.one(number)

    def one(self, number: int) -> Alert:
        chance = random.Random(self._seed * 1_000_000_007 + number)
        chosen = chance.randrange(len(self._alerts))
        model = self._alerts[chosen]
        texts = {
            name: self._walk((model.notice.source, name), length, chance)
            for name, length in self._lengths[chosen].items()
        }
        days = -int(chance.random() ** 1.5 * YEARS * 365)  # more of the later years, as registers grow
        shift = self._last + dt.timedelta(days=days) - model.notice.published
        notice = self._notice(model.notice, number, texts, shift)
        return Alert.model_construct(
            notice=notice,
            assessment=_opinion(model.assessment, notice, shift),
            revision=1,
            version=1,
            event=notice.id,
            overlay=model.overlay.model_copy(update={"corrections": ()}),
        )

    def _walk(self, key: tuple[str, str], length: int, chance: random.Random) -> str:
        pairs = self._pairs[key]
        walked: list[str] = []
        here = ""
        for _ in range(length):
            follow = pairs.get(here) or pairs[""]
            piece = follow[int(chance.random() * len(follow))]
            here = piece.strip()
            walked.append(piece)
        return _DIGIT.sub(lambda _: str(int(chance.random() * 10)), "".join(walked))

    def _notice(self, model: Notice, number: int, texts: dict[str, str], shift: dt.timedelta) -> Notice:
        changes: dict[str, object] = {
            "id": f"made:{number}",
            "published": model.published + shift,
            "milestones": tuple(
                m.model_copy(update={"date": m.date + shift if m.date else None}) for m in model.milestones
            ),
            "symbol": f"{model.symbol.rpartition('/')[0]}/{number}" if "/" in model.symbol else model.symbol,
            "stated": {name: texts.get(f"stated.{name}", value) for name, value in model.stated.items()},
        }
        changes |= {name: texts[name] or model.title for name in _FIELDS if name in texts}
        return model.model_copy(update=changes)


def _texts(notice: Notice) -> Iterator[tuple[str, str]]:
    for name in _FIELDS:
        text = getattr(notice, name)
        if text:
            yield name, text
    for label, value in notice.stated.items():
        if isinstance(value, str) and value:
            yield f"stated.{label}", value


def _opinion(model: Assessment, notice: Notice, shift: dt.timedelta) -> Assessment:
    levels = tuple(
        LevelSpan.model_construct(
            level=span.level,
            from_=span.from_ + shift if span.from_ else None,
            until=span.until + shift if span.until else None,
            grounds=span.grounds,
        )
        for span in model.levels
    )
    return model.model_copy(update={"notice_id": notice.id, "levels": levels})


def frequencies(alerts: Iterable[Alert]) -> dict[str, float]:
    """How the words of titles, products and summaries are spread: `slope` of log frequency over log rank (ranks 10 to 1,000),
    `top100` their share of all, `vocabulary` per 1,000 words, `once` the share of words that occur once."""
    counts: Counter[str] = Counter()
    for alert in alerts:
        notice = alert.notice
        counts.update(surface(fold(f"{notice.title} {notice.products_text} {notice.summary}").text))
    total = sum(counts.values())
    ranked = [n for _, n in counts.most_common()]
    points = [(math.log(rank), math.log(ranked[rank - 1])) for rank in range(10, min(1_000, len(ranked)))]
    mean_x, mean_y = (sum(axis) / len(points) for axis in zip(*points, strict=True))
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)
    return {
        "slope": slope,
        "top100": sum(ranked[:100]) / total,
        "vocabulary": 1_000 * len(counts) / total,
        "once": sum(1 for n in ranked if n == 1) / len(counts),
    }
