"""The shared analysis and the arrays it fills: terms every tokenizer keeps whole, postings and scores against plain definitions."""

from __future__ import annotations

import math
import re
import sqlite3

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.analysis import GAP, MAX_TERM, Concepts, alternatives, concept_term, stems, surface, tokens
from index.columns import top
from index.documents import MAX_TERMS, document
from index.highlight import highlights
from index.plan import plan
from index.postings import Postings, idf, invert, length_codes, phrase, scores
from index.query import parse
from index.suggest import distance, nearest
from nlp.gazetteer import Gazetteer
from nlp.text import fold

TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], max_codepoint=0x2FFFF) | st.sampled_from("锂电池テスト茶 ab'sé٣ـ-_."),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_terms_come_back_whole_from_both_tokenizers(text: str) -> None:
    words = surface(fold(text).text)
    for word in (*words, *stems(words, "en"), *stems(words, "fr-CA"), *stems(words, "ar")):
        assert word
        assert len(word) <= MAX_TERM
        assert GAP not in word
        assert word.split() == [word]  # Elasticsearch's whitespace tokenizer
        assert not re.search(r"[\x00-\x2f\x3a-\x60\x7b-\x7f]", word), (
            word
        )  # FTS5's ascii tokenizer keeps what is not ASCII
    assert [token.text for token in tokens(fold(text).text)] == words


def test_fts5_keeps_terms_whole() -> None:
    database = sqlite3.connect(":memory:")
    database.execute("""CREATE VIRTUAL TABLE t USING fts5(w, tokenize="ascii tokenchars '_'")""")
    database.execute("CREATE VIRTUAL TABLE v USING fts5vocab(t, 'row')")
    words = surface(fold("锂电池 Überprüfung β-Carotin テスト 𠮷野家 مستحضرات 12.5kg").text)
    database.execute("INSERT INTO t VALUES (?)", (" ".join((*words, concept_term("lithium_battery"), GAP)),))
    assert {row[0] for row in database.execute("SELECT term FROM v")} == {*words, "c_lithium_battery", GAP}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Lithium-ion batteries", ["lithium", "ion", "batteries"]),
        ("children's toys", ["children", "toys"]),
        ("锂电池USB", ["锂电", "电池", "池", "usb"]),
        ("鋰電池", ["锂电", "电池", "池"]),
        ("茶", ["茶"]),
        ("2023/1542 8507.60", ["2023", "1542", "8507", "60"]),
        ("مُستحضَرات", ["مستحضرات"]),
        ("ｆｕｌｌ－ｗｉｄｔｈ", ["full", "width"]),
        ("x" * 100, ["x" * MAX_TERM]),
    ],
)
def test_surface(text: str, expected: list[str]) -> None:
    assert surface(fold(text).text) == expected


def test_stems_are_of_the_documents_language_and_a_query_asks_for_all() -> None:
    assert stems(["jouets", "batteries"], "fr-FR") == ["jouet", "batter"]
    assert stems(["batteries"], "de") == ["batteri"]
    assert set(alternatives(["batteries"])) == {("batteri",), ("batter",)} | {tuple(stems(["batteries"], "es"))}
    assert alternatives(["8507"]) == (("8507",),)
    assert stems(["المنتجات"], "en") == stems(["المنتجات"], "ar") == ["منتج"]


def test_concepts_inside_a_longer_one_count_too(gazetteer: Gazetteer) -> None:
    concepts = Concepts(gazetteer)
    assert sorted(concepts.all("battery charger")) == ["battery", "charger"]
    assert concepts.all("lithium-ion cell") == ["lithium_battery"]
    assert len({concept_term(c) for c in ("a.b", "a_b", "a:b", "ab")}) == 4


# --- postings ---------------------------------------------------------------------------------------------------------

DOCUMENTS = st.lists(st.lists(st.sampled_from("abcd"), max_size=12), min_size=1, max_size=12)


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS, st.lists(st.sampled_from("abcd"), min_size=1, max_size=3), st.integers(1, 11))
def test_postings_and_phrases_are_what_they_mean(documents: list[list[str]], sought: list[str], cut: int) -> None:
    """Built in two segments and joined, as an index is: occurrences equal those counted by hand."""
    parts = [dict(invert(documents[:cut], 1)), dict(invert(documents[cut:], cut + 1))]
    index = {
        term: Postings.joined([part[term] for part in parts if term in part])
        for term in {*parts[0], *parts[1], *sought}
    }
    for term, found in index.items():
        expected = {n: words.count(term) for n, words in enumerate(documents, 1) if term in words}
        assert dict(zip(found.docs.tolist(), found.counts.tolist(), strict=True)) == expected
        assert found.places.tolist() == [i for words in documents for i, word in enumerate(words) if word == term]
    found = phrase([index[term] for term in sought])
    size = len(sought)
    expected = {}
    for n, words in enumerate(documents, 1):
        times = sum(words[i : i + size] == sought for i in range(len(words) - size + 1))
        if times:
            expected[n] = times
    assert dict(zip(found.docs.tolist(), found.counts.tolist(), strict=True)) == expected


def test_merged_postings_are_of_any_of_the_terms() -> None:
    index = dict(invert([["a1", "a2", "b"], ["a2", "a2"], ["b"]], 1))
    merged = Postings.merged([index["a2"], index["a1"]])
    assert (merged.docs.tolist(), merged.counts.tolist(), merged.places.tolist()) == ([1, 2], [2, 2], [0, 1, 0, 1])
    assert phrase([merged, index["b"]]).docs.tolist() == [1]
    assert Postings.merged([]).docs.tolist() == []


def test_scores_are_bm25() -> None:
    found = Postings(np.array([1, 2], np.uint32), np.array([1, 3], np.uint16), np.empty(0, np.uint16))
    got = scores(found, idf(10, 2), length_codes([10, 20]), 15.0)
    for value, tf, length in zip(got, (1, 3), (10, 20), strict=True):
        expected = math.log(1 + 8.5 / 2.5) * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * length / 15))
        assert value == pytest.approx(expected, rel=1e-5)


def test_lengths_are_kept_in_a_byte_as_lucene_does() -> None:
    assert length_codes([0, 1, 39, 40, 41, 42, 1000, 60_000]).tolist() == [0, 1, 39, 40, 40, 41, 87, 134]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers()), max_size=200), st.integers(0, 30))
def test_the_first_k_are_those_of_a_full_sort(rows: list[tuple[int, int, int]], k: int) -> None:
    columns = [np.array([row[i] for row in rows], np.int64 if i < 2 else np.float64) for i in range(3)]
    keys = [lambda at, column=column: column[at] for column in columns]
    got = top(len(rows), keys, k)
    as_rows = [tuple(column[i] for column in columns) for i in got.tolist()]
    assert as_rows == sorted(zip(*(column.tolist() for column in columns), strict=True))[:k]


# --- words spelt nearly the same, passages -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "apart"),
    [("lithium", "lithium", 0), ("lithum", "lithium", 1), ("lihtium", "lithium", 1), ("tea", "toys", 3)],
)
def test_distance(a: str, b: str, apart: int) -> None:
    assert distance(a, b, 2) == min(apart, 3)
    assert distance(b, a, 2) == min(apart, 3)


def test_the_nearest_then_the_commonest_word() -> None:
    vocabulary = [("lithium", 5), ("lithiums", 9), ("lithic", 99), ("titanium", 3)]
    assert nearest("lithum", vocabulary, 3) == [("lithium", 5), ("lithic", 99), ("lithiums", 9)]


def test_a_document_of_any_size_keeps_its_limits(make_alert: object, gazetteer: Gazetteer) -> None:
    huge = make_alert("huge", title="Huge", text="电池安全" * 40_000)  # type: ignore[operator]
    flat = document(huge, Concepts(gazetteer))
    assert MAX_TERMS <= flat.terms.count(" ") < MAX_TERMS + 100
    assert (
        max(map(len, highlights(huge, plan(parse("安全"), Concepts(gazetteer)), Concepts(gazetteer))[0].text.split()))
        <= 260
    )


@settings(max_examples=60, deadline=None)
@given(text=st.text(st.sampled_from("锂电池 fire burns É'\u0301\u200b茶A. "), max_size=600))
def test_marks_lie_inside_their_passage(text: str, gazetteer: Gazetteer, make_alert: object) -> None:
    alert = make_alert("a", title="Title", summary=text)  # type: ignore[operator]
    concepts = Concepts(gazetteer)
    for shown in highlights(alert, plan(parse("锂电池 OR fire OR 茶"), concepts), concepts, "zh"):
        assert shown.text in (
            alert.notice.title,
            *([text] if len(text) < 500 else []),
            text[text.find(shown.text) :][: len(shown.text)],
        )
        assert shown.marks
        for start, end in shown.marks:
            assert 0 <= start < end <= len(shown.text)
