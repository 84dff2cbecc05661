"""What enters the bulletin, where, once, and how it is counted."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.alert import Alert
from reports.bulletin import compose
from reports.overview import overview
from reports.period import Period, PeriodError, week, week_of
from reports.render import render
from reports.stories import stories
from reports.subscription import Subscription
from reports.words import same

Make = Callable[..., Alert]
WEEK = week("2026-W46")


def sub(**fields: Any) -> Subscription:
    return Subscription.model_validate({"id": "a", "name": "A", **fields})


# --- periods ------------------------------------------------------------------------------------------------------


def test_periods() -> None:
    assert (WEEK.start, WEEK.end, WEEK.key, WEEK.is_week) == (
        dt.date(2026, 11, 9),
        dt.date(2026, 11, 15),
        "2026-W46",
        True,
    )
    assert WEEK.before() == week("2026-W45")
    assert WEEK.year_before() == week("2025-W46")
    assert week("2026-W53").year_before() == week("2025-W52")
    assert week_of(dt.date(2026, 11, 15)) == WEEK
    day = Period(dt.date(2024, 2, 29), dt.date(2024, 2, 29))
    assert (day.key, day.year_before().key, day.words.zh) == ("2024-02-29", "2023-02-28", "2024年2月29日")
    assert Period(dt.date(2025, 6, 2), dt.date(2025, 6, 5)).key == "2025-06-02_2025-06-05"


@pytest.mark.parametrize("text", ["2026-46", "2026-W00", "2025-W53", "W46", ""])
def test_no_such_week(text: str) -> None:
    with pytest.raises(PeriodError, match="ISO week"):
        week(text)


def test_turned_round_or_endless() -> None:
    with pytest.raises(PeriodError, match="before it begins"):
        Period(dt.date(2026, 1, 2), dt.date(2026, 1, 1))
    with pytest.raises(PeriodError, match="longer"):
        Period(dt.date(2024, 1, 1), dt.date(2026, 1, 1))


# --- the fixed sentence -------------------------------------------------------------------------------------------


def test_the_fixed_sentence_counts_each_members_record(the_week: list[Alert]) -> None:
    told = overview(the_week, WEEK)
    assert told.sentence.zh == (
        "本周共有12个WTO成员通报12项技术性贸易措施，其中TBT 9项、SPS 3项；合并联合通报后为6项。"
    )
    assert "12 WTO members notified 12 technical trade measures: 9 TBT and 3 SPS; 6 after" in told.sentence.en
    assert sum(count.total for count in told.counts) == 12
    assert "台湾、澎湖、金门、马祖单独关税区(中国台北)1项" in told.breakdown.zh


def test_one_is_said_in_the_singular(make: Make) -> None:
    told = overview([make()], WEEK)
    assert told.sentence.en == (
        "This week 1 WTO member notified 1 technical trade measure: 1 TBT and 0 SPS; 1 after merging joint notifications."
    )


def test_days_are_not_called_a_week(make: Make) -> None:
    day = Period(dt.date(2026, 11, 10), dt.date(2026, 11, 10))
    assert overview([make()], day).sentence.zh.startswith("本期（2026年11月10日）共有1个WTO成员通报1项")
    assert "未收录到" in overview([], day).sentence.zh


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["US", "EU", "JP", "SA"]),
            st.sampled_from(["TBT", "SPS"]),
            st.integers(1, 6),
            st.integers(0, 20),
        ),
        max_size=25,
    )
)
def test_counts_add_up_whatever_the_order(make: Make, rows: list[tuple[str, str, int, int]]) -> None:
    alerts = []
    for version, (market, area, number, shift) in enumerate(rows, 1):
        published = (dt.date(2026, 11, 1) + dt.timedelta(days=shift)).isoformat()
        alerts.append(make(f"wto:G/{area}/N/{market}/{number}", market=market, published=published, version=version))
    told, again = overview(alerts, WEEK), overview(alerts[::-1], WEEK)
    assert told.total == told.tbt + told.sps == sum(count.total for count in told.counts) == told.merged
    assert told.members == len(told.counts)
    last = {alert.id: alert for alert in alerts}
    assert told.total == sum(alert.notice.published in WEEK for alert in last.values())
    assert told == again


# --- events and sections ------------------------------------------------------------------------------------------


def test_an_event_appears_once_with_its_time_line(the_week: list[Alert], arguments: dict[str, Any]) -> None:
    bulletin = compose(the_week, **arguments)
    shown = [one.event for one in (*bulletin.notifications.items, *bulletin.acts.items)]
    shown += [stop.item.event for table in bulletin.stopped.tables for stop in table.stops]
    assert len(shown) == len(set(shown))
    bank = next(
        stop.item for table in bulletin.stopped.tables for stop in table.stops if "Power" in stop.item.title.text.en
    )
    assert [(step.date.day, step.words.zh) for step in bank.steps] == [
        (12, "美国召回 27-044"),
        (13, "欧盟召回 SR/04111/26"),
    ]
    assert [pair[0] for pair in bank.members] == ["eu_safety_gate:30001", "us_cpsc:10900"]


def test_a_joint_gulf_notification_stands_once_under_the_gcc(the_week: list[Alert], arguments: dict[str, Any]) -> None:
    bulletin = compose(the_week, **arguments)
    ovens = [one for one in bulletin.notifications.items if "ovens" in one.title.text.en]
    assert len(ovens) == 1
    assert ovens[0].market.zh.startswith("海合会（")
    assert "也门" in ovens[0].market.zh
    one_state = compose(the_week, subscription=sub(markets=["QA"]), **arguments)
    assert [one.market.zh[:3] for one in one_state.notifications.items] == ["海合会"]


def test_a_moved_date_is_highlighted(the_week: list[Alert], arguments: dict[str, Any]) -> None:
    bulletin = compose(the_week, **arguments)
    tea = next(one for one in bulletin.notifications.items if "tea" in one.title.text.en)
    assert [(date.was, date.day) for date in tea.moved] == [(dt.date(2026, 11, 20), dt.date(2026, 12, 10))]
    assert any(line.tone == "moved" and "2026-11-20" in line.words.zh for line in bulletin.highlights)
    assert tea.steps[0].words.zh == "美国常规 G/SPS/N/USA/3501"


def test_highlights_are_three_to_six_and_name_the_failed_source(
    the_week: list[Alert], arguments: dict[str, Any]
) -> None:
    for alerts in (the_week, []):
        lines = compose(alerts, **arguments).highlights
        assert 3 <= len(lines) <= 6
        assert "美国FSIS" in lines[-1].words.zh


def test_dismissed_alerts_are_counted_but_not_told(make: Make, arguments: dict[str, Any]) -> None:
    bulletin = compose([make(status="dismissed")], **arguments)
    assert (bulletin.overview.total, bulletin.notifications.total, bulletin.empty) == (1, 0, True)


def test_an_empty_bulletin_speaks_and_shows_the_sources(battery: Subscription, arguments: dict[str, Any]) -> None:
    bulletin = compose([], subscription=battery, **arguments)
    page = render(bulletin, "zh")
    assert bulletin.empty
    for words in ("本期没有与您相关的内容", "美国FSIS", "中断", "HTTP 403, 3 runs"):
        assert words in page.html
        assert words in page.text


def test_a_table_that_is_too_long_says_how_many_are_missing(make: Make, arguments: dict[str, Any]) -> None:
    alerts = [make(f"wto:G/TBT/N/USA/{n}") for n in range(70)]
    bulletin = compose(alerts, **arguments)
    assert (len(bulletin.notifications.items), bulletin.notifications.left_out, bulletin.overview.total) == (60, 10, 70)
    assert "另有10条未列出" in render(bulletin, "zh").text


def test_min_level_hides_what_is_below(the_week: list[Alert], battery: Subscription, arguments: dict[str, Any]) -> None:
    strict = battery.model_copy(update={"min_level": "red"})
    bulletin = compose(the_week, subscription=strict, **arguments)
    shown = [*bulletin.notifications.items, *bulletin.acts.items]
    assert shown == []
    assert [stop.item.level.shown for table in bulletin.stopped.tables for stop in table.stops if stop.item.level] == [
        "red"
    ]


def test_your_level_beside_the_base_level(
    the_week: list[Alert], battery: Subscription, arguments: dict[str, Any]
) -> None:
    bulletin = compose(the_week, subscription=battery, **arguments)
    rule = next(one for one in bulletin.acts.items if one.symbol == "15 CFR 791")
    assert rule.level is not None
    assert rule.match is not None
    assert (rule.match.kind, rule.level.base, rule.level.shown) == ("broad", "red", "yellow")
    japan = next(one for one in bulletin.notifications.items if one.symbol == "G/TBT/N/JPN/901")
    assert japan.level is not None
    assert (japan.level.base, japan.level.shown) == ("yellow", "green")
    assert "不代表合格或安全" in japan.level.grounds.zh
    assert [code.predicted for code in japan.codes] == [True]


# --- drafts -------------------------------------------------------------------------------------------------------


def test_drafts_with_the_internal_date_first(
    the_week: list[Alert], battery: Subscription, arguments: dict[str, Any]
) -> None:
    found = compose(the_week, subscription=battery, **arguments).drafts
    assert [(draft.item.symbol, draft.deadline.internal.isoformat(), draft.over) for draft in found.news] == [
        ("10 CFR 430", "2026-11-12", True),
        ("G/TBT/N/EU/1201", "2026-12-27", False),
    ]
    assert [(draft.item.symbol, draft.deadline.internal_days) for draft in found.closing] == [("G/TBT/N/GBR/90", 3)]
    assert found.news[0].direct == (same("regulations.gov"), "https://www.regulations.gov/")
    assert any("地址核对于2026-11-02" in line.zh for line in found.routes[0].lines)


def test_an_address_that_was_never_checked_says_so(the_week: list[Alert], arguments: dict[str, Any]) -> None:
    arguments["edition"] = replace(arguments["edition"], enquiry_point_checked="")
    assert any("地址未核对" in line.zh for line in compose(the_week, **arguments).drafts.routes[0].lines)


def test_a_reminder_comes_once(make: Make, arguments: dict[str, Any]) -> None:
    """A draft is called to mind in the one weekly bulletin before its internal collection date."""
    draft = make(
        published="2026-09-01",
        industries=[("nev_battery", "mapped")],
        milestones=({"kind": "comment_deadline", "date": "2026-12-20"},),
    )
    reminded = []
    for shift in range(8):
        day = dt.date(2026, 10, 26) + dt.timedelta(weeks=shift)
        period = week_of(day - dt.timedelta(days=7))
        bulletin = compose([draft], **{**arguments, "period": period, "as_of": day})
        reminded.append(len(bulletin.drafts.closing))
    assert sum(reminded) == 1


# --- goods stopped ------------------------------------------------------------------------------------------------


def test_which_incidents_enter(the_week: list[Alert], arguments: dict[str, Any]) -> None:
    goods = compose(the_week, **arguments).stopped
    assert {stop.item.alert_id for table in goods.tables for stop in table.stops} == {
        "eu_safety_gate:30001",
        "eu_rasff:2026.9001",
        "jp_mhlw_violations:2026-11-7",
    }
    assert [stop.item.alert_id for stop in goods.similar] == ["us_cpsc:10901"]  # the high chairs stay for search only
    assert "品目8507" in goods.similar[0].why.zh
    assert goods.total == 3


def test_similar_products_are_capped(make: Make, arguments: dict[str, Any]) -> None:
    fields: dict[str, Any] = {"kind": "recall", "products": [("850760", "mapped")], "hazards": ("fire",)}
    alerts = [make("us_cpsc:1", origins=("CN",), reach="names_china", **fields)]
    alerts += [make(f"us_cpsc:{n}", origins=("KR",), **fields) for n in range(2, 12)]
    goods = compose(alerts, **arguments).stopped
    assert (len(goods.similar), goods.similar_left_out, goods.total) == (5, 5, 1)


def test_another_hazard_or_a_predicted_heading_is_not_similar(make: Make, arguments: dict[str, Any]) -> None:
    known = make(
        "us_cpsc:1",
        kind="recall",
        origins=("CN",),
        reach="names_china",
        products=[("8507", "mapped")],
        hazards=("fire",),
    )
    other = make("us_cpsc:2", kind="recall", origins=("KR",), products=[("8507", "mapped")], hazards=("cuts",))
    guess = make("us_cpsc:3", kind="recall", origins=("KR",), products=[("8507", "retrieved")], hazards=("fire",))
    assert compose([known, other, guess], **arguments).stopped.similar == ()


def test_goods_from_taiwan_hong_kong_and_macao_are_counted_apart(make: Make, arguments: dict[str, Any]) -> None:
    alerts = [
        make(f"us_cpsc:{code}", kind="recall", origins=(code,), hazards=("fire",), reach="other_origins")
        for code in ("TW", "HK", "MO")
    ]
    bulletin = compose(alerts, **arguments)
    assert bulletin.stopped.total == 0
    assert bulletin.statistics[1].n == 0


def test_an_authoritys_own_columns(the_week: list[Alert], arguments: dict[str, Any]) -> None:
    tables = {table.source: table for table in compose(the_week, **arguments).stopped.tables}
    rasff = {cell.head.en: (cell.value.zh, cell.verbatim) for cell in tables["eu_rasff"].stops[0].cells}
    assert rasff["Risk decision"] == ("serious", True)
    assert rasff["Notifying country"] == ("比利时", False)
    mhlw = {cell.head.zh: cell.value.zh for cell in tables["jp_mhlw_violations"].stops[0].cells}
    assert mhlw["条款"] == "第13条第3項"


# --- statistics ---------------------------------------------------------------------------------------------------


def test_shares_have_denominators_and_comparisons_a_common_basis(
    the_week: list[Alert], arguments: dict[str, Any]
) -> None:
    notified, incidents = compose(the_week, **arguments).statistics
    assert (notified.n, incidents.n) == (12, 4)
    assert [(s.name.zh, s.n, s.percent) for s in notified.rankings[0].shares] == [
        ("中东", 7, 58),
        ("其他", 2, 17),
        ("欧洲", 1, 8),
    ]
    assert notified.rankings[0].note.zh == "占比以12为分母"
    assert "由1变为12，增加11" in notified.last.zh
    cause = incidents.rankings[2]
    assert "1条属于多类" in cause.note.zh
    # only Safety Gate has data in both weeks: one recall then, one now - not four
    assert "由1变为1，持平" in incidents.last.zh
    assert "仅计两期均有数据" in incidents.last.zh


def test_without_data_there_is_no_comparison(make: Make, arguments: dict[str, Any]) -> None:
    notified = compose([make()], **arguments).statistics[0]
    assert notified.last.zh == "与上周相比：无可比数据"
    assert notified.year.zh == "与去年同周相比：无可比数据"


def test_a_period_before_the_data_were_whole_is_not_compared(the_week: list[Alert], arguments: dict[str, Any]) -> None:
    notified = compose(the_week, complete_from=dt.date(2026, 11, 4), **arguments).statistics[0]
    assert "无可比数据" in notified.last.zh


# --- determinism --------------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_alerts_does_not_matter(constructed: Callable[[], list[Alert]], random: Any) -> None:
    alerts = constructed()
    told = [(s.event, s.lead.id, [a.id for a in s.alerts]) for s in stories(alerts, WEEK)]
    random.shuffle(alerts)
    assert [(s.event, s.lead.id, [a.id for a in s.alerts]) for s in stories(alerts, WEEK)] == told


def test_nothing_is_titled_a_warning(the_week: list[Alert], battery: Subscription, arguments: dict[str, Any]) -> None:
    for reader in (None, battery):
        html = render(compose(the_week, subscription=reader, **arguments), "zh").html
        heads = re.findall(r"<(?:title|h1|h2|h3)[^>]*>(.*?)</", html, flags=re.DOTALL)
        assert len(heads) > 10
        assert not [head for head in heads if "风险预警" in head]


def test_told_is_what_the_ledger_remembers(
    the_week: list[Alert], battery: Subscription, arguments: dict[str, Any]
) -> None:
    told = dict(compose(the_week, subscription=battery, **arguments).told)
    assert told["us_cpsc:10900"] == 1  # a part of an event that was told by its other part
    assert "wto:G/TBT/N/GBR/90" in told  # a reminder
    assert "us_cpsc:10902" not in told
