"""Folding: one normal form in every script, and from any span of it the authority's own words."""

from __future__ import annotations

import itertools
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.text import fold, for_folded, language_of, scripts

#: Every way the scripts of our sources can break alignment: marks, ligatures, widths, controls, astral signs, surrogates.
_SIGNS = st.sampled_from(
    [
        *"aZé ßﬁİıÆ℃½①㎏…ﷺ鋰电電池ﾊﾞッテリーバヴあーがｶﾞأإةىـَّ٨۸ \u0327\u0301\u200b\u200f\u202e\u2066\ufeff\xa0\t\n\r\x00\x01\x7f",
        *"–“”’・·𠮷😀한й\ufdd0\uffff\ufffe|-",
        *("e\u0301", "か\u3099", "\ud800", "\udfff", "  ", "\u0301" * 20),
    ]
)
TEXTS = st.one_of(st.text(max_size=80), st.lists(_SIGNS, max_size=40).map("".join))


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ＨＳ code 8507", "hs code 8507"),
        ("ÉTIQUETAGE énergétique", "etiquetage energetique"),
        ("e\u0301tiquetage", "etiquetage"),
        ("İSTANBUL ısı", "istanbul isi"),
        ("Straße, Æther, ﬁre", "strasse, aether, fire"),
        ("60 ℃ ½ ㎏", "60 °c 1⁄2 kg"),
        ("鋰電池（臺灣）", "锂电池(台湾)"),
        ("ﾘﾁｳﾑ電池", "りちうむ电池"),
        ("バッテリー", "ばつてり"),
        ("バッテリーパック", "ばつてりーぱつく"),
        ("カード", "かーど"),
        ("リチウム・イオン", "りちうむ いおん"),
        ("الأجهزة الكهربائيّة", "الاجهزه الكهرباييه"),
        ("بطاريـــة", "بطاريه"),
        ("٨٥٠٧ و ۸۵۰۷", "8507 و 8507"),
        ("\u202eabc\u202c \u200fdef", "abc def"),
        ("soft\u00adware co\u200bde", "software code"),
        ("line\r\nbreak\t tab", "line break tab"),
        ("“l’étude” – fin", '"l\'etude" - fin'),
        ("й та ї", "й та ї"),
        ("\ud800x\udfff", " x "),
    ],
)
def test_one_form_for_every_way_of_writing(text: str, folded: str) -> None:
    assert fold(text).text == folded


@pytest.mark.parametrize(
    ("text", "part", "words"),
    [
        ("Recall of ＬＩＴＨＩＵＭ batteries", "lithium", "ＬＩＴＨＩＵＭ"),
        ("某品牌鋰電池回收", "锂电池", "鋰電池"),
        ("これはモバイルバッテリーです", "もばいるばつてり", "モバイルバッテリ"),
        ("ﾓﾊﾞｲﾙﾊﾞｯﾃﾘｰ", "もばいるばつてり", "ﾓﾊﾞｲﾙﾊﾞｯﾃﾘ"),
        ("من الأجهزة الكهربائيّة", "الكهرباييه", "الكهربائيّة"),
        ("the e\u0301\u0323tiquette", "etiquette", "e\u0301\u0323tiquette"),
        ("at 60 ℃ max", "°c", "℃"),
        ("a\u202eb\u202c  c", "b c", "b\u202c  c"),
        ("😀 toy 😀", "toy", "toy"),
    ],
)
def test_a_span_leads_back_to_the_words_as_written(text: str, part: str, words: str) -> None:
    folded = fold(text)
    start = folded.text.index(part)
    first, last = folded.origin(start, start + len(part))
    assert text[first:last] == words


@given(TEXTS)
def test_the_way_back_is_whole_ordered_and_inside(text: str) -> None:
    """Shown to fail when a folded cluster is taken to align with its source sign by sign."""
    folded = fold(text)
    ends = [folded.origin(i, i + 1) for i in range(len(folded.text))]
    assert all(0 <= first < last <= len(text) for first, last in ends)
    assert [first for first, _ in ends] == sorted(first for first, _ in ends)
    for (first, last), (following, end) in itertools.pairwise(ends):
        assert following >= last or (following, end) == (first, last)  # apart, or both of one piece
    if folded.text:
        assert folded.origin(0, len(folded.text)) == (ends[0][0], ends[-1][1])


@given(TEXTS, st.integers(0, 200), st.integers(0, 200))
def test_folding_the_words_of_a_span_gives_the_span(text: str, one: int, other: int) -> None:
    folded = fold(text)
    start, end = sorted((min(one, len(folded.text)), min(other, len(folded.text))))
    first, last = folded.origin(start, end)
    again = fold(text[first:last]).text
    # The long-vowel mark falls at the end of a word only: at a cut it may be there or not.
    assert folded.text[start:end].replace("ー", "").strip() in again.replace("ー", "")


@given(TEXTS)
def test_a_folded_text_holds_nothing_that_folding_removes(text: str) -> None:
    folded = fold(text).text
    for sign in folded:
        assert unicodedata.category(sign) not in {"Cc", "Cf", "Cs"}, hex(ord(sign))
    assert "  " not in folded
    assert fold(folded).text == folded


@given(st.lists(st.text(max_size=20), max_size=5))
def test_texts_joined_by_a_bar_fold_as_each_alone(texts: list[str]) -> None:
    """The gazetteer folds all its terms in one go (`nlp.gazetteer.folded_terms`)."""
    clean = [text.replace("|", "").strip() for text in texts]
    clean = [text for text in clean if text and unicodedata.combining(text[0]) == 0]
    assert [part.strip() for part in fold("|".join(clean)).text.split("|")] == [
        fold(text).text.strip() for text in clean or [""]
    ]


@pytest.mark.parametrize(("start", "end"), [(-1, 1), (2, 1), (0, 99)])
def test_a_span_outside_the_text_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="no such span"):
        fold("abc é").origin(start, end)


def test_thousands_of_marks_on_one_letter_are_folded_in_pieces() -> None:
    """CPython sorts combining marks in quadratic time: with clusters uncut this is not done after 100 s."""
    folded = fold("e" + "\u0301\u0323" * 100_000 + " end")
    assert folded.text == "e end"


def test_patterns_for_folded_text_are_written_in_the_letters_of_their_language() -> None:
    """検 stays and 査 does not, ئ is ي: patterns in measures and codes kept such letters and never matched."""
    assert for_folded("検査命令|لائحة|バッテリ").search(fold("検査命令").text)
    assert for_folded("لائحة").search(fold("اللائحة الفنية").text)
    assert for_folded("バッテリ").search(fold("モバイルバッテリー").text)
    assert for_folded("[–～]").pattern == "[–～]"  # signs stay: folded, these would be the range --~


# --- languages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "declared", "language"),
    [
        ("锂电池召回", "en", "zh"),
        ("リチウム電池の回収", "zh", "ja"),
        ("回収", "ja", "ja"),
        ("بطاريات", "en", "ar"),
        ("отзыв продукции", "en", "ru"),
        ("Recall of the batteries and the chargers for the car", "zh", "en"),
        ("Le rappel des batteries et les chargeurs pour la voiture", "en", "fr"),
        ("Baterías para el coche y los cargadores de la casa con luz", "en", "es"),
        ("Batarya ve bir araç için bu ürün ile", "en", "tr"),
        ("锂电池 SFP", "zh-CN", "zh-CN"),
        ("8507.60", "ja", "ja"),
        ("8507.60", "", "und"),
        ("", "zh", "zh"),
        ("", "", "und"),
        ("batteries", "xx-nonsense", "xx-nonsense"),
    ],
)
def test_a_wrong_language_tag_is_corrected_by_the_script(text: str, declared: str, language: str) -> None:
    assert language_of(text, declared) == language


def test_scripts_are_counted_most_frequent_first() -> None:
    assert list(scripts("リチウム電池 SFP")) == ["Kana", "Latin", "Han"]
    assert scripts("8507.60 – ()") == {}


@settings(max_examples=50)
@given(TEXTS, st.text(max_size=10))
def test_any_text_and_tag_give_a_language(text: str, declared: str) -> None:
    assert language_of(text, declared) or not declared
