"""How search quality is counted: hand-computed numbers for the metrics, and the shape of what is asked and judged."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from benchmarks.quality import judged, metrics, pool, systems, tables
from benchmarks.quality.collection import choose, fingerprint
from benchmarks.quality.measure import score
from benchmarks.quality.tables import Asked
from crawlers.notice import Notice
from index.query import parse

GRADES = {"a": 3, "b": 2, "c": 1, "d": 0}


def test_ndcg_is_the_hand_computed_one() -> None:
    """Gains 7, 3, 1, 0. Shown to fail with gains that are the grades themselves, and with the place before taken for the discount."""
    ideal = 7 + 3 / math.log2(3) + 1 / 2
    assert metrics.ndcg(["a", "b", "c", "d"], GRADES) == pytest.approx(1.0)
    assert metrics.ndcg(["d", "c", "unjudged", "a"], GRADES) == pytest.approx(
        (1 / math.log2(3) + 7 / math.log2(5)) / ideal
    )
    assert metrics.ndcg(["b", "a"], GRADES) == pytest.approx((3 + 7 / math.log2(3)) / ideal)
    assert metrics.ndcg([], GRADES) == 0
    assert metrics.ndcg(["d"], {"d": 0}) is None, "a query that nothing serves says nothing"


def test_ndcg_looks_at_ten_places_on_both_sides() -> None:
    """Shown to fail with an ideal over all judged notices: a perfect first ten then has less than 1."""
    many = {str(n): 3 for n in range(20)}
    assert metrics.ndcg([str(n) for n in range(10)], many) == pytest.approx(1.0)
    assert metrics.ndcg([*"abcdefghij", "0"], many) == 0


def test_recall_counts_the_relevant_of_as_many_as_fit() -> None:
    """Shown to fail with grade 1 counted as relevant, and with a plain share of 60 in a list of 50."""
    assert metrics.recall(["c", "b", "x"], GRADES) == pytest.approx(1 / 2)
    assert metrics.recall(["x", "y", "a"], GRADES, k=2) == 0
    assert metrics.recall(["a"], {"c": 1}) is None
    assert metrics.recall(["a", "b"], GRADES, among={"b", "c"}) == 1
    many = {str(n): 2 for n in range(60)}
    assert metrics.recall([str(n) for n in range(60)], many) == 1


def test_cross_language_recall_leaves_out_the_language_of_the_query() -> None:
    """Shown to fail when `score` takes all relevant notices."""
    query = Asked("zh01", "zh", "product", "t", "电池", "batteries")
    languages = {"a": "zh", "b": "en", "c": "en", "d": "ja", "e": "ja"}
    found = score(query, ["a", "e"], {"a": 3, "b": 2, "c": 1, "e": 3}, languages)
    assert found.recall == pytest.approx(2 / 3)
    assert found.cross == pytest.approx(1 / 2)
    assert found.unjudged == 0
    assert score(query, ["a", "d"], {"a": 3}, languages).cross is None
    own = {f"own{n}": "zh" for n in range(60)}
    buried = score(query, [*own, "b"], {"b": 3}, languages | own)
    assert (buried.cross, buried.alone) == (0, 1)
    assert score(query, ["a", "d"], {"a": 3}, languages).unjudged == pytest.approx(1 / 2)


def test_the_interval_holds_the_mean_and_narrows_with_the_number_of_queries() -> None:
    few, many = metrics.interval([0.0, 1.0, None] * 5), metrics.interval([0.0, 1.0] * 200)
    assert few is not None
    assert many is not None
    assert few[0] < 0.5 < few[1]
    assert many[1] - many[0] < few[1] - few[0]
    assert metrics.interval([0.5] * 9) == (0.5, 0.5)
    assert metrics.interval([None]) is None
    assert metrics.mean([None, 1.0, 0.0]) == 0.5


def test_what_is_asked() -> None:
    """≥ 120 queries in four languages and five kinds; a topic is one need, and 30 of them are asked in two languages or more."""
    asked = tables.queries()
    assert len(asked) >= 120
    assert [query.id for query in asked] == sorted({query.id for query in asked})
    assert {query.language for query in asked} == set(tables.LANGUAGES)
    assert {query.kind for query in asked} == set(tables.KINDS)
    assert all(query.id.startswith(query.language) and query.text.strip() and query.need.strip() for query in asked)
    mix = Counter((query.language, query.kind) for query in asked)
    assert all(mix[language, kind] for language in tables.LANGUAGES for kind in tables.KINDS), mix
    languages = defaultdict(set)
    for query in asked:
        languages[query.topic].add(query.language)
    assert sum(len(found) > 1 for found in languages.values()) >= 30
    needs = {query.topic: query.need for query in asked}
    assert all(query.need == needs[query.topic] for query in asked), "one topic, one need: judgements are shared"
    for query in asked:
        parse(query.text)


def test_the_blind_set_asks_for_other_needs() -> None:
    asked = tables.queries(tables.BLIND_QUERIES)
    assert len({query.topic for query in asked}) == 40
    assert {query.language for query in asked} == set(tables.LANGUAGES)
    first = tables.queries()
    assert not {query.topic for query in asked} & {query.topic for query in first}
    assert not {query.text for query in asked} & {query.text for query in first}
    for query in asked:
        parse(query.text)


@pytest.mark.parametrize("name", sorted(tables.SETS))
def test_every_judgement_belongs_to_what_is_asked(name: str) -> None:
    chosen = tables.SETS[name]
    known = {query.topic for query in tables.queries(chosen.queries)}
    assert set(tables.judgements(chosen.judgements)) <= known


def test_judgements_are_read_as_written_and_wrong_ones_refused(tmp_path: Path) -> None:
    """Shown to fail without the two checks."""
    path = tmp_path / "judgements.tsv"
    assert tables.judgements(path) == {}
    given = {"toy": {"b:2": 0, "a:1": 3}, "cot": {"a:1": 2}}
    tables.write_judgements(given, path)
    assert tables.judgements(path) == given
    assert path.read_text(encoding="utf-8").splitlines()[1] == "cot\ta:1\t2"
    for wrong in ("toy\ta:1\t4", "toy\ta:1\t1\ntoy\ta:1\t2", "toy\ta:1"):
        path.write_text(f"topic\tnotice\tgrade\n{wrong}\n", encoding="utf-8")
        with pytest.raises(ValueError, match=r"judgements\.tsv"):
            tables.judgements(path)


def test_what_judges_gave_is_taken_whole_or_refused(tmp_path: Path) -> None:
    """Shown to fail without the check for documents that were left out."""
    given, made = tmp_path / "judged_1.tsv", tmp_path / "pool_1.jsonl"
    made.write_text('{"topic": "toy", "docs": [{"n": 1, "id": "a:1"}, {"n": 2, "id": "b:2"}]}\n', encoding="utf-8")
    given.write_text("toy\t2\t0\ntoy\t1\t3\n", encoding="utf-8")
    assert judged.read(made, given) == {"toy": {"a:1": 3, "b:2": 0}}
    for wrong in ("toy\t1\t3", "toy\t1\t3\ntoy\t2\t4", "toy\t1\t3\ntoy\t2\t0\ntoy\t2\t1", "cot\t1\t3", "toy"):
        given.write_text(wrong, encoding="utf-8")
        with pytest.raises(ValueError, match=r"judged_1\.tsv"):
            judged.read(made, given)


def test_a_pool_is_the_first_of_each_once_in_an_order_that_hides_the_systems() -> None:
    """Shown to fail when the rankings are put one behind the other: the order then depends on which system is asked first."""
    one, two = [f"a{n}" for n in range(30)], [f"a{n}" for n in range(15, 45)]
    found = pool.merged([one, two], 20, "seed")
    assert sorted(found) == sorted({*one[:20], *two[:20]})
    assert found == pool.merged([two, one], 20, "seed")
    assert found != pool.merged([one, two], 20, "other seed")
    assert set(pool.merged([one, two], 20, "seed", judged={"a0"})) == set(found) - {"a0"}


def test_an_excerpt_shows_the_beginning_and_the_passage_that_matters() -> None:
    text = "The product is a lamp. " + "filler " * 300 + "The wiring has lead in it. " + "filler " * 300
    found = pool.excerpt(text, {"lead"}, 400)
    assert found.startswith("The product is a lamp.")
    assert "lead in it" in found
    assert len(found) <= 400
    assert pool.excerpt("short", {"lead"}, 400) == "short"


def test_parts_are_of_about_one_size_and_keep_a_query_whole() -> None:
    lines = [{"topic": f"q{n:02}", "docs": ["x" * (n * 37 % 101 + 20)]} for n in range(40)]
    dealt = pool.parts(lines)
    assert sorted(line["topic"] for part in dealt for line in part) == [line["topic"] for line in lines]
    sizes = [sum(len(str(line)) for line in part) for part in dealt]
    assert max(sizes) - min(sizes) < 200


def test_trigram_terms() -> None:
    """Runs without spaces are asked by their trigrams; what is too short for the index stands apart."""
    assert systems.trigram_terms("USB charger in EU") == (["USB", "charger"], ["in", "EU"])
    assert systems.trigram_terms("锂电池召回 茶叶") == (["锂电池", "电池召", "池召回"], ["茶叶"])
    assert systems.trigram_terms("G/TBT/N/EU/1188") == (["G/TBT/N/EU/1188"], [])


def test_the_choice_depends_on_seed_and_ids_alone(a_notice: Notice) -> None:
    """Shown to fail with a choice in the order given."""
    given = [
        a_notice.model_copy(update={"id": f"x:{n}", "source": "eu_safety_gate", "language": "en"}) for n in range(4_000)
    ] + [a_notice.model_copy(update={"id": "x:ja", "source": "eu_safety_gate", "language": "ja"})]
    first = [notice.id for notice in choose(given, 1)]
    assert first == [notice.id for notice in choose(reversed(given), 1)]
    assert len(first) == 3_001
    assert "x:ja" in first
    assert fingerprint(first) == fingerprint(reversed(first)) != fingerprint(n.id for n in choose(given, 2))


@pytest.fixture
def a_notice() -> Notice:
    return Notice.model_validate(
        {
            "id": "x:1",
            "source": "eu_safety_gate",
            "market": "EU",
            "kind": "recall",
            "authority": "A",
            "title": "T",
            "published": "2026-01-01",
            "provenance": {
                "url": "https://example.org",
                "fetched_at": "2026-01-01T00:00:00Z",
                "body_sha256": "0" * 64,
                "source_version": "1",
            },
        }
    )
