"""The sets labelled by hand that are kept with the tests: notices in Chinese, Japanese and Arabic, and texts with codes.

`tests/nlp/hand/{zh,ja,ar}.tsv`: id, industry, text; half of each (`sha256(id)` begins with 8-f) is sealed: not looked at
while tuning. `codes_{en,zh,ja}.tsv`: text, codes (space-separated; `ics:` before an ICS code; empty: none).
"""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp import codes, concepts, fitting, labels, metrics, products
from nlp.linear import Models
from nlp.text import fold

FOLDER = Path(__file__).parent.parent / "tests" / "nlp" / "hand"
LANGUAGES = ("zh", "ja", "ar")


def sealed(row_id: str) -> bool:
    """Whether a row belongs to the half that is opened once."""
    return hashlib.sha256(row_id.encode()).hexdigest()[0] >= "8"


def read(name: str) -> list[dict[str, str]]:
    path = FOLDER / f"{name}.tsv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def evaluate(models: Models, how: str, *, halves: tuple[str, ...] = ("open",)) -> dict[str, dict[str, Any]]:
    """Accuracy of the group on each language's two halves, whole and where the engine would accept its answer."""
    report: dict[str, dict[str, Any]] = {}
    for lang in LANGUAGES:
        rows = read(lang)
        for half in halves:
            part = [row for row in rows if sealed(row["id"]) == (half == "sealed")]
            if part:
                result = _groups(models, [row["text"] for row in part], [row["industry"] for row in part])
                report[f"hand_{lang}_{half}"] = {**result, "table": f"tests/nlp/hand/{lang}.tsv", "model": how}
    return report


def _groups(models: Models, texts: list[str], industries: list[str]) -> dict[str, Any]:
    folded = [labels.prepare(text) for text in texts]
    heads = [len(text) for text in folded]
    tokens = concepts.of_texts(folded, heads)
    matrix = fitting.matrix(models.vocabulary, models.idf, folded, heads, tokens)
    model = models["groups"]
    found = model.answers(matrix.text, matrix.tokens, [""] * len(texts))
    predicted = np.array(model.classes)[found.argmax(1)]
    return metrics.selective("", predicted == np.array(industries), found.max(1), accepted(found.max(1)))


def accepted(confidence: NDArray[Any]) -> NDArray[np.bool_]:
    """Which answers the engine gives of a source it does not know; the rest go to review."""
    answered: NDArray[np.bool_] = confidence >= products.needed(known=False)
    return answered


def codes_of() -> dict[str, list[tuple[str, set[str]]]]:
    """Language → (text, the codes it states)."""
    sets = {}
    for lang in ("en", "zh", "ja"):
        rows = read(f"codes_{lang}")
        if rows:
            sets[lang] = [(row["text"], set((row["codes"] or "").split())) for row in rows]
    return sets


def evaluate_codes() -> dict[str, dict[str, Any]]:
    """Precision and recall of codes in texts, code by code."""
    report = {}
    for lang, rows in codes_of().items():
        report[f"codes_{lang}"] = score_codes(f"tests/nlp/hand/codes_{lang}.tsv", rows)
    return report


def score_codes(table: str, rows: list[tuple[str, set[str]]]) -> dict[str, Any]:
    """`rows`: (text, codes stated). Counted over codes."""
    right = said = stated = 0
    for text, wanted in rows:
        found = {code.code if code.system == "hs" else f"ics:{code.code}" for code in codes.find(fold(text).text)}
        right += len(found & wanted)
        said += len(found)
        stated += len(wanted)
    return metrics.result(
        table,
        stated,
        {"precision": right / max(said, 1), "recall": right / max(stated, 1)},
        {"precision": metrics.wilson(right, said), "recall": metrics.wilson(right, stated)},
    )
