"""The engine as a whole: one pass, however notices are grouped, and every ground on the authority's own words."""

from __future__ import annotations

import gc
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawlers.notice import Notice
from nlp import assess, linear
from nlp.assess import Assessor
from nlp.assessment import Assessment, Evidence
from nlp.gazetteer import Gazetteer

Make = Callable[..., Notice]

#: Words of every kind the engine reads, to be put together into notices nobody wrote.
WORDS = (
    "lithium battery", "power banks", "锂电池", "モバイルバッテリー", "بطاريات الليثيوم", "HS code 8507.60", "税号8703", "ICS 43.120",
    "ban on imports from China", "来自中国", "ブラジル産", "Salmonella", "沙门氏菌", "フタル酸エステル", "type approval", "标签", "検査命令",
    "Regulation (EU) 2023/1542", "choking", "fire", "ＦＵＬＬ", "e\u0301tiquetage", "ﬁre", "ﾘﾁｳﾑ", "\u202eabc\u202c", "℃", "  ", "\n", "😀", "۸۵۰۷",
)  # fmt: skip
TEXT = st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)
KINDS = (
    "notification",
    "rule",
    "recall",
    "refusal",
    "violation",
    "import_alert",
    "consultation",
    "news",
    "border_rejection",
)


@st.composite
def notices(draw: st.DrawFn) -> dict[str, Any]:
    """Fields of a notice (for `make_notice`)."""
    return {
        "title": draw(TEXT.filter(str.strip)) if draw(st.booleans()) else draw(st.text(min_size=1, max_size=40).filter(str.strip)),
        "summary": draw(TEXT),
        "text": draw(TEXT),
        "products_text": draw(TEXT),
        "kind": draw(st.sampled_from(KINDS)),
        "source": draw(st.sampled_from(["xx_test", "eu_rasff", "us_cpsc", "eu_safety_gate", "wto_eping_bulk"])),
        "id": draw(st.sampled_from(["xx_test:1", "eu_rasff:1", "us_openfda:1", "eu_safety_gate:7"])),
        "language": draw(st.sampled_from(["en", "zh", "ja", "ar", "xx"])),
        "hs_codes": tuple({"code": code} for code in draw(st.lists(st.sampled_from(["0902", "8507600090", "854140"]), max_size=2))),
        "origins": tuple(draw(st.lists(st.sampled_from(["CN", "VN"]), max_size=1))),
        "stated": draw(st.sampled_from([{}, {"riskType": ("Fire",), "level": "Serious risk"}, {"RISK_DECISION_DESC": "serious"}])),
    }  # fmt: skip


def evidence_of(value: Any) -> Iterator[Evidence]:
    """Every evidence of a record, wherever it stands."""
    if isinstance(value, Evidence):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from evidence_of(item)
    elif hasattr(type(value), "model_fields"):
        for name in type(value).model_fields:
            yield from evidence_of(getattr(value, name))


def says_so(evidence: Evidence) -> None:
    """The words of the evidence are of what it is evidence for: the concept, the code, China."""
    gazetteer = Gazetteer.load()
    if evidence.why in gazetteer:
        assert evidence.why in gazetteer.concepts_of_query(evidence.text), evidence
    elif evidence.why.startswith(("HS", "ICS")):
        assert any(sign.isdecimal() for sign in evidence.text), evidence
    elif evidence.why == "China":
        assert "china" in evidence.text.lower() or "中国" in evidence.text, evidence


def mixed(make_notice: Make) -> list[Notice]:
    """Notices of several kinds, languages and sources, one a family of addenda, more than a batch."""
    texts = [" ".join(WORDS[(i * 7 + k * 3) % len(WORDS)] for k in range(1 + i % 9)) for i in range(assess.BATCH + 44)]
    return [
        make_notice(
            text.strip() or "empty",
            id=f"xx_test:{number}",
            kind=KINDS[number % len(KINDS)],
            summary=texts[number * 5 % len(texts)],
            symbol="" if number % len(KINDS) else f"G/TBT/N/XX/{number}",
            parent_symbol="G/TBT/N/XX/0"
            if number % 11 == 3 and KINDS[number % len(KINDS)] in {"notification", "rule"}
            else "",
            hs_codes=({"code": "850760"},) if number == 0 else (),
        )
        for number, text in enumerate(texts)
    ]


# --- one pass ---------------------------------------------------------------------------------------------------------


def test_a_batch_gives_what_one_by_one_gives(assessor: Assessor, make_notice: Make) -> None:
    """Shown to fail when a row's length is taken over the batch instead of over the row (`features.weighted`)."""
    listed = mixed(make_notice)
    together = list(assessor.assess_all(listed, run="r"))
    assert together == [assessor.assess(notice, run="r") for notice in listed]
    assert list(assessor.assess_all(reversed(listed), run="r")) == together[::-1]


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(notices(), min_size=1, max_size=5))
def test_an_opinion_does_not_depend_on_its_neighbours(
    assessor: Assessor, make_notice: Make, fields: list[dict[str, Any]]
) -> None:
    listed = [make_notice(**field) for field in fields]
    assert assessor.assess_batch(listed, [None] * len(listed)) == [assessor.assess(notice) for notice in listed]


def test_a_stream_is_read_one_batch_ahead(assessor: Assessor, make_notice: Make) -> None:
    """Memory is one batch: the second is not asked for before the first has been handed out."""
    asked = 0

    def stream() -> Iterator[Notice]:
        nonlocal asked
        while True:
            asked += 1
            yield make_notice(id=f"xx_test:{asked}")

    out = assessor.assess_all(stream())
    for _ in range(assess.BATCH):
        next(out)
    assert asked == assess.BATCH


def test_the_same_twice_is_the_same(assessor: Assessor, make_notice: Make) -> None:
    listed = mixed(make_notice)[:200]
    again = Assessor()
    assert list(again.assess_all(listed)) == list(assessor.assess_all(listed))


def test_the_collector_is_left_as_it_was(assessor: Assessor, make_notice: Make) -> None:
    assert gc.isenabled()
    assessor.assess(make_notice())
    assert gc.isenabled()
    gc.disable()
    try:
        assessor.assess(make_notice())
        assert not gc.isenabled()
    finally:
        gc.enable()


# --- grounds ----------------------------------------------------------------------------------------------------------


@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(notices())
def test_every_span_points_at_the_authority_s_own_words(
    assessor: Assessor, make_notice: Make, fields: dict[str, Any]
) -> None:
    """Shown to fail when `Document.evidence` gives places of the folded text instead of the field's own."""
    notice = make_notice(**fields)
    for evidence in evidence_of(assessor.assess(notice)):
        if evidence.field in {"title", "summary", "text", "products_text"}:
            assert evidence.start < evidence.end, evidence
            assert getattr(notice, evidence.field)[evidence.start : evidence.end][:200] == evidence.text, evidence
            says_so(evidence)
        elif evidence.field == "stated":
            values = {v for value in notice.stated.values() for v in (value if isinstance(value, tuple) else (value,))}
            assert any(evidence.text in value for value in values), evidence
        elif evidence.field == "origins":
            assert evidence.text == ", ".join(notice.origins)
        elif evidence.field == "hs_codes":
            assert evidence.text in {code.code for code in notice.hs_codes}


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(notices())
def test_an_assessment_keeps_its_promises(assessor: Assessor, make_notice: Make, fields: dict[str, Any]) -> None:
    notice = make_notice(**fields)
    found = assessor.assess(notice, run="r7")
    assert (found.notice_id, found.notice_hash, found.run) == (notice.id, notice.hash, "r7")
    assert set(found.concepts) <= {concept.id for concept in Gazetteer.load()}
    assert found.products or found.industries or "no_product" in {review.reason for review in found.review}
    assert Assessment.model_validate_json(found.line()) == found, "what is written is what is read"
    assert found.title_zh
    assert found.model.version == assessor.version


def test_one_in_fifty_is_drawn_for_review_by_its_id(assessor: Assessor, make_notice: Make) -> None:
    listed = [make_notice(id=f"xx_test:{number}") for number in range(3000)]
    drawn = [a.notice_id for a in assessor.assess_all(listed) if "random" in {r.reason for r in a.review}]
    assert 30 <= len(drawn) <= 95  # 2 % of 3,000 = 59, four standard deviations either way
    again = [notice for notice in listed if notice.id in set(drawn[:5])]
    assert all("random" in {r.reason for r in assessor.assess(notice).review} for notice in again)


# --- the models -------------------------------------------------------------------------------------------------------


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The shipped models in a folder of our own."""
    return Path(shutil.copytree(linear.FOLDER, tmp_path / "models"))


def test_the_models_are_small_and_no_pickle() -> None:
    """NLP.md: all together ≤ 15 MB. `read` loads with `allow_pickle=False`, so an object array would be refused."""
    files = [path for path in linear.FOLDER.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 15_000_000
    assert {path.suffix for path in files} <= {".npz", ".json"}
    linear.read()


def test_a_tampered_file_is_refused(copied: Path) -> None:
    path = copied / "groups.npz"
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)
    with pytest.raises(linear.ModelError, match=r"groups\.npz.*sha256 differs"):
        linear.read(copied)


def test_a_file_that_is_gone_is_named(copied: Path) -> None:
    (copied / "hazards_food.npz").unlink()
    with pytest.raises(linear.ModelError, match="hazards_food"):
        linear.read(copied)


def test_a_manifest_changed_by_hand_is_refused(copied: Path) -> None:
    path = copied / linear.MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["models"]["groups"]["regimes"].append("xx_trusted")
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(linear.ModelError, match="changed by hand"):
        linear.read(copied)


def test_a_folder_without_models_says_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(linear.ModelError, match="tradewarn train"):
        linear.read(tmp_path)


def test_an_array_of_objects_is_refused_even_with_a_true_digest(copied: Path) -> None:
    """An npz with a pickled object and a manifest that names it: the loader must not run what it holds."""
    path = copied / "groups.npz"
    np.savez(path, weights=np.array([{"a": 1}], dtype=object))
    manifest = json.loads((copied / linear.MANIFEST).read_text(encoding="utf-8"))
    manifest["files"]["groups.npz"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.pop("version")
    digest = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
    (copied / linear.MANIFEST).write_text(json.dumps({"version": digest[:12], **manifest}), encoding="utf-8")
    with pytest.raises(ValueError, match="allow_pickle"):
        linear.read(copied)


@pytest.mark.parametrize(
    ("title", "summary"),
    [("A notice about power", "Bank holidays in May"), ("关于锂", "电池之外的事"), ("Tests of button", "cell phones")],
)
def test_nothing_is_found_across_two_fields(make_notice: Make, title: str, summary: str) -> None:
    """Fails where one space is all that stands between two fields (`BREAK` bare, read as a space): a power bank nobody named."""
    concepts = set(Assessor().assess(make_notice(title=title, summary=summary)).concepts)
    apart = {name for words in (title, summary) for name in Gazetteer.load().concepts_of_query(words)}
    assert concepts <= apart
