"""Training: equal rows give equal arrays; what is written is arrays and a manifest; what was changed is refused."""

from __future__ import annotations

import itertools
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from nlp import challenge, corpus, drift, linear, published, training
from nlp.labels import TableError
from tests.nlp import small_labels


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_labels.write(tmp_path_factory.mktemp("labels"))


@pytest.fixture(scope="module")
def few_words() -> list[tuple[str, str]]:
    """Every thirtieth of our own words: the same code, in seconds."""
    return list(itertools.islice(corpus.own_words(), 0, None, 30))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, few_words: list[tuple[str, str]]) -> None:
    monkeypatch.setattr(corpus, "own_words", lambda: iter(few_words))


@pytest.fixture(scope="module")
def trained(tables: Path, few_words: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "own_words", lambda: iter(few_words))
        training.train(tables, folder)
    return folder


@pytest.mark.usefixtures("quick")
def test_equal_rows_give_equal_files(tables: Path, trained: Path, tmp_path: Path) -> None:
    """Shown to fail: with `random_state=None` in `fitting._svc` the arrays of two runs differ."""
    training.train(tables, tmp_path)
    names = sorted(path.name for path in trained.iterdir())
    assert names == sorted(path.name for path in tmp_path.iterdir())
    for name in names:
        assert (trained / name).read_bytes() == (tmp_path / name).read_bytes(), name


def test_the_manifest_says_what_was_learned(trained: Path) -> None:
    manifest = json.loads((trained / linear.MANIFEST).read_text(encoding="utf-8"))
    assert manifest["trained_on"] == {
        "eu_safety_gate": {"rows": 288, "newest": "2024-12-28"},
        "eu_rasff_decisions": {"rows": 288, "newest": "2024-12-28"},
    }
    assert {"groups", "hazards_goods", "rasff_serious", "rasff_serious_fields"} <= manifest["models"].keys()
    groups = manifest["models"]["groups"]
    assert groups["regimes"] == ["eu_rasff", "eu_safety_gate"]
    assert set(groups["profile"]) == {"eu_rasff", "eu_safety_gate"}
    assert set(manifest["files"]) == {path.name for path in trained.glob("*.npz")}


def test_no_row_and_no_pickle_is_written(trained: Path) -> None:
    """Every array can be read with pickle refused, and no file holds the text of a row."""
    for path in trained.glob("*.npz"):
        with np.load(path, allow_pickle=False) as held:
            assert all(held[name].dtype != object for name in held.files)
        with zipfile.ZipFile(path) as archive:
            assert not any(b"plush" in archive.read(name) for name in archive.namelist())
    assert "plush" not in (trained / linear.MANIFEST).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["groups.npz", "vocabulary.npz"])
def test_a_changed_file_is_refused(trained: Path, tmp_path: Path, name: str) -> None:
    """One bit is enough. Shown to fail: without the comparison of sha256 in `linear.read` the models load."""
    for path in trained.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    body = bytearray((tmp_path / name).read_bytes())
    body[len(body) // 2] ^= 1
    (tmp_path / name).write_bytes(bytes(body))
    with pytest.raises(linear.ModelError, match="not the file the manifest names"):
        linear.read(tmp_path)


def test_a_changed_manifest_is_refused(trained: Path, tmp_path: Path) -> None:
    for path in trained.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    manifest = json.loads((tmp_path / linear.MANIFEST).read_text(encoding="utf-8"))
    manifest["models"]["groups"]["classes"].reverse()
    (tmp_path / linear.MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(linear.ModelError, match="changed by hand"):
        linear.read(tmp_path)


def test_absent_models_say_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(linear.ModelError, match="tradewarn train"):
        linear.read(tmp_path)


def test_a_regime_has_its_bias_and_others_have_none(trained: Path) -> None:
    """RASFF reports food: the same margins lean to it there, and not where the source is unknown."""
    models = linear.read(trained)
    groups = models["groups"]
    nothing = sp.csr_matrix((2, len(models.vocabulary)), dtype=np.float32)
    known, unknown = groups.answers(nothing, nothing, ["eu_rasff", "xx_new"])
    food = groups.classes.index("agri_food")
    assert known.argmax() == food
    assert known[food] > unknown[food]
    assert models.known("eu_rasff")
    assert not models.known("xx_new")


def test_of_an_unknown_source_the_concepts_say_more(trained: Path) -> None:
    """A text of nothing but concepts of toys leans to toys by `LEAN`, and only where the source is unknown."""
    models = linear.read(trained)
    groups = models["groups"]
    toy = linear.features.token("i:toys_children")
    rows = models.rows(["xyzzy"], [5], [[(toy, 2.0)]])
    share = linear.lean(rows.tokens, groups.leaning)
    assert share[0].tolist() == [linear.LEAN if name == "toys_children" else 0.0 for name in groups.classes]


def test_an_empty_folder_and_a_missing_column_are_told(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no table there"):
        training.train(tmp_path, tmp_path / "out")
    (tmp_path / "eu_safety_gate.csv").write_text("date,product\n2024-01-01,toy\n", encoding="utf-8")
    with pytest.raises(TableError, match=r"eu_safety_gate\.csv: no column brand, category, danger"):
        training.train(tmp_path, tmp_path / "out")


def test_a_challenger_wins_without_losing_anywhere() -> None:
    def report(groups: float, hazards: float) -> dict[str, dict[str, dict[str, float]]]:
        return {"groups": {"metrics": {"accuracy": groups}}, "hazards_a": {"metrics": {"micro_f1": hazards}}}

    champion = report(0.90, 0.90)
    assert challenge.compare(champion, report(0.93, 0.89)).wins
    assert not challenge.compare(champion, report(0.99, 0.87)).wins  # three points lost on one task
    assert not challenge.compare(champion, report(0.90, 0.90)).wins  # no gain
    assert not challenge.compare(champion, {"groups": {"metrics": {"accuracy": 0.99}}}).wins  # a task is missing


def test_the_shipped_models_are_small_and_whole() -> None:
    models = linear.read()
    size = sum(path.stat().st_size for path in linear.FOLDER.iterdir())
    assert size <= 15_000_000
    assert {"groups", "hazards_goods", "hazards_food"} <= models.models.keys()


def test_drift_is_seen_and_sameness_is_not() -> None:
    then = {"xx": {"n": 500, "mix": {"agri_food": 0.9, "health": 0.1}, "unknown": 0.1, "abstained": 0.1}}
    same = {"xx": {"n": 100, "mix": {"agri_food": 0.88, "health": 0.12}, "unknown": 0.12, "abstained": 0.11}}
    other = {"xx": {"n": 100, "mix": {"agri_food": 0.4, "health": 0.6}, "unknown": 0.3, "abstained": 0.4}}
    assert not any(finding.alarm for finding in drift.compare(then, same))
    assert {finding.figure for finding in drift.compare(then, other) if finding.alarm} == {
        "mix",
        "unknown",
        "abstained",
    }
    few = {"xx": {**other["xx"], "n": 10}}
    assert drift.compare(then, few) == []
    assert drift.compare(then, {"yy": other["xx"]}) == []


def test_published_fields_are_the_same_from_table_and_notice() -> None:
    """RASFF's record, as its table has it and as our source states it: the same tokens."""
    row = {
        "classification": "alert notification",
        "category": "fruits and vegetables",
        "type": "food",
        "notifying_country": "Italy",
        "origin": "Chile,Peru",
        "hazards": "imazalil  ,thiabendazole",
    }
    stated = {
        "NOTIFICATION_CLASSIFICAT_DESC": "alert notification",
        "PRODUCT_CATEGORY_DESC": "fruits and vegetables",
        "NOTIFICATION_TYPE_DESC": "food",
        "NOTIFYNG_COUNTRY_DESC": "Italy",
        "ORIGIN_COUNTRY_DESC": ("Chile", "Peru"),
        "HAZARD_CATEGORY_NAME": ("imazalil - {pesticide residues}", "thiabendazole - {pesticide residues}"),
        "RISK_DECISION_DESC": "serious",  # what is asked is no field
    }
    assert list(published.of_row("eu_rasff_decisions", row)) == list(published.of_stated("eu_rasff_decisions", stated))
    assert len(list(published.of_row("eu_rasff_decisions", row))) == 8
    assert not list(published.of_row("eu_safety_gate", row))


def test_rows_of_a_rare_group_weigh_more_and_no_row_of_a_common_one() -> None:
    """Shown to fail by returning the weights as they are: `nev_battery` then had a third of its recall."""
    labels_of = np.array(["common"] * 100 + ["median"] * 25 + ["rare"] * 4 + ["rarest"] * 1)
    weight = training._balanced(labels_of, np.ones(len(labels_of)))
    of = {name: weight[labels_of == name] for name in set(labels_of.tolist())}
    assert set(of["common"].tolist()) == {1.0}
    assert 1.0 < of["rare"][0] < of["rarest"][0] <= training.RARE
    assert of["rare"][0] ** 2 == pytest.approx(np.median([100, 25, 4, 1]) / 4)


def test_one_decision_in_many_rows_weighs_as_the_root_of_their_number() -> None:
    """Shown to fail with equal weights: of 1,996 rows on food recalls 759 are decisions, one of them 68 rows."""
    rows = [{"reason_for_recall": "Listeria"}] * 9 + [{"reason_for_recall": "Metal"}]
    held = corpus.Corpus(rows=[*rows, {"reason_for_recall": "Listeria"}])
    part = object.__new__(training.Part)
    part.corpus, part.rows = held, np.arange(11)
    part.dates = ["2024-05-01"] * 10 + ["2024-06-01"]
    weight = training._repeated(part, np.arange(11), "fda_class1")
    assert weight[:9].sum() == pytest.approx(3 * weight[9])
    assert weight[9] == pytest.approx(weight[10])  # the same words a month later: another decision
    assert weight.mean() == pytest.approx(1)
    assert set(training._repeated(part, np.arange(11), "fsis_class1").tolist()) == {1.0}
