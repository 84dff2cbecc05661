"""MHLW: months, headers by name in two languages, ids that both editions share, and the 54 recorded workbooks."""

from __future__ import annotations

import datetime as dt
import importlib.util
from pathlib import Path
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import HtmlResponse, Response

from crawlers import assemble, dry
from crawlers.notice import Notice
from crawlers.reading import Drift, Record, Reject, Window
from crawlers.source import load
from crawlers.sources import jp_mhlw_violations as mhlw

SAMPLES = Path(__file__).parents[2] / "samples"
ENGLISH = [
    "ITEM",
    "EXPORTING COUNTRY",
    "NAME OF MANUFACTURERS",
    "SHIPPER",
    "ARTICLE",
    "CONTENTS OF VIOLATION",
    "QUARANTIN STATION",
    "Publication day",
]
JAPANESE = ["品　　名", "条文", "製造者", "シッパー", "生産国", "不適格内容", "担当検疫所", "公表日"]
TITLE = "Recent Cases of Violation (Flash) (Nov. 2026)"
JAPANESE_TITLE = "輸入食品等の食品衛生法違反事例\n（2026年11月分）"


def workbook(rows: list[list[Any]], columns: list[str] = ENGLISH, title: str = TITLE, name: str = "a.xls") -> bytes:
    spec = importlib.util.spec_from_file_location("make_workbooks", SAMPLES / "make_workbooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    book = {
        "sheet": "s",
        "title": [title],
        "columns": columns,
        "rows": [dict(zip(columns, row, strict=False)) for row in rows],
    }
    made: bytes = module.xls(book) if name.endswith(".xls") else module.xlsx(book)
    return made


def respond(body: bytes, **meta: Any) -> Response:
    window = Window(dt.date(2026, 10, 17), dt.date(2026, 11, 16))
    request = Request(
        "https://www.mhlw.go.jp/content/1.xls", meta={"source": load("jp_mhlw_violations"), "window": window, **meta}
    )
    return Response(request.url, body=body, request=request)


def read(*args: Any, **more: Any) -> list[Any]:
    return list(mhlw.parse_workbook(respond(workbook(*args, **more))))


ROW = [
    "Honey",
    "China",
    "A BEE CO.,LTD.",
    0,
    "Art.13(2)",
    "violation of compositional standard (chloramphenicol 0.0008 ppm detection)",
    "kobe",
    dt.date(2026, 11, 5),
]


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("(Oct. 2019)", (2019, 10)),
        ("(Mar.2020)", (2020, 3)),
        ("(Juｌ. 2019)", (2019, 7)),
        ("(July 2016)", (2016, 7)),
        ("2019 November", (2019, 11)),
        ("（2019年11月分）", (2019, 11)),
        ("令和元年5月", (2019, 5)),
        ("平成31年4月", (2019, 4)),
        ("令和８年11月分", (2026, 11)),
        ("2026年 11月分[XLS形式：38KB]", (2026, 11)),
        ("2026年13月", None),
        ("Explanation of the columns", None),
    ],
)
def test_month_of(text: str, month: tuple[int, int] | None) -> None:
    assert mhlw.month_of(text) == month


def test_fields_of_a_row() -> None:
    (record,) = read([ROW])
    fields = record.fields
    assert fields["published"] == dt.date(2026, 11, 5)  # an Excel serial in the file
    assert fields["origins"] == ("CN",)
    assert fields["title"] == f"Honey: {ROW[5]}"
    assert (fields["products_text"], fields["summary"], fields["language"]) == ("Honey", ROW[5], "en")
    assert fields["stated"]["ARTICLE"] == "Art.13(2)"
    assert "SHIPPER" not in fields["stated"]  # 0 stands for an empty cell
    assert fields["stated"]["QUARANTINE STATION"] == "kobe"  # the ministry prints QUARANTIN


def test_shifted_columns_are_found_by_name() -> None:
    columns = ["NAME OF IMPORTERS", *reversed(ENGLISH)]
    (record,) = read([["B TRADING", *reversed(ROW)]], columns=columns)
    (straight,) = read([ROW])
    assert record.id == straight.id
    assert record.fields["stated"]["NAME OF IMPORTERS"] == "B TRADING"


def test_both_editions_give_one_id() -> None:
    """The English row replaces the Japanese one of the same case: what both print alike is the id."""
    (english,) = read([ROW])
    japanese_row = [
        "はちみつ",
        "第13条第２項",
        "A BEE CO.,LTD.",
        0,
        "中華人民共和国",
        "成分規格不適合（クロラムフェニコール　0.0008 ppm 検出）",
        "神戸",
        dt.date(2026, 11, 5),
    ]
    (japanese,) = read([japanese_row], columns=JAPANESE, title=JAPANESE_TITLE)
    assert (japanese.id, japanese.fields["language"]) == (english.id, "ja")
    (other,) = read([[*ROW[:5], "violation (chloramphenicol 0.0009 ppm detection)", *ROW[6:]]])
    assert other.id != english.id


@pytest.mark.parametrize(
    ("one", "other"), [("Art.6(ⅱ)", "第６条第２号"), ("Art.6 (ii)", "Art.6(2)"), ("Art.13(3)", "第13条第３項")]
)
def test_articles_are_compared_by_their_figures(one: str, other: str) -> None:
    ids = {read([[*ROW[:4], article, *ROW[5:]]])[0].id for article in (one, other)}
    assert len(ids) == 1


def test_identical_rows_are_told_apart_by_their_order() -> None:
    first, second = read([ROW, ROW])
    assert (first.id.rsplit("-", 1)[0], first.id[-2:], second.id[-2:]) == (second.id.rsplit("-", 1)[0], "-1", "-2")


def test_what_changes_later_is_no_part_of_the_id() -> None:
    columns = [*ENGLISH, "DISPOSAL OF THE CARGO", "CAUSE OF VIOLATION"]
    (before,) = read([[*ROW, "the whole quantity is kept", ""]], columns=columns)
    (after,) = read([[*ROW, "the whole quantity has been discarded", "wet damage"]], columns=columns)
    assert before.id == after.id


def test_an_origin_of_an_ingredient_is_an_origin_too() -> None:
    (record,) = read([[ROW[0], "Sri Lanka(Tea origin:China)", *ROW[2:]]])
    assert record.fields["origins"] == ("LK", "CN")


def test_a_decision_taken_back_is_withdrawn() -> None:
    (record,) = read(
        [[*ROW, "we canceled the decision of  violation after the situation had been confirmed"]],
        columns=[*ENGLISH, "DISPOSAL OF THE CARGO"],
    )
    assert record.fields["withdrawn"] is True


def test_a_bad_day_or_an_empty_cell_is_kept_aside_and_the_rest_is_read() -> None:
    found = read([[*ROW[:-1], "31/02/2026"], [*ROW[:5], 0, *ROW[6:]], ["", "", "", 0, "", "", "", ""], ROW])
    assert [type(item) for item in found] == [Reject, Reject, Record]
    assert [item.name for item in found[:2]] == ["Publication day", "CONTENTS OF VIOLATION"]
    assert "chloramphenicol" in found[0].raw


def test_the_newer_format_of_excel_is_read_too() -> None:
    (record,) = list(mhlw.parse_workbook(respond(workbook([ROW], name="a.xlsx"))))
    assert record.id == read([ROW])[0].id


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (workbook([ROW])[:2000], "not a workbook"),
        (b"<html>Service unavailable</html>", "not a workbook"),
        (b"PK\x03\x04 cut off", "not a workbook"),
        (workbook([ROW], columns=["GOODS", *ENGLISH[1:]]), "no header row"),
        (workbook([ROW], title="Recent Cases"), "names no month"),
    ],
)
def test_what_is_not_the_format_is_drift(body: bytes, says: str) -> None:
    with pytest.raises(Drift, match=says):
        list(mhlw.parse_workbook(respond(body)))


def index(*links: str) -> Response:
    body = "<html><body><h2>Cases</h2><ul>" + "".join(links) + "</ul></body></html>"
    base = respond(b"", months=[(2026, 10)])
    assert base.request is not None
    return HtmlResponse(
        "https://www.mhlw.go.jp/a/index.html", body=body.encode(), encoding="utf-8", request=base.request
    )


def test_the_month_before_the_windows_first_is_asked_for_again_and_older_ones_not() -> None:
    links = (
        f'<li><a href="/content/{n}.xls">{name} 2026</a></li>'
        for n, name in ((11, "Nov."), (10, "Oct."), (9, "Sep."), (8, "Aug."))
    )
    *books, japanese = mhlw.parse(index(*links))
    assert [r.url for r in books if isinstance(r, Request)] == [
        f"https://www.mhlw.go.jp/content/{n}.xls" for n in (11, 10, 9)
    ]
    assert isinstance(japanese, Request)
    assert japanese.meta["months"] == [(2026, 11), (2026, 10), (2026, 9), (2026, 8)]


def test_the_japanese_edition_only_of_months_the_english_page_has_not() -> None:
    links = (
        "<li>令和8年<ul>",
        '<li><a href="/content/11.xls">11月分</a></li>',
        '<li><a href="/content/10.xls">10月分</a></li></ul></li>',
    )
    assert [r.url for r in mhlw.parse_japanese(index(*links)) if isinstance(r, Request)] == [
        "https://www.mhlw.go.jp/content/11.xls"
    ]


def test_a_link_without_a_month_is_followed() -> None:
    asked = list(mhlw.parse_japanese(index('<li><a href="/content/1.xls">latest</a></li>')))
    assert len(asked) == 1


def test_a_page_without_workbooks_is_drift() -> None:
    with pytest.raises(Drift, match="links no workbook"):
        list(mhlw.parse(index('<li><a href="/content/1.pdf">PDF</a></li>')))


def test_the_sample_skips_the_japanese_october() -> None:
    result = dry.read("jp_mhlw_violations", SAMPLES / "jp_mhlw_violations")
    assert sum(url.endswith(".xls") for url in result.asked) == 2
    assert [reject.name for reject in result.rejects] == ["Publication day"]


@pytest.mark.recordings
def test_54_workbooks_of_2016_to_2020(recordings: Path) -> None:
    """Every data row of the labelled table, English and Japanese, each with an id of its own."""
    source = load("jp_mhlw_violations")
    notices = []
    for path in sorted((recordings / "jp_mhlw_violations").glob("*.xls")):
        response = respond(path.read_bytes())
        where = assemble.provenance(source, response, dt.datetime(2020, 7, 1, tzinfo=dt.UTC))
        for item in mhlw.parse_workbook(response):
            assert isinstance(item, Record), item
            notice = assemble.notice(source, item, where)
            assert isinstance(notice, Notice), notice
            notices.append(notice)
    assert (len(notices), len({n.id for n in notices})) == (3_423, 3_423)
    assert sum(n.language == "ja" for n in notices) == 94
    assert sum(not n.origins for n in notices) == 1  # one cell holds a blank
    assert min(n.published for n in notices).year == 2016
