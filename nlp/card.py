"""The model card (`docs/MODEL_CARD.md`): data, splits, figures with intervals, calibration, drift, limits. Made from a
report of `nlp.evaluation` and the manifest of the shipped models by `tradewarn evaluate --data DIR --card FILE`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from nlp import goals, labels, training

Report = Mapping[str, Mapping[str, Any]]

_HEAD = """# Model card

<!-- made by `tradewarn evaluate --data DIR --card docs/MODEL_CARD.md`; do not edit -->

Shipped models: version `{version}`, taxonomy {taxonomy}, {megabytes:.1f} MB in {files} files of plain arrays (npz, fp16 weights, no pickle);
`manifest.json` names each with its sha256, and a file that differs is refused.

## What they are

Linear models over one vocabulary of {features}: word 1-2-grams, character 4-5-grams inside words, 1-3-grams in Chinese and Japanese,
and the concepts of the multilingual gazetteer with their industries and HS chapters. What stands in the title counts twice. Codes
are cut out of the text first: they are a label.

* **Industry group** (12 classes): linear SVM, one against the rest. Each regime has a bias of its own, learned beside the words, so
  that its mix of goods does not colour them; a source never seen has none. Every third row is learned once more as its concepts
  alone (source drop-out); our HS names and the gazetteer's terms in seven languages are rows too. Rows of groups rarer than the
  median group weigh more, by the root of how much rarer.
* **Hazards** (consumer goods; food): linear SVM per label, asked where neither the source's categories nor the concepts say.
* **Severity within a regime** (RASFF serious, FDA food Class I, FSIS Class I): logistic regression. There is no score across
  regimes: it does not transfer.

They speak only where levels A-C (stated codes, codes in the text, the source's own categories) are silent. Below {accept} a group
is no opinion; of a source never seen it needs {unseen}: the least at which nine of ten answers are right on every source left out of
training in turn, chosen on the older part of the tables. What is not answered goes to review.

Not meant for: deciding alone on a warning, tariffs, rates of danger between countries or firms (labels are what authorities chose
to report).
"""

_SPLITS = """## Splits

* **Newest 20 %** of each table by date; a row with a twin among the older rows (same description, recall or subject) is on neither
  side twice. Models measured so are fitted on the older rows only; the shipped ones are the same recipe fitted on all rows.
* **Calibration** on the newest 20 % of the rows a model is fitted on, by a model fitted on the older rest of those.
* **Source left out**: no row of the source is seen; its newest rows are asked. `_25`: with 25 of its own labels per group. The
  temperature for a left-out source is that of the other left-out sources.
* **Labelled by hand**: notices worded by us in Chinese, Japanese and Arabic, labelled before tuning; half of each was opened once. Since then
  14 rows of both halves changed their label by one published rule (`docs/decisions/household-goods.md`); nothing was tuned on the second halves.
* **Chapters and headings**: rows as notices of an unknown source, without codes; right if one of the first three (five) is a
  chapter (heading) the row's own category or code stands for.
* **Links**: pairs of rows that both give a barcode; one event if a barcode is equal.
* Intervals: Wilson for shares, bootstrap (300 draws, seeded) for the rest.
"""

_LIMITS = """## Limits

* Labels are the authorities' categories through `nlp/labels.yml`, not a customs ruling. RASFF agrees with itself on four of five
  decisions for the same category and hazard; no model can be better than that.
* `eu_rasff_*`, `us_fsis_recalls`, `us_fda_food_recalls` and `jp_mhlw_violations` are food and food contact only: a high accuracy there
  says that the model knows the source. The figures of left-out sources say what it knows of goods.
* `us_cpsc_recalls` ends in 2012, its newest rows are not in natural proportion. `us_fda_import_refusals` holds three countries.
* The groups `health`, `nev_battery` and `optoelectronics` have few labelled rows outside FDA and Safety Gate; there concepts carry.
* Text in Chinese, Japanese and Arabic is understood through concepts and our own terms; there are no labelled notices to learn from.
* Barcodes are exact keys of the engine, so links between rows with equal barcodes are found by construction; the row
  `_without_barcodes` says what likeness alone finds.
* Speed is of the machine the report was made on, shared with other work at the time; `make bench` gives ratios.
"""


def render(report: Report, manifest: Mapping[str, Any]) -> str:
    """The card as Markdown, ending in a newline."""
    parts = [_head(manifest), _data(manifest), _SPLITS, "## Goals\n\n" + _goals(report)]
    for title, patterns in _SECTIONS:
        chosen = [task for task in report if task.startswith(patterns)]
        if chosen:
            parts.append(f"## {title}\n\n" + _table(_COLUMNS, _figures(report, chosen)))
    parts += [_calibration(manifest), _LIMITS]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts if part)


_COLUMNS = ("task", "table", "model", "n", "figures with 95 % intervals")
_SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Industry group, per source", ("groups",)),
    ("Industry group, source left out", ("unseen_",)),
    ("Industry group, per language", ("hand_",)),
    ("Hazards", ("hazards_",)),
    ("Severity within a regime", tuple(training.REGIMES)),
    ("Codes, chapters, headings", ("codes_", "hs_")),
    ("Events, speed, files", ("links_", "speed", "files")),
)


def _head(manifest: Mapping[str, Any]) -> str:
    from nlp.products import ACCEPT, ACCEPT_UNSEEN

    files = manifest["files"]
    return _HEAD.format(
        version=manifest["version"],
        taxonomy=manifest["taxonomy"],
        megabytes=sum(about["bytes"] for about in files.values()) / 1e6,
        files=len(files),
        features="at most 131,072 features",
        accept=ACCEPT,
        unseen=ACCEPT_UNSEEN,
    )


def _data(manifest: Mapping[str, Any]) -> str:
    rows = []
    for name, about in manifest["trained_on"].items():
        form = labels.tables()[name]
        kind = "weak label of the office" if form.get("weak") else "label of the authority"
        rows.append([f"`{name}`", f"{about['rows']:,}", about["newest"], f"`{form['register']}`", kind])
    models = [
        [f"`{name}`", f"{about['rows']:,}", str(len(about["classes"]))] for name, about in manifest["models"].items()
    ]
    return (
        "## Data\n\nPublished labels of the authorities; no row of them is in this repository. Categories → groups and hazards: "
        "`nlp/labels.yml`.\n\n"
        + _table(("table", "rows", "newest", "register", "label"), rows)
        + "\n"
        + _table(("model", "rows", "classes"), models)
    )


def _goals(report: Report) -> str:
    columns = ("goal", "task", "n", "metric", "value", "95 %", "goal is", "met")
    return _table(columns, goals.rows(report))


def _figures(report: Report, tasks: Iterable[str]) -> Iterator[list[str]]:
    for task in tasks:
        result = report[task]
        shown = []
        for name, value in result["metrics"].items():
            low_high = result.get("ci95", {}).get(name)
            interval = f" [{low_high[0]:.3f}, {low_high[1]:.3f}]" if low_high else ""
            shown.append(f"{name} {value:.3f}{interval}")
        yield [f"`{task}`", result["table"], result.get("model", ""), f"{result['n']:,}", " · ".join(shown)]


def _calibration(manifest: Mapping[str, Any]) -> str:
    profile = manifest["models"].get("groups", {}).get("profile", {})
    rows = [
        [
            f"`{regime}`",
            f"{about['n']:,}",
            f"{about.get('ece', 0):.3f}",
            f"{about['abstained']:.3f}",
            f"{about['unknown']:.3f}",
            ", ".join(f"{name} {share:.2f}" for name, share in sorted(about["mix"].items(), key=lambda i: -i[1])[:4]),
        ]
        for regime, about in profile.items()
    ]
    columns = ("regime", "n", "calibration error", "below acceptance", "unknown words", "mix of answers")
    return (
        "## Calibration and drift\n\nThe newest slice of each regime as the model fitted on its older rows sees it. `tradewarn drift` "
        "holds newer notices against these figures; an alarm there means: read this source's groups before accepting them.\n\n"
        + _table(columns, rows)
    )


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"
