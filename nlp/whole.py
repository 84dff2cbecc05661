"""The whole engine measured: what `classify` answers for rows of labelled tables, and how fast.

Rows become notices of a source nobody declared, so that only what they say counts: no `meaning:` rules, no codes, no
bias. Asked are the HS chapter and heading (level E: retrieval within the group), hazards and severity of tables in our
own words, links between notices of one product, and the speed of one core.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import gzip
import itertools
import re
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from defusedxml.ElementTree import fromstring

from crawlers.notice import Notice
from nlp import events, hs, labels, linear, metrics
from nlp.assess import Assessor
from nlp.corpus import Corpus

#: Rows of a table asked for their chapter.
ASKED = 2000
#: Length of the notices whose speed is measured (NLP.md), how many in batch, how many one by one.
CHARACTERS, IN_BATCH, SINGLE = 440, 1024, 300
_BREAK = " \x01 "
_PROVENANCE = {
    "url": "https://example.test/",
    "fetched_at": "2026-01-01T00:00:00Z",
    "body_sha256": "0" * 64,
    "source_version": "evaluation",
}


def notice(text: str, number: int, *, date: str = "", kind: str = "recall", **fields: Any) -> Notice:
    """A row's text as a notice of a source nobody declared: its first part is the title."""
    title, _, rest = text.partition(_BREAK)
    return Notice.model_validate(
        {
            "id": f"row:{number}",
            "source": "row",
            "market": "US",
            "kind": kind,
            "authority": "row",
            "title": title.strip()[:1000] or "-",
            "text": rest.replace(_BREAK, "\n"),
            "published": _day(date),
            "provenance": _PROVENANCE,
            **fields,
        }
    )


def _day(date: str) -> dt.date:
    try:
        return dt.date.fromisoformat(date[:10])
    except ValueError:
        return dt.date(2026, 1, 1)


def notices(corpus: Corpus) -> Iterator[Notice]:
    for number, (text, date) in enumerate(zip(corpus.texts, corpus.dates, strict=True)):
        yield notice(text, number, date=date)


# --- tables in our own words --------------------------------------------------------------------------------------


def opinions(part: Corpus, table: str, assessor: Assessor | None = None) -> dict[str, dict[str, Any]]:
    """Hazards and severity of a table nobody declared, where it says them; {} where it does not."""
    if not any(part.hazards) and not any(part.severities):
        return {}
    found = list((assessor or Assessor()).assess_all(notices(part)))
    report: dict[str, dict[str, Any]] = {}
    rows = [i for i, hazards in enumerate(part.hazards) if hazards]
    if rows:
        classes = sorted({name for i in rows for name in part.hazards[i]})
        truth = np.array([[name in part.hazards[i] for name in classes] for i in rows])
        said = [{opinion.hazard for opinion in found[i].hazards} for i in rows]
        report["hazards"] = metrics.multilabel(table, truth, np.array([[c in row for c in classes] for row in said]))
    rows = [i for i, severity in enumerate(part.severities) if severity]
    if rows:
        right = np.array([found[i].severity.value == part.severities[i] for i in rows])
        report["severity"] = metrics.share(table, "accuracy", int(right.sum()), len(right))
    return report


# --- chapters and headings ----------------------------------------------------------------------------------------


def products(corpus: Corpus, models: linear.Models) -> dict[str, dict[str, Any]]:
    """`hs_chapter_<table>` (@1, @3) where a table's categories stand for chapters, `hs_heading_<table>` (@1, @5) where its
    rows have codes of their own."""
    report: dict[str, dict[str, Any]] = {}
    assessor = Assessor(models)
    for name in dict.fromkeys(corpus.tables):
        form = labels.tables().get(name, {})
        for task, size, key in (("hs_chapter", 2, "chapters"), ("hs_heading", 4, "headings")):
            if key in form:
                asked = [(i, truth) for i, row in _rows(corpus, name) if (truth := _truth(row, form[key], size))]
                asked = asked[:: max(1, len(asked) // ASKED)]
                if asked:
                    ranked = _ranked(assessor, corpus, [i for i, _ in asked], size)
                    report[f"{task}_{name}"] = _at(name, ranked, [truth for _, truth in asked], size)
    return report


def _rows(corpus: Corpus, name: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    return ((i, corpus.rows[i]) for i, table in enumerate(corpus.tables) if table == name)


def _truth(row: Mapping[str, str], rule: Mapping[str, Any], size: int) -> frozenset[str]:
    """The chapters or headings a row's category stands for, or its own codes."""
    value = " ".join(row.get(rule["field"], "").lower().split())
    if "map" in rule:
        return frozenset(rule["map"].get(value, ()))
    codes = (code.replace(".", "") for code in re.split(r"[;,、\s]+", value))
    return frozenset(code[:size] for code in codes if len(code) >= size and hs.is_code(code[:size]))


def _ranked(assessor: Assessor, corpus: Corpus, rows: Sequence[int], size: int) -> list[list[str]]:
    asked = (notice(corpus.texts[i], i, date=corpus.dates[i]) for i in rows)
    return [
        list(dict.fromkeys(product.hs[:size] for product in opinion.products if len(product.hs) >= size))
        for opinion in assessor.assess_all(asked)
    ]


def _at(table: str, ranked: Sequence[Sequence[str]], truth: Sequence[frozenset[str]], size: int) -> dict[str, Any]:
    depth = 3 if size == 2 else 5
    first = sum(bool(set(found[:1]) & wanted) for found, wanted in zip(ranked, truth, strict=True))
    among = sum(bool(set(found[:depth]) & wanted) for found, wanted in zip(ranked, truth, strict=True))
    none, n = sum(not found for found in ranked), len(ranked)
    return metrics.result(
        table,
        n,
        {"at_1": first / n, f"at_{depth}": among / n, "none": none / n},
        {"at_1": metrics.wilson(first, n), f"at_{depth}": metrics.wilson(among, n), "none": metrics.wilson(none, n)},
    )


# --- links --------------------------------------------------------------------------------------------------------

#: Weekly reports of Safety Gate as recorded, beside the folder of tables: the tables have no barcodes.
WEEKLY = Path("recordings") / "eu_safety_gate" / "weekly"
#: What likeness is read from: title, text, and the stated fields that hold brand, model, batch and barcode.
STATED = ("brand", "type_numberOfModel", "batchNumber", "barcode")
#: Rows of one brand and word compared with each other at most: a larger block says nothing.
BLOCK = 60


def links(data: Path) -> dict[str, dict[str, Any]]:
    """`links_eu_safety_gate`: pairs of alerts joined into one event, against equal barcodes; `…_without_barcodes`: the same
    with the barcodes hidden from the engine. Counted over pairs of alerts that both state a barcode; {} without recordings."""
    given = [events.keys(each) for each in _weekly(data.parent / WEEKLY)]
    given = [keys for keys in given if keys.barcodes]
    if len(given) < 2:
        return {}
    hidden = [dataclasses.replace(keys, barcodes=frozenset()) for keys in given]
    return {
        "links_eu_safety_gate": _linked("recorded weekly reports", given, given),
        "links_eu_safety_gate_without_barcodes": _linked("recorded weekly reports", given, hidden),
    }


def _weekly(folder: Path) -> Iterator[Notice]:
    """The alerts with a barcode of their own."""
    number = 0
    for path in sorted(folder.glob("*.xml.gz")):
        root = fromstring(gzip.decompress(path.read_bytes()))
        day, month, year = [*root.findtext("report_date", "").split("/"), "", ""][:3]
        for row in root.iter("notifications"):
            stated = {name: value for name in STATED if (value := row.findtext(name, "").strip())}
            if "barcode" in stated:
                number += 1
                title = " ".join(filter(None, (row.findtext("product"), row.findtext("name"), stated.get("brand"))))
                text = title + _BREAK + row.findtext("description", "")
                yield notice(text, number, date=f"{year}-{month}-{day}", stated=stated)


def _linked(table: str, given: Sequence[events.Keys], shown: Sequence[events.Keys]) -> dict[str, Any]:
    """`given`: with the barcodes that are the truth; `shown`: what the engine sees of the same rows."""
    by_barcode: dict[str, list[int]] = defaultdict(list)
    by_block: dict[str, list[int]] = defaultdict(list)
    for i, keys in enumerate(given):
        for code in keys.barcodes:
            by_barcode[code].append(i)
        for block in events.blocks_of(shown[i]):
            by_block[block].append(i)
    same = {pair for rows in by_barcode.values() for pair in itertools.combinations(rows, 2)}
    asked = {p for rows in by_block.values() if len(rows) <= BLOCK for p in itertools.combinations(rows, 2)}
    joined = {(a, b) for a, b in asked if events.compare(shown[a], shown[b]).linked}
    right = len(joined & same)
    return metrics.result(
        table,
        len(same),
        {"precision": right / max(len(joined), 1), "recall": right / max(len(same), 1)},
        {"precision": metrics.wilson(right, len(joined)), "recall": metrics.wilson(right, len(same))},
    )


# --- speed --------------------------------------------------------------------------------------------------------


def speed(models: linear.Models) -> dict[str, Any]:
    """Whole assessments a second of one core with evidence, in batch; the 95th percentile of one, in milliseconds.

    Timed in the core's own time, so that other work on the machine does not count; `make bench` gives ratios.
    """
    assessor = Assessor(models)
    asked = list(_timed(IN_BATCH))
    list(assessor.assess_all(asked[:256]))
    started = time.process_time()
    list(assessor.assess_all(asked))
    rate = len(asked) / (time.process_time() - started)
    singles = []
    for one in asked[:SINGLE]:
        started = time.process_time()
        assessor.assess(one)
        singles.append(1000 * (time.process_time() - started))
    values = {"docs_per_second": rate, "p95_ms": float(np.percentile(singles, 95))}
    return metrics.result("composed notices", len(asked), values, {})


def _timed(count: int) -> Iterator[Notice]:
    """Notices of 440 characters, composed of our own heading names: every one another."""
    names = [hs.heading_name(code, "en") for code in hs.codes(4)]
    for number in range(count):
        words: list[str] = []
        at = number
        while sum(map(len, words)) + 2 * len(words) < CHARACTERS:
            words.append(names[at % len(names)])
            at += 97
        text = f"Recall of {'; '.join(words)}"[:CHARACTERS]
        yield notice(text[:100] + _BREAK + text[100:], number)


def files(folder: Any = linear.FOLDER) -> dict[str, Any]:
    """Size of the shipped models in MB and the time to load and check them, in seconds."""
    started = time.process_time()
    linear.read(folder)
    seconds = time.process_time() - started
    size = sum(path.stat().st_size for path in folder.glob("*") if path.is_file())
    return metrics.result("nlp/models", len(list(folder.glob("*.npz"))), {"mb": size / 1e6, "load_s": seconds}, {})
