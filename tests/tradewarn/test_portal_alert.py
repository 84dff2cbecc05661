"""An alert's page: what an exporter asks, grounds, the time line, and what people did about it."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.tradewarn.portal_pages import AS_OF, CJK, DRAFT, text, tree
from tradewarn.portal import cards
from tradewarn.portal.app import create
from tradewarn.settings import Settings
from tradewarn.workshop import Workshop

# --- one alert -------------------------------------------------------------------------------------------------------


def test_an_alert_answers_what_an_exporter_asks(client: TestClient) -> None:
    page = tree(client, f"/zh/alerts/{DRAFT}")
    whole = text(page)
    due = [text(box) for box in page.xpath("//section[@class='dates']/div")]
    assert due == [
        "内部征集截止已截止2026-11-10",
        "提意见截止还有8天2026-11-24原为 2026-11-20",
        "适用日期197天后2027-06-01",
    ]
    assert "依据：重点产业的草案，评议期至2026-11-24" in whole
    assert "您的级别取决于您的产品与市场" in whole
    assert "国家市场监督管理总局" in whole  # whom to tell
    assert page.xpath("//section[@class='todo']//a[contains(@href, 'have-your-say')]")
    assert "复核过充、短路" in whole  # what to prepare, by hazard
    assert page.xpath("//a[contains(@class, 'button')]/@href") == [f"https://example.org/{DRAFT}"]
    assert "国外税号仅前6位可比" in whole
    assert page.xpath("//a[@href='/zh/?f=regulation:eu_batteries']")
    assert "v1" in whole


def test_grounds_are_quoted_in_their_context(client: TestClient) -> None:
    page = tree(client, f"/en/alerts/{DRAFT}")
    rows = {text(row.xpath("./th")[0]): row for row in page.xpath("//section[@class='why']//tr")}
    fire = next(row for name, row in rows.items() if "fire" in name)
    [quoted] = fire.xpath(".//q")
    assert "test every cell against overcharge and fire before sale." in text(quoted)
    assert [mark.text for mark in quoted.xpath("./mark")] == ["fire"]
    guess = next(row for name, row in rows.items() if "8506" in name)
    assert "41%" in text(guess)
    assert guess.xpath(".//span[contains(@class, 'guess')]")
    china = tree(client, "/zh/alerts/us_cpsc:27044").xpath("//section[@class='why']//tr[contains(., '涉及范围')]")[0]
    assert "中国" in text(china)
    assert not china.xpath(".//q")  # our own value is not quoted as the authority's words


def test_an_events_records_stand_in_one_time_line(client: TestClient) -> None:
    page = tree(client, f"/zh/alerts/{DRAFT}")
    assert [text(time) for time in page.xpath("//ol[@class='steps']/li/time")] == ["2026-11-10", "2026-11-13"]
    assert page.xpath("//ol[@class='steps']/li[@aria-current]//b")
    assert page.xpath(f"//ol[@class='steps']//a[@href='/zh/alerts/{DRAFT}/Add.1']")


def test_an_english_page_tells_an_english_reader_whom_to_tell(tmp_path: Path, week_lines: Any) -> None:
    """Shown to fail: the page printed the Chinese name of the enquiry point. An own one without an English name is not ours."""
    for own, told in (
        ({}, "Standards Technical Management Department"),
        ({"enquiry_point": "江城WTO中心"}, "not stated"),
    ):
        shop = Workshop(Settings(_env_file=None, home=tmp_path / told, **own), as_of=AS_OF)
        shop.catalogue.load(week_lines()[:1])
        with TestClient(create(shop)) as client:
            todo = tree(client, f"/en/alerts/{DRAFT}").xpath("//section[@class='todo']")[0]
            assert told in text(todo)
            assert not CJK.search(text(todo))
            assert ("江城WTO中心" if own else "国家市场监督管理总局") in text(tree(client, f"/zh/alerts/{DRAFT}"))
        shop.close()


@pytest.mark.parametrize(
    "path", ["", "?q=kind:violation", "sources", "about", "alerts/jp_mhlw_violations:7", "?q=zzzxqq"]
)
def test_an_english_page_names_the_language_of_what_is_not_english(client: TestClient, path: str) -> None:
    """For screen readers and for the right glyphs: a Japanese title in Chinese forms is a slip a Japanese reader sees at once."""
    for words in tree(client, f"/en/{path}").xpath("//body//text()"):
        if re.search(r"[\u3040-\u30ff\u3400-\u9fff]", words):
            (tongue,) = words.getparent().xpath("ancestor-or-self::*[@lang][1]/@lang")
            assert tongue != "en", words


def test_what_is_withdrawn_says_so_and_asks_for_nothing(client: TestClient) -> None:
    page = tree(client, "/zh/alerts/us_fr:1")
    assert "撤销" in text(page.xpath("//header/p[@class='meta']")[-1])
    assert not page.xpath("//section[@class='dates']")


def test_days_left_in_words(portal_shop: Workshop) -> None:
    alert = portal_shop.catalogue.get(DRAFT)
    assert alert is not None
    lead = dt.timedelta(days=15)

    def told(day: str) -> list[tuple[str, str, str]]:
        shown = cards.dues(alert, dt.date.fromisoformat(day), "en", lead=lead)
        return [(due.name, due.left, due.tone) for due in shown]

    assert told("2026-11-10")[:2] == [
        ("Internal collection", "today", "soon"),
        ("Comments until", "14 days left", "soon"),
    ]
    assert told("2026-11-23")[1] == ("Comments until", "1 day left", "soon")
    assert told("2026-11-24")[1] == ("Comments until", "today", "soon")
    assert told("2026-11-25") == [("Applies from", "in 188 days", ""), ("Comments until", "over", "over")]
    assert told("2027-06-02") == [("Applies from", "applies", "over"), ("Comments until", "over", "over")]


# --- what people did -------------------------------------------------------------------------------------------------


def test_what_analysts_did_is_on_the_page_with_who_and_when(own_shop: Workshop) -> None:
    """Status, notes, corrections with what they replaced; in both languages, escaped. Shown to fail: the page had none of it."""
    at = dt.datetime(2026, 11, 16, 7, 5, tzinfo=dt.UTC)
    recall, work = "us_cpsc:27044", own_shop.catalogue
    with TestClient(create(own_shop)) as client:
        assert not tree(client, f"/zh/alerts/{recall}").xpath("//section[@class='review']")
        work.correct(recall, "severity", {"value": "medium", "basis": "official"}, "王工", at, "无严重伤害<b>")
        work.correct(recall, "severity", {"value": "low", "basis": "official"}, "李工", at + dt.timedelta(hours=1))
        work.correct(recall, "hazards", [], "李工", at)
        work.correct(recall, "products", [{"hs": "850760", "method": "stated"}], "李工", at)
        work.correct(recall, "title_zh", "人工改定的标题", "李工", at)
        work.correct(recall, "regulations", ["eu_batteries"], "李工", at)
        work.note(recall, "已电话核实 " + "<script>alert(1)</script>", "王工", at)
        work.note(recall, "Importer confirmed the batch.", "王工", at)
        work.set_status(recall, "reviewed")
        page = tree(client, f"/zh/alerts/{recall}")
        [section] = page.xpath("//section[@class='review']")
        whole = text(section)
        assert not page.xpath("//script")
        assert text(section.xpath("./h2/span")[0]) == "已审核"
        for words in ("重大措施专题：欧盟新电池法 原为 无", "中文标题：人工改定的标题 原为 美国召回充电宝——火灾（2026-11-12发布）",
                      "产品：8507.60 原为 8507", "危害：无 原为 火灾", "严重程度：低 原为 中", "严重程度：中 原为 高", "后又更正",
                      "无严重伤害<b>", "王工 · 2026-11-16 07:05 UTC"):  # fmt: skip
            assert words in whole, words
        assert next(text(one) for one in section.xpath(".//li[@class='past']/p")).startswith("严重程度：中")
        notes = section.xpath("./ul[last()]/li/p[1]")
        assert [(text(one), one.get("lang")) for one in notes] == [
            ("Importer confirmed the batch.", "en"),
            ("已电话核实 <script>alert(1)</script>", "zh"),
        ]
        assert "已经人工审核" in text(page.xpath("//footer")[0])
        english = text(tree(client, f"/en/alerts/{recall}").xpath("//section[@class='review']")[0])
        for words in (
            "reviewed",
            "Severity: low instead of medium",
            "Hazards: none instead of fire",
            "corrected again later",
        ):
            assert words in english, words
        assert "not reviewed" not in text(tree(client, f"/en/alerts/{recall}").xpath("//footer")[0])
        rows = {
            text(row.xpath("./th")[0]): text(row.xpath("./td")[0]) for row in page.xpath("//section[@class='why']//tr")
        }
        assert rows["产品8507.60 蓄电池"] == rows["严重程度低"] == "人工更正，见“人工审核”"
        work.correct(recall, "reach", {"value": "names_china"}, "王工", at)
        assert "涉及范围：涉华 维持原判" in text(
            tree(client, f"/zh/alerts/{recall}").xpath("//section[@class='review']")[0]
        )
        assert tree(client, "/zh/?q=充电宝").xpath("//article//span[contains(@class, 'status reviewed')]")


def test_a_correction_whose_facts_have_changed_says_so(own_shop: Workshop, week_lines: Any) -> None:
    at = dt.datetime(2026, 11, 16, 7, tzinfo=dt.UTC)
    own_shop.catalogue.correct(DRAFT, "reach", {"value": "names_china"}, "王工", at)
    _, notice, assessment = week_lines()[0]
    moved = notice.model_copy(update={"summary": "Another text."})
    again = assessment.model_copy(update={"notice_hash": moved.hash, "hazards": ()})
    own_shop.catalogue.load([(2, moved, again)])
    with TestClient(create(own_shop)) as client:
        page = tree(client, f"/zh/alerts/{DRAFT}")
        [section] = page.xpath("//section[@class='review']")
        assert "更正后原文已变更，待复核" in text(section)
        assert text(section.xpath("./h2/span")[0]) == "退回复核"
        assert "未经人工审核" in text(page.xpath("//footer")[0])


def test_what_may_be_the_same_goods_in_another_market_is_shown_as_possible(tmp_path: Path, week_lines: Any) -> None:
    """Brand and model are fields of one register and words of the other: shown with why, and joined by nobody but a person."""
    _, recall, assessment = week_lines()[2]
    eu = recall.model_copy(
        update={"id": "eu_safety_gate:9", "source": "eu_safety_gate", "market": "EU", "symbol": "SR/9/26",
                "title": "Power banks – Lumora LP-20K", "stated": {"brand": "Lumora", "type_numberOfModel": "LP-20K"}}
    )  # fmt: skip
    us = recall.model_copy(update={"text": "Lumora power banks, model LP-20K, are recalled."})
    lines = [(1, n, assessment.model_copy(update={"notice_id": n.id, "notice_hash": n.hash})) for n in (eu, us)]
    shop = Workshop(Settings(_env_file=None, home=tmp_path / "home"), as_of=AS_OF)
    shop.catalogue.load(lines)
    with TestClient(create(shop)) as client:
        for this, other in ((eu.id, us.id), (us.id, eu.id)):
            page = tree(client, f"/zh/alerts/{this}")
            [section] = page.xpath("//section[@class='likely']")
            assert section.xpath(".//a/@href") == [f"/zh/alerts/{other}"]
            assert "一方载明的品牌与型号见于另一方文字" in text(section)
            assert not page.xpath("//ol[@class='steps']")
        assert "brand and model stated by one" in text(tree(client, f"/en/alerts/{us.id}"))
        shop.catalogue.merge([us.id, eu.id], "王工", AS_OF)
        page = tree(client, f"/zh/alerts/{us.id}")
        assert not page.xpath("//section[@class='likely']")
        assert len(page.xpath("//ol[@class='steps']/li")) == 2
    shop.close()
