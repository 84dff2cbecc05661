"""What the words of a query stand for beyond themselves: two small tables, reviewed by hand.

* `labels.tsv`: a concept of the gazetteer that has the very meaning of a label of ours (a hazard, a measure). An alert that was
  given the label is found by it, whatever its language and wording.
* `fillers.tsv`: words that say "danger", "found", "in excess", "goods" and no more. An alert is found without them, and comes
  earlier with them; they would otherwise hide every alert in another language, since no concept carries them.
"""

from __future__ import annotations

import csv
import re
from functools import lru_cache
from pathlib import Path

from index.expression import Filter
from nlp.text import fold

_HERE = Path(__file__).parent
#: What Arabic writes onto the beginning of a word: and, for, with, the.
_ATTACHED = re.compile("[وفبكل]?(?:ال|لل)?(?=[\u0620-\u064a]{3})")
_UNSPACED = re.compile("[\u3041-\u30ff\u3400-\u9fff]+")


@lru_cache(maxsize=1)
def _labels() -> dict[str, tuple[Filter, ...]]:
    found: dict[str, tuple[Filter, ...]] = {}
    for row in _rows("labels.tsv"):
        wanted = Filter.model_validate({"field": row["field"], "values": (row["value"],)})
        found[row["concept"]] = (*found.get(row["concept"], ()), wanted)
    return found


def labels(concept: str) -> tuple[Filter, ...]:
    """The filters that mean the same as the concept; mostly none."""
    return _labels().get(concept, ())


@lru_cache(maxsize=1)
def fillers() -> frozenset[str]:
    """Folded."""
    return frozenset(fold(word).text for row in _rows("fillers.tsv") for word in row["words"].split(";"))


@lru_cache(maxsize=1)
def _ends() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Fillers at the beginning and at the end of Chinese or Japanese, which does not write words apart."""
    unspaced = sorted((word for word in fillers() if _UNSPACED.fullmatch(word)), key=len, reverse=True)
    one = "|".join(map(re.escape, unspaced))
    return re.compile(f"(?:{one})+"), re.compile(f"(?:{one})+$")


def split(words: str) -> tuple[str, str, str]:
    """(filler, what is left, filler) of a folded run of letters without white space; each may be empty."""
    if words in fillers() or (words[:1] > "\u0600" and _ATTACHED.sub("", words, count=1) in fillers()):
        return words, "", ""
    if not _UNSPACED.fullmatch(words):
        return "", words, ""
    begins, ends = _ends()
    first = begins.match(words)
    start = first.end() if first else 0
    last = ends.search(words, start)
    stop = last.start() if last else len(words)
    return words[:start], words[start:stop], words[stop:]


def _rows(name: str) -> list[dict[str, str]]:
    with (_HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
