"""Seeded queries over given alerts, of the kinds people and subscriptions ask: every word comes from the alerts themselves."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Callable, Sequence

from index.alert import Alert
from index.query import QueryError, parse
from nlp.gazetteer import Gazetteer
from nlp.text import fold

_WORD = re.compile(r"[^\W\d_]{3,20}")
_LATIN = re.compile(r"[A-Za-z]{3,20}")
_HAN = re.compile("[\u3041-\u30ff\u4e00-\u9fff]{2,}")
KINDS = ("word", "words", "phrase", "exact", "concept", "filter", "mixed", "either", "without")


class Queries:
    """`make(count)` gives so many distinct queries, the kinds in turn. The same seed and alerts give the same queries."""

    def __init__(self, alerts: Sequence[Alert], seed: int = 1) -> None:
        self._alerts = alerts
        self._chance = random.Random(seed)
        self._concepts = [c for c in Gazetteer.load() if c.kind in {"product", "hazard", "substance"}]
        self._kinds: dict[str, Callable[[], str]] = {
            "word": self._word,
            "words": lambda: " ".join(self._some_words(2)),
            "phrase": lambda: f'"{self._run()}"',
            "exact": lambda: f'exact:"{self._run()}"',
            "concept": self._concept,
            "filter": lambda: " ".join(dict.fromkeys(self._filter() for _ in range(self._chance.randint(1, 2)))),
            "mixed": lambda: f"{self._either_word()} {self._filter()}",
            "either": lambda: f"{self._either_word()} OR {self._either_word()}",
            "without": lambda: f"{self._either_word()} -{self._word()} -{self._filter()}",
        }

    def make(self, count: int) -> list[tuple[str, str]]:
        """(kind, query); a query that the language refuses (a stray sign in real text) is drawn again."""
        made: dict[str, str] = {}
        while len(made) < count:
            kind = KINDS[len(made) % len(KINDS)]
            text = self._kinds[kind]()
            try:
                parse(text)
            except QueryError:
                continue
            if fold(text).text.strip('" '):
                made.setdefault(text, kind)
        return [(kind, text) for text, kind in made.items()]

    def of_kind(self, kind: str, count: int) -> list[str]:
        made: dict[str, None] = {}
        while len(made) < count:
            made.setdefault(self._kinds[kind]())
        return list(made)

    def _alert(self) -> Alert:
        return self._chance.choice(self._alerts)

    def _text(self) -> str:
        alert = self._alert()
        texts = (alert.notice.title, alert.notice.products_text, alert.notice.summary, alert.effective.title_zh)
        return self._chance.choice([text for text in texts if text])

    def _some_words(self, count: int) -> list[str]:
        while True:
            text = self._text()
            words = _LATIN.findall(text)
            if len(words) >= count and self._chance.random() < 0.7:
                return self._chance.sample(words, count)
            runs = _HAN.findall(text)
            if runs:
                return [self._cut(self._chance.choice(runs)) for _ in range(count)]

    def _cut(self, run: str) -> str:
        start = self._chance.randint(0, len(run) - 2)
        return run[start : start + self._chance.randint(2, 4)]

    def _word(self) -> str:
        return self._some_words(1)[0]

    def _run(self) -> str:
        """Two or three words as they stand in a text."""
        while True:
            text = re.sub(r'["“”„«»「」『』＂]', " ", self._text())
            words = text.split()
            count = self._chance.randint(2, 3)
            if len(words) >= count:
                at = self._chance.randint(0, len(words) - count)
                run = " ".join(words[at : at + count])[:40]
                if _WORD.search(run):
                    return run

    def _concept(self) -> str:
        terms = self._chance.choice(self._concepts).terms
        return self._chance.choice(terms[self._chance.choice(sorted(terms))])

    def _either_word(self) -> str:
        return self._concept() if self._chance.random() < 0.4 else self._word()

    def _filter(self) -> str:
        alert, chance = self._alert(), self._chance
        notice, opinion = alert.notice, alert.effective
        day = notice.published + dt.timedelta(days=chance.randint(-20, 20))
        choices = [
            f"market:{notice.market}",
            f"kind:{notice.kind}",
            f"source:{notice.source}",
            f"severity:{chance.choice(['high', 'medium', 'low', 'none', '>=medium'])}",
            f"level:{chance.choice(['red', 'yellow', 'green', '>=yellow'])}",
            f"measure:>={opinion.measure.value}",
            f"published:{day:%Y-%m}",
            f"published:{day}..{day + dt.timedelta(days=chance.choice([30, 365, 2_000]))}",
            "published:<180d",
            "deadline:any",
            "deadline:<90d",
            "stage:none",
            *(f"origin:{origin}" for origin in notice.origins[:2]),
            *(f"hs:{product.hs}" for product in opinion.products[:2]),
            *(
                f"hs:{product.hs[:4]}.{chance.randint(10, 90)}.{chance.randint(10, 90)}"
                for product in opinion.products[:2]
            ),
            *(f"hazard:{item.hazard}" for item in opinion.hazards[:2]),
            *(f"industry:{item.industry}" for item in opinion.industries[:1]),
            *([f"symbol:{notice.symbol}"] if notice.symbol and not re.search(r"[\s()（）\"]", notice.symbol) else []),
        ]
        return chance.choice(choices)
