"""Drift: does what a source sends still look like what the models were trained on?

The manifest holds a profile per regime, of the newest slice of its training rows: the mix of groups the model answers,
the share of words the vocabulary does not know, the share of answers below the acceptance threshold, and - where there
are labels - the calibration error. `compare` holds the same figures of newer notices against it. An alarm means: do not
accept this source's group unread, and look at why.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crawlers.notice import Notice
from nlp import codes, concepts, features, linear, metrics
from nlp.document import read
from nlp.gazetteer import Gazetteer
from nlp.products import ACCEPT

#: Fewer notices say nothing of a source.
LEAST = 50
#: The mix of groups has changed from here on (population stability index; its usual reading: .1 look, .25 act).
MIX = 0.25
#: Unknown words, abstentions and calibration error: by how much they may rise.
UNKNOWN, ABSTAINED, ECE = 0.10, 0.10, 0.05
_BATCH = 256


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure of one regime against its profile."""

    regime: str
    n: int
    figure: str  # mix, unknown, abstained, ece
    then: float
    now: float
    alarm: bool


def profile(
    classes: Sequence[str], found: NDArray[Any], unknown: NDArray[Any], right: NDArray[np.bool_] | None = None
) -> dict[str, Any]:
    """The figures of one regime's rows: `found` (rows, classes) probabilities, `unknown` shares of unknown words."""
    counts = np.bincount(found.argmax(1), minlength=len(classes))
    confidence = found.max(1)
    figures: dict[str, Any] = {
        "n": len(found),
        "mix": {name: round(float(c) / len(found), 4) for name, c in zip(classes, counts, strict=True) if c},
        "unknown": round(float(unknown.mean()), 4),
        "abstained": round(float((confidence < ACCEPT).mean()), 4),
    }
    if right is not None:
        figures["ece"] = round(metrics.ece(confidence, right), 4)
    return figures


def of_notices(notices: Iterable[Notice], models: linear.Models) -> dict[str, dict[str, Any]]:
    """Regime → profile of these notices, by the given models."""
    model = models["groups"]
    found: dict[str, list[NDArray[Any]]] = defaultdict(list)
    unknown: dict[str, list[float]] = defaultdict(list)
    for batch in _batches(notices):
        regimes = [linear.regime_of(notice.register_name, notice.stated) for notice in batch]
        rows = _rows(batch, models)
        answers = model.answers(rows.text, rows.tokens, regimes)
        for at, regime in enumerate(regimes):
            found[regime].append(answers[at])
            unknown[regime].append(float(rows.unknown[at]))
    return {name: profile(model.classes, np.stack(found[name]), np.array(unknown[name])) for name in sorted(found)}


def _batches(notices: Iterable[Notice]) -> Iterator[list[Notice]]:
    batch: list[Notice] = []
    for notice in notices:
        batch.append(notice)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _rows(batch: Sequence[Notice], models: linear.Models) -> features.Rows:
    documents = [read(notice) for notice in batch]
    texts = [codes.strip(document.text[:6000]) for document in documents]
    heads = [document.end_of("title") for document in documents]
    find = Gazetteer.load().find
    tokens = [concepts.tokens(find(d.text), head) for d, head in zip(documents, heads, strict=True)]
    return models.rows(texts, heads, tokens)


def compare(then: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]]) -> list[Finding]:
    """Every figure of every regime of `now` with enough notices; a regime without a profile is a new source: no finding."""
    findings: list[Finding] = []
    for regime, figures in now.items():
        before = then.get(regime)
        if before is None or figures["n"] < LEAST:
            continue
        moved = stability(before["mix"], figures["mix"])
        findings.append(Finding(regime, figures["n"], "mix", 0.0, moved, moved > MIX))
        for name, most in (("unknown", UNKNOWN), ("abstained", ABSTAINED), ("ece", ECE)):
            if name in before and name in figures:
                rise = figures[name] - before[name]
                findings.append(Finding(regime, figures["n"], name, before[name], figures[name], rise > most))
    return findings


def stability(then: Mapping[str, float], now: Mapping[str, float]) -> float:
    """Population stability index of two mixes: Σ (now - then)·ln(now / then), shares below a thousandth counted as one."""
    total = 0.0
    for name in sorted({*then, *now}):
        a, b = max(then.get(name, 0.0), 0.001), max(now.get(name, 0.0), 0.001)
        total += (b - a) * math.log(b / a)
    return round(total, 4)
