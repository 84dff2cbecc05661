"""The shared analysis and the arrays it fills: terms every tokenizer keeps whole, postings and scores against plain definitions."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.analysis import GAP, MAX_TERM, Concepts, alternatives, concept_term, literals, stems, surface, tokens
from index.columns import top
from index.documents import MAX_TERMS, document
from index.highlight import highlights
from index.plan import plan
from index.postings import (
    FIRST_PLACE,
    PART,
    PIECE,
    SLOT,
    STEP,
    Bits,
    by_document,
    counted,
    end_of,
    followed,
    idf,
    invert,
    length_codes,
    norms,
    owned,
    owners,
    scores,
    shifted,
)
from index.query import parse
from index.sets import among, common, inside, marked, united
from index.suggest import distance, nearest
from nlp.gazetteer import Gazetteer
from nlp.text import fold

TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], max_codepoint=0x2FFFF) | st.sampled_from("锂电池テスト茶 ab'sé٣ـ-_."),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_terms_come_back_whole_from_the_tokenizer(text: str) -> None:
    words = surface(fold(text).text)
    for word in (*words, *stems(words, "en"), *stems(words, "fr-CA"), *stems(words, "ar")):
        assert word
        assert len(word) <= MAX_TERM
        assert GAP not in word
        assert word.split() == [word]  # Elasticsearch's whitespace tokenizer
        assert not re.search(r"[\x00-\x2f\x3a-\x60\x7b-\x7f]", word), word  # no sign that marks another sort of term
    assert [token.text for token in tokens(fold(text).text)] == words


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


def test_a_word_that_no_language_stems_is_its_own_term() -> None:
    assert literals(["batteries", "of", "8507", "b12", "锂电", "المنتجات", "größe"]) == [
        "=batteries",
        "=of",
        "",
        "",
        "",
        "=المنتجات",
        "",
    ]
    for word in ("8507", "b12", "锂电", "größe"):
        assert {stems([word], language)[0] for language in ("en", "fr", "es", "ar", "zh")} == {word}


def test_concepts_inside_a_longer_one_count_too(gazetteer: Gazetteer) -> None:
    concepts = Concepts(gazetteer)
    assert sorted(concepts.all("battery charger")) == ["battery", "charger"]
    assert concepts.all("lithium-ion cell") == ["lithium_battery"]
    assert len({concept_term(c) for c in ("a.b", "a_b", "a:b", "ab")}) == 4


# --- postings ---------------------------------------------------------------------------------------------------------

TEXT = st.tuples(st.integers(1, 4), st.lists(st.sampled_from("abcd"), max_size=8))
DOCUMENTS = st.lists(st.lists(TEXT, max_size=3), min_size=1, max_size=10)


def _as_texts(document: list[tuple[int, list[str]]]) -> list[tuple[int, list[str], list[str]]]:
    """The second list: capitals for a and b; c and d have no term of their own as they stand."""
    return [(weight, words, [word.upper() if word in "ab" else "" for word in words]) for weight, words in document]


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS, st.lists(st.sampled_from("abcdAB"), min_size=1, max_size=3))
def test_postings_and_phrases_are_what_they_mean(
    documents: list[list[tuple[int, list[str]]]], sought: list[str]
) -> None:
    """Occurrences equal those counted by hand; a phrase stands within one text, and counts as often as that."""
    texts = [_as_texts(document) for document in documents]
    rows, slots = invert(texts, 1)
    index = dict(rows)
    owner = owners(slots, 1)
    assert list(index) == sorted(index)
    assert "" not in index
    assert slots.tolist() == [-(-sum(len(words) + 1 for _, words in document) // SLOT) for document in documents]
    assert end_of(slots) == len(owner) * SLOT
    for term, found in index.items():
        side = 2 if term.isupper() else 1
        standing = [
            n for n, document in enumerate(texts, 1) for text in document for _ in range(text[side].count(term))
        ]
        assert owned(found.places, owner).tolist() == standing
        assert found.docs.tolist() == sorted(set(standing))
        if side == 1:
            expected = {n: sum(weight * words.count(term) for weight, words, _ in texts[n - 1]) for n in standing}
            assert dict(zip(found.docs.tolist(), found.counts.tolist(), strict=True)) == expected
    places = index[sought[0]].places if sought[0] in index else np.empty(0, np.int32)
    for at, term in enumerate(sought):
        places = followed(places, index[term].places, at) if term in index else places[:0]
    docs, counts = by_document(places, owner)
    expected_phrase = {}
    for n, own in enumerate(texts, 1):
        times = sum(
            text[0] * all(term in (text[1][at + i], text[2][at + i]) for i, term in enumerate(sought))
            for text in own
            for at in range(len(text[1]) - len(sought) + 1)
        )
        if times:
            expected_phrase[n] = times
    assert dict(zip(map(int, docs), map(int, counts), strict=True)) == expected_phrase


@settings(max_examples=100, deadline=None)
@given(
    st.sets(st.integers(1, 400)), st.sets(st.integers(1, 400), min_size=1), st.integers(-3, 3)
)  # 22 places: a dense term
def test_places_are_found_alike_in_a_list_and_in_bits(wanted: set[int], places: set[int], distance: int) -> None:
    a, b = (np.array(sorted((FIRST_PLACE + n) * STEP for n in side), np.int32) for side in (wanted, places))
    expected = [(FIRST_PLACE + n) * STEP for n in sorted(wanted) if n + distance in places]
    assert followed(a, b, distance).tolist() == followed(a, Bits.of(b), distance).tolist() == expected


def test_very_many_places_are_found_piece_by_piece() -> None:
    """Places over several pieces of bits, asked for in several parts. Shown to fail: an octet too few of each piece."""
    chance = np.random.default_rng(3)
    there, asked = (np.unique(chance.integers(0, 3 * PIECE, 2 * PART)) for _ in range(2))
    a, b = (((FIRST_PLACE + numbers) * STEP).astype(np.int32) for numbers in (asked, there))
    expected = [(FIRST_PLACE + n) * STEP for n in sorted(set(asked.tolist()) & {n + 2 for n in there.tolist()})]
    assert followed(a, Bits.of(b), -2).tolist() == followed(a, b, -2).tolist() == expected


@settings(max_examples=100, deadline=None)
@given(st.sets(st.integers(0, 900)), st.sets(st.integers(0, 900)), st.sampled_from([1, 30]))
def test_sets_of_numbers(some: set[int], others: set[int], thin: int) -> None:
    """As Python's sets have them; thinned out, one is so much the longer that the other one is looked up in it."""
    few = set(sorted(others)[::thin])
    a, b = (np.array(sorted(side), np.uint32) for side in (some, few))
    assert inside(a, b).tolist() == [n in few for n in a.tolist()]
    assert inside(b, a).tolist() == [n in some for n in b.tolist()]
    assert united([a, b, a]).tolist() == sorted(some | few)
    for which in (among, marked):
        assert which(a, b).tolist() == [n in few for n in a.tolist()]
        assert which(np.repeat(a, 2) if which is marked else a, b).sum() == len(some & few) * (1 + (which is marked))
    assert common(a, b).tolist() == common(b, a).tolist() == sorted(some & few)


@pytest.mark.parametrize("most", [1, 2_000])
def test_what_long_texts_count(most: int) -> None:
    """Documents of many slots, of one and of none, and a term that stands once in each or often: as counted one by one."""
    chance = np.random.default_rng(7)
    documents = [
        [(int(chance.integers(1, 5)), ["a"] * n, [""] * n) for n in chance.integers(0, most + 1, chance.integers(0, 3))]
        for _ in range(300)
    ]
    rows, slots = invert(documents, 5)
    expected = {n: sum(weight * len(words) for weight, words, _ in own) for n, own in enumerate(documents, 5)}
    docs, counts = by_document(rows[0][1].places, owners(slots, 5))
    assert dict(zip(docs.tolist(), counts.tolist(), strict=True)) == {
        n: count for n, count in expected.items() if count
    }
    assert rows[0][1].docs.tolist() == docs.tolist()


def test_a_segment_laid_behind_another_keeps_its_phrases() -> None:
    before = np.array([2, 1], np.uint32)
    rows, slots = invert([[(3, ["a", "b"], ["", ""])]], 7)
    by = end_of(before) - FIRST_PLACE
    places = {term: np.frombuffer(shifted(found.places.tobytes(), by), np.int32) for term, found in rows}
    found = by_document(followed(places["a"], places["b"], 1), owners(np.concatenate((before, slots)), 5))
    assert [array.tolist() for array in found] == [[7], [3]]
    assert places["a"].tolist() == [(FIRST_PLACE + 3 * SLOT) * STEP + 2]


def test_the_dead_are_left_out() -> None:
    rows, slots = invert([[(1, ["a", "a"], ["", ""])], [(1, ["a"], [""])]], 1)
    found = dict(rows)["a"]
    left = found.without(np.array([1], np.uint32), owners(slots, 1))
    assert [array.tolist() for array in (left.docs, left.counts)] == [[2], [1]]
    assert left.places.tolist() == found.places.tolist()[2:]


def test_terms_that_stand_nowhere_are_counted() -> None:
    rows = dict(counted([[("#x", 0), ("c", 5)], [("c", 2)]], 3))
    assert [rows["c"].docs.tolist(), rows["c"].counts.tolist()] == [[3, 4], [5, 2]]
    assert [rows["#x"].docs.tolist(), rows["#x"].counts.tolist()] == [[3], []]


def test_scores_are_bm25() -> None:
    got = scores(np.array([1, 3], np.uint16), idf(10, 2), norms(length_codes([10, 20]), 15.0))
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


@pytest.mark.parametrize(("values", "days"), [(5_000, 9), (40, 3), (1, 700)])
def test_the_first_k_of_very_many_are_those_of_a_full_sort(values: int, days: int) -> None:
    """Enough of them that whole blocks are passed over; many equal ones, so that the later keys decide."""
    chance = np.random.default_rng(values)
    columns = [chance.integers(0, end, 30_011) for end in (values, days, 1 << 60)]
    keys = [lambda at, column=column: column[at] for column in columns]
    whole = np.lexsort(list(reversed(columns)))
    for k in (1, 20, 117, 200):
        assert top(30_011, keys, k).tolist() == whole[:k].tolist()


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
    assert MAX_TERMS - 10 <= flat.terms.count(" ") <= MAX_TERMS + 100
    assert flat.size == len(flat.terms.split())
    assert len(flat.exact.split()) <= MAX_TERMS
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
