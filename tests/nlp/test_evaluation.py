"""Evaluation on any folder of tables: the form, tables known by name or columns, sources nobody declared, what is missing."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nlp import card, corpus, evaluation, goals, hand, labels, linear, metrics, whole
from tests.nlp import small_labels


@pytest.fixture(scope="module")
def words() -> Iterator[None]:
    """Every thirtieth of our own words: the same code, in seconds."""
    few = list(itertools.islice(corpus.own_words(), 0, None, 30))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "own_words", lambda: iter(few))
        patch.setattr(whole, "IN_BATCH", 32)
        patch.setattr(linear.shipped(), "manifest", {**linear.shipped().manifest, "trained_on": {}})
        yield


@pytest.fixture(scope="module")
def report(words: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return evaluation.evaluate(small_labels.write(tmp_path_factory.mktemp("labels")))


def _write(path: Path, columns: list[str], rows: list[list[str]]) -> None:
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def test_every_result_has_the_published_form(report: dict[str, Any]) -> None:
    assert json.loads(json.dumps(report)) == report
    for task, result in report.items():
        assert {"table", "n", "metrics", "ci95"} <= result.keys(), task
        assert result["n"] > 0, task
        for name, (low, high) in result["ci95"].items():
            assert low <= result["metrics"][name] <= high or name in {"ece", "macro_f1"}, (task, name)


def test_what_the_small_tables_teach_is_measured_on_their_newest_rows(report: dict[str, Any]) -> None:
    """Goods of four groups in the same words: a model that learned nothing would be right on one in four."""
    groups = report["groups_eu_safety_gate"]
    assert groups["model"] == evaluation.FITTED
    assert 40 <= groups["n"] <= 72  # a fifth of 288, some of them twins of older rows
    assert groups["metrics"]["accuracy"] > 0.8
    assert report["rasff_serious"]["metrics"]["auc"] > 0.9
    assert report["hazards_eu_safety_gate"]["metrics"]["micro_f1"] > 0.8
    assert {"codes_en", "codes_zh", "codes_ja", "hand_zh_open", "speed", "files"} <= report.keys()


def test_the_sealed_half_stays_closed(report: dict[str, Any]) -> None:
    assert not [task for task in report if task.endswith("_sealed")]
    assert {hand.sealed(row["id"]) for row in hand.read("zh")} == {True, False}


@pytest.mark.usefixtures("words")
def test_no_row_is_tested_whose_twin_was_learned(tmp_path: Path) -> None:
    """Shown to fail: with `fitting.newest` taking every row of the newest fifth, the repeated description is on both sides."""
    small_labels.write(tmp_path)
    whole = corpus.load(tmp_path)
    rows = evaluation.split(whole)[2]
    mark = evaluation.held_back(whole, rows)
    older = {whole.twins[i] for i, held in zip(rows, mark, strict=True) if not held}
    assert mark.any()
    assert not older & {whole.twins[i] for i, held in zip(rows, mark, strict=True) if held}


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    _write(tmp_path / "eu_safety_gate.csv.gz", ["date", "product", "brand"], [["2024-01-01", "toy", ""]])
    with pytest.raises(labels.TableError, match=r"eu_safety_gate\.csv\.gz: no column category, danger, description"):
        evaluation.evaluate(tmp_path)


def test_a_table_without_labels_is_told_and_does_not_stop_the_others(tmp_path: Path) -> None:
    _write(tmp_path / "strange.csv.gz", ["a", "b"], [["1", "2"]])
    with pytest.raises(labels.TableError, match=r"strange\.csv\.gz: no column of text"):
        labels.find(tmp_path)
    _write(tmp_path / "unlabelled.csv.gz", ["title"], [["a toy"]])
    small_labels.write(tmp_path)
    assert [table.name for table in labels.find(tmp_path)] == ["eu_safety_gate", "eu_rasff_decisions"]
    assert [said.partition(":")[0] for said in labels.unread(tmp_path)] == ["strange.csv.gz", "unlabelled.csv.gz"]


def test_an_empty_or_broken_table_is_told(tmp_path: Path) -> None:
    _write(tmp_path / "mine.csv.gz", ["title", "industry"], [])
    with pytest.raises(labels.TableError, match=r"mine\.csv\.gz: no rows"):
        evaluation.evaluate(tmp_path)
    (tmp_path / "mine.csv.gz").write_bytes(b"\x1f\x8b broken")
    with pytest.raises(labels.TableError, match=r"mine\.csv\.gz: cannot be read"):
        evaluation.evaluate(tmp_path)


@pytest.mark.usefixtures("words")
def test_a_source_nobody_declared_is_answered_by_the_shipped_models(tmp_path: Path) -> None:
    rows = [
        ["Recall of frozen shrimp with salmonella", "agri_food", "pathogen", "2026-01-01"],
        ["Plush toy with small parts, risk of choking", "toys_children", "choking", "2026-01-02"],
        ["Power bank overheats and may catch fire", "nev_battery", "fire", "2026-01-03"],
        ["Something else", "no such group", "no such hazard", ""],
    ]
    _write(tmp_path / "xx_new.csv.gz", ["title", "industry", "hazards", "date"], rows)
    report = evaluation.evaluate(tmp_path)
    assert report["groups_xx_new"]["n"] == 3
    assert report["groups_xx_new"]["model"] == evaluation.FOREIGN
    assert report["groups_xx_new"]["metrics"]["accuracy"] == 1.0
    assert report["hazards_xx_new"]["n"] == 3
    assert report["hazards_xx_new"]["metrics"]["micro_f1"] > 0.7
    assert not [task for task in report if task.startswith("unseen_")]


@pytest.mark.usefixtures("words")
def test_a_known_table_under_another_name_is_known_by_its_columns(tmp_path: Path) -> None:
    small_labels.write(tmp_path)
    (tmp_path / "eu_safety_gate.csv").rename(tmp_path / "gate_2026.csv")
    found = labels.find(tmp_path)
    assert [(table.name, table.path.name) for table in found] == [
        ("eu_rasff_decisions", "eu_rasff_decisions.csv"),
        ("eu_safety_gate", "gate_2026.csv"),
    ]


@pytest.mark.usefixtures("words")
def test_rows_newer_than_the_training_are_asked_of_the_shipped_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shipped models never answer rows they were trained on. Shown to fail: with `>=` for `>` in `evaluation.split` the
    rows of the newest day of training are asked too."""
    small_labels.write(tmp_path)
    (tmp_path / "eu_rasff_decisions.csv").unlink()
    dates = sorted(row["date"] for row in labels.rows(tmp_path / "eu_safety_gate.csv"))
    newest = dates[80]
    manifest = {**linear.shipped().manifest, "trained_on": {"eu_safety_gate": {"rows": 9, "newest": newest}}}
    monkeypatch.setattr(linear.shipped(), "manifest", manifest)
    report = evaluation.evaluate(tmp_path)
    assert report["groups_eu_safety_gate"]["model"] == evaluation.SHIPPED
    assert report["groups_eu_safety_gate"]["n"] == sum(date > newest for date in dates)


def test_the_goals_say_met_not_met_and_not_measured(report: dict[str, Any]) -> None:
    changed = {
        **report,
        "groups": metrics.share("t", "accuracy", 94, 100),
        "files": metrics.result("m", 8, {"mb": 9}, {}),
    }
    changed.pop("speed")
    found = {(row.task, row.goal.metric): row.met for row in goals.check(changed)}
    assert found["groups", "accuracy"] is False
    assert found["files", "mb"] is True
    assert found["speed", "p95_ms"] is None
    cells = list(goals.rows(changed))
    assert ["NOT met" in row for row in cells if row[1] == "groups" and row[3] == "accuracy"] == [True]


def test_the_card_holds_every_task_of_the_report(report: dict[str, Any]) -> None:
    text = card.render(
        report, {**linear.shipped().manifest, "trained_on": {"eu_safety_gate": {"rows": 9, "newest": "2024"}}}
    )
    for task in report:
        assert f"`{task}`" in text, task
    assert linear.shipped().version in text
    assert text.endswith("\n")
    assert "\n\n\n" not in text


def test_the_committed_card_is_of_the_shipped_models() -> None:
    """Shown to fail: training anew without writing the card leaves the old version in it."""
    text = (Path(__file__).parents[2] / "docs" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert f"version `{linear.shipped().version}`" in text
    for name in linear.shipped().manifest["trained_on"]:
        assert f"`{name}`" in text
