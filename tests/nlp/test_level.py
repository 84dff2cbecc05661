"""The level rule: FIELD.md's sentences as cases, and what must hold for any input."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.notice import INCIDENT_KINDS, Milestone, Notice, Provenance
from nlp import level
from nlp.assessment import (
    MEASURES,
    IndustryOpinion,
    Level,
    LevelSpan,
    MeasureOpinion,
    ReachOpinion,
    SeverityOpinion,
)

P = dt.date(2026, 11, 2)
PROVENANCE = Provenance(
    url="https://example.org/a",
    fetched_at=dt.datetime(2026, 11, 3, tzinfo=dt.UTC),
    body_sha256="0" * 64,
    source_version="test",
)


def a_notice(**fields: Any) -> Notice:
    base: dict[str, Any] = {
        "id": "test:1",
        "source": "xx_test",
        "market": "US",
        "kind": "notification",
        "authority": "Test authority",
        "title": "Portable power banks",
        "published": P,
        "provenance": PROVENANCE,
    }
    return Notice(**{**base, **fields})


def levels(
    notice: Notice,
    *,
    severity: str = "none",
    measure: str = "information",
    reach: str | None = None,
    industry: str | None = None,
) -> tuple[LevelSpan, ...]:
    return level.time_line(
        notice,
        severity=SeverityOpinion.model_validate({"value": severity}),
        measure=MeasureOpinion.model_validate({"value": measure}),
        reach=ReachOpinion.model_validate({"value": reach}),
        industries=(IndustryOpinion.model_validate({"industry": industry, "method": "stated"}),) if industry else (),
    )


def on(spans: tuple[LevelSpan, ...], date: dt.date) -> str | None:
    span = level.at(spans, date)
    return span.level if span else None


def applies(date: dt.date) -> tuple[Milestone, ...]:
    return (Milestone(kind="application", date=date),)


@pytest.mark.parametrize(("reach", "expected"), [("names_china", "red"), ("all_origins", "red"), (None, "yellow")])
def test_an_adopted_ban_is_red_180_days_ahead_when_it_reaches_china(reach: str | None, expected: str) -> None:
    date = P + dt.timedelta(days=300)
    spans = levels(a_notice(stage="adopted", milestones=applies(date)), measure="ban", reach=reach)
    assert on(spans, P) == "yellow"  # within 365 days, not yet within 180
    assert on(spans, date - dt.timedelta(days=181)) == "yellow"
    assert on(spans, date - dt.timedelta(days=180)) == expected
    assert on(spans, date + dt.timedelta(days=29)) == expected
    assert on(spans, date + dt.timedelta(days=500)) == "green"


def test_a_ban_on_other_origins_is_green_from_the_first_day() -> None:
    spans = levels(a_notice(stage="in_force"), measure="ban", reach="other_origins")
    assert [(span.level, span.grounds) for span in spans] == [("green", ("other_origins",))]


def test_a_draft_is_never_red_and_yellow_only_in_a_key_industry_while_open() -> None:
    deadline = P + dt.timedelta(days=60)
    stones = (Milestone(kind="comment_deadline", date=deadline), Milestone(kind="application", date=deadline))
    draft = a_notice(stage="draft", milestones=stones)
    spans = levels(draft, measure="ban", reach="names_china", industry="nev_battery")
    assert on(spans, deadline) == "yellow"  # the last day still counts
    assert on(spans, deadline + dt.timedelta(days=1)) == "green"
    assert all(span.level != "red" for span in spans)
    assert {span.level for span in levels(draft, measure="ban", reach="names_china", industry="machinery")} == {"green"}


def test_a_draft_without_a_deadline_says_that_sixty_days_were_assumed() -> None:
    spans = levels(a_notice(kind="proposed_rule"), measure="standard", industry="health")
    assert on(spans, P + dt.timedelta(days=60)) == "yellow"
    assert on(spans, P + dt.timedelta(days=61)) == "green"
    assert "未载明评议截止日期" in level.grounds_text(spans[0], "zh")


def test_a_high_incident_of_chinese_origin_is_red_for_thirty_days() -> None:
    spans = levels(a_notice(kind="recall"), severity="high", reach="names_china")
    assert on(spans, P + dt.timedelta(days=30)) == "red"
    assert on(spans, P + dt.timedelta(days=31)) == "yellow"
    assert on(spans, P + dt.timedelta(days=365)) == "green"


def test_a_medium_incident_of_chinese_origin_is_yellow_and_one_of_other_origin_green() -> None:
    assert on(levels(a_notice(kind="refusal"), severity="medium", reach="names_china"), P) == "yellow"
    for reach in ("other_origins", "all_origins", None):
        assert on(levels(a_notice(kind="recall"), severity="high", reach=reach), P) == "green"


def test_an_import_alert_that_reaches_china_is_red_and_steps_down() -> None:
    spans = levels(a_notice(kind="import_alert"), measure="inspection", reach="all_origins")
    assert on(spans, P) == "red"
    assert on(spans, P + dt.timedelta(days=30)) == "yellow"
    assert on(spans, P + dt.timedelta(days=365)) == "green"


def test_a_new_registration_duty_is_red_only_when_it_is_about_goods() -> None:
    date = P + dt.timedelta(days=90)
    act = a_notice(kind="rule", stage="adopted", milestones=applies(date))
    assert on(levels(act, measure="conformity", reach="all_origins", industry="chemicals"), P) == "red"
    assert on(levels(act, measure="conformity", reach="all_origins"), P) == "yellow"


def test_staged_dates_each_raise_the_level_again() -> None:
    first, second = dt.date(2027, 2, 18), dt.date(2029, 8, 18)
    stones = (Milestone(kind="application", date=first), Milestone(kind="application", date=second))
    spans = levels(a_notice(stage="adopted", milestones=stones), measure="standard", reach="all_origins")
    assert on(spans, first) == "yellow"
    assert on(spans, dt.date(2028, 1, 1)) == "green"
    assert on(spans, second - dt.timedelta(days=365)) == "yellow"


def test_what_was_withdrawn_is_green() -> None:
    spans = levels(a_notice(withdrawn=True, stage="in_force"), measure="ban", reach="names_china")
    assert [(span.level, span.grounds) for span in spans] == [("green", ("withdrawn",))]


def test_green_is_always_printed_with_its_caveat() -> None:
    for spans in (levels(a_notice()), levels(a_notice(kind="recall"))):
        assert level.grounds_text(spans[-1], "zh").endswith("不代表合格或安全")
        assert level.grounds_text(spans[-1], "en").endswith("this does not mean conforming or safe")


def test_every_ground_reads_in_both_languages_and_takes_the_same_parameters() -> None:
    for key, (zh, en) in level.GROUNDS.items():
        assert zh, key
        assert en, key
        assert ("{0}" in zh) == ("{0}" in en), key


def test_a_ground_of_a_newer_version_is_printed_as_it_stands() -> None:
    assert level.grounds_text(LevelSpan(level="red", grounds=("analyst says so",)), "zh") == "analyst says so"


@pytest.mark.parametrize("match", ["direct", "broad", "possible"])
def test_your_level_is_never_above_the_base_level(match: level.Match) -> None:
    rank = {"green": 0, "yellow": 1, "red": 2}
    order: list[Level] = ["green", "yellow", "red"]
    seen = [level.your_level(base, match) for base in order]
    assert [rank[str(value)] for value in seen] == sorted(rank[str(value)] for value in seen)
    assert all(rank[str(value)] <= rank[base] for base, value in zip(order, seen, strict=True))


def test_without_a_match_there_is_no_level_of_yours() -> None:
    assert level.your_level("red", None) is None


dates = st.dates()
stones = st.lists(
    st.builds(
        Milestone,
        kind=st.sampled_from(["comment_deadline", "adoption", "entry_into_force", "application", "other"]),
        date=dates,
    ),
    max_size=5,
).map(tuple)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Notice, tuple[LevelSpan, ...]]:
    kind = draw(
        st.sampled_from(
            ["notification", "proposed_rule", "rule", "standard", "recall", "refusal", "import_alert", "news"]
        )
    )
    stage = None
    if kind not in INCIDENT_KINDS:
        stage = draw(st.sampled_from([None, "draft", "adopted", "published", "in_force", "postponed", "withdrawn"]))
    notice = a_notice(
        kind=kind, stage=stage, published=draw(dates), milestones=draw(stones), withdrawn=draw(st.booleans())
    )
    spans = levels(
        notice,
        severity=draw(st.sampled_from(["high", "medium", "low", "none"])),
        measure=draw(st.sampled_from(MEASURES)),
        reach=draw(st.sampled_from([None, "names_china", "all_origins", "other_origins"])),
        industry=draw(st.sampled_from([None, "nev_battery", "other"])),
    )
    return notice, spans


@given(cases(), dates)
def test_the_time_line_is_ordered_contiguous_and_total_after_publication(
    case: tuple[Notice, tuple[LevelSpan, ...]], day: dt.date
) -> None:
    """Shown to fail without `published` among the edges of `_sweep`."""
    notice, spans = case
    assert spans[0].from_ == notice.published
    assert spans[-1].until is None
    for before, after in itertools.pairwise(spans):
        assert before.until == after.from_
        assert (before.level, before.grounds) != (after.level, after.grounds)
    assert all(span.until is None or (span.from_ is not None and span.from_ < span.until) for span in spans)
    assert all(span.grounds for span in spans)
    found = level.at(spans, day)
    assert (found is None) == (day < notice.published)
    for span in spans:
        assert level.grounds_text(span, "zh")
        assert all(ground.partition(":")[0] in level.GROUNDS for ground in span.grounds)


@given(cases())
def test_the_time_line_survives_its_json_form(case: tuple[Notice, tuple[LevelSpan, ...]]) -> None:
    for span in case[1]:
        assert LevelSpan.model_validate_json(span.model_dump_json()) == span
