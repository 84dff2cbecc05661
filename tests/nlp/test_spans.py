"""Notices as spaCy documents: every quoted ground is a span on the authority's own words, and the engine never loads spaCy."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin

from crawlers.notice import Notice, Provenance
from nlp import spans
from nlp.assess import Assessor
from nlp.assessment import Assessment, Evidence, HazardOpinion, Model

TEXTS = {
    "en": ("Power banks recalled", "The lithium-ion battery can overheat, e.g. while charging, and catch fire. Stop using it."),
    "zh": ("充电宝召回", "锂电池可能过热起火。请立即停止使用。"),
    "ja": ("モバイルバッテリーの回収", "リチウムイオン電池が発火するおそれがあります。使用を中止してください。"),
    "ar": ("سحب بنك الطاقة", "قد تسخن بطارية الليثيوم وتشتعل. توقف عن استخدامها."),
    "tr": ("Taşınabilir şarj cihazı", "Lityum pil aşırı ısınabilir ve yangın çıkarabilir. Kullanmayın."),
    "ko": ("보조배터리 리콜", "리튬 배터리가 과열되어 화재가 발생할 수 있습니다."),
}  # fmt: skip


def a_notice(language: str, title: str = "", summary: str = "", number: int = 1) -> Notice:
    words = TEXTS.get(language, ("", ""))
    return Notice(
        id=f"xx:{language}{number}",
        source="xx_test",
        market="US",
        kind="recall",
        authority="An authority",
        title=title or words[0],
        summary=summary or words[1],
        language=language,
        published=dt.date(2026, 11, 10),
        provenance=Provenance(
            url="https://example.org", fetched_at=dt.datetime(2026, 11, 10, tzinfo=dt.UTC), body_sha256="0" * 64, source_version="1"
        ),
    )  # fmt: skip


def opinion(notice: Notice, *grounds: Evidence) -> Assessment:
    return Assessment(
        notice_id=notice.id,
        notice_hash=notice.hash,
        hazards=tuple(HazardOpinion(hazard="fire", method="extracted", evidence=(one,)) for one in grounds),
        model=Model(name="test", version="1", taxonomy="1"),
    )


@pytest.fixture(scope="module")
def assessor() -> Assessor:
    return Assessor()


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_every_quoted_ground_is_a_span_on_the_original_words(assessor: Assessor, language: str) -> None:
    """Shown to fail: with Chinese and Japanese cut at blanks, the span of 锂电池 was the whole sentence."""
    notice = a_notice(language)
    assessment = assessor.assess(notice)
    doc = spans.annotated(notice, assessment)
    assert doc.text == f"{notice.title}\n{notice.summary}"
    assert len(list(doc.sents)) >= 2
    quoted = [
        (one.hazard, ground.text)
        for one in assessment.hazards
        for ground in one.evidence
        if ground.field in {"title", "summary"} and ground.end > ground.start
    ]
    found = [(span.label_, span.text) for span in doc.spans["hazards"]]
    assert [label for label, _ in found] == [label for label, _ in quoted]
    for (_, whole), (_, ground) in zip(found, quoted, strict=True):
        assert ground in whole
        if language in {"zh", "ja"}:
            assert whole == ground
        elif " " in notice.summary:
            assert len(whole) <= len(ground) + 12  # its words, never the sentence
    if language in {"en", "zh", "ja"}:
        assert quoted
    assert set(doc.spans) == set(spans.GROUPS)


def test_a_ground_that_quotes_no_text_has_no_span_and_one_inside_a_word_is_its_word() -> None:
    notice = a_notice("en", "Chargers", "Overheating.")
    grounds = (
        Evidence(field="stated", text="Fire"),
        Evidence(field="summary", text="heat", start=4, end=8),
        Evidence(field="text", text="gone", start=0, end=4),
    )
    doc = spans.annotated(notice, opinion(notice, *grounds))
    assert [(span.text, span.label_) for span in doc.spans["hazards"]] == [("Overheating", "fire")]


def test_abbreviations_end_no_sentence() -> None:
    doc = spans.annotated(a_notice("en"), opinion(a_notice("en")))
    assert [sent.text.strip() for sent in doc.sents][1].endswith("catch fire.")


def test_what_is_written_is_read_by_spacy_as_it_was_and_the_pairs_pass_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "IN_FILE", 2)
    notices = [a_notice(language, number=n) for n, language in enumerate(["en", "zh", "ja", "en", "ar"])]
    pairs = [
        (7, one, opinion(one, Evidence(field="summary", text=one.summary[2:5], start=2, end=5))) for one in notices
    ]
    assert list(spans.kept(iter(pairs), tmp_path / "docs", "run")) == pairs
    files = sorted((tmp_path / "docs").iterdir())
    assert [path.name for path in files] == ["run-0001.spacy", "run-0002.spacy", "run-0003.spacy"]
    vocab = spacy.blank("xx").vocab
    docs = [doc for path in files for doc in DocBin(store_user_data=True).from_disk(path).get_docs(vocab)]
    assert [(doc.user_data["id"], doc.user_data["language"]) for doc in docs] == [(n.id, n.language) for n in notices]
    for doc, notice in zip(docs, notices, strict=True):
        [span] = doc.spans["hazards"]
        assert (span.label_, notice.summary[2:5].strip() in span.text, doc.has_annotation("SENT_START")) == (
            "fire",
            True,
            True,
        )
    assert list(spans.kept(iter([]), tmp_path / "none", "run")) == []
    assert list((tmp_path / "none").iterdir()) == []


def test_the_engine_and_the_commands_never_load_spacy() -> None:
    """Shown to fail: with the import at the top of nlp/spans.py every command took two seconds and 80 MB more."""
    code = "import sys, nlp.assess, nlp.spans, tradewarn.cli, tradewarn.portal.app; sys.exit('spacy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0
