"""Japanese recordings, and the traps of the Consumer Affairs Agency's pages.

In a live form: six detail pages of `jp_caa_recalls`. The nine items of `jp_egov_public_comment` were flattened by whoever
recorded them: the feed is put together again from them here. Not in a live form: `jp_caa_recalls/*.json` (another program's
reading of two pages), `jp_meti_recalls` (a mail), `jp_mhlw_food_recalls` (one row of another project), `pages_text/jp_mhlw_2002-09`
(text of a table of 2002).
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from scrapy import Request

from crawlers import assemble, dry, japanese
from crawlers.notice import Notice
from crawlers.reading import Drift, FieldError, Record, Reject, Window
from crawlers.source import load
from crawlers.sources import jp_caa_recalls, jp_egov_public_comment, jp_meti_recalls, jp_mhlw_food_recalls

NOW = dt.datetime(2026, 11, 16, tzinfo=dt.UTC)
HTML = {"Content-Type": "text/html; charset=UTF-8"}


def response(
    source_id: str, url: str, body: bytes, status: int = 200, meta: dict | None = None, window: Window | None = None
):
    request = Request(url, meta=meta or {})
    asked = window or Window(dt.date(2000, 1, 1), dt.date(2026, 11, 16))
    headers = {} if body.startswith(b"<?xml") else HTML
    return dry.response_of(request, body, headers, status, load(source_id), asked)


def notices(source_id: str, parser, answer) -> Iterator[object]:
    source = load(source_id)
    where = assemble.provenance(source, answer, NOW)
    for item in parser(answer):
        yield assemble.notice(source, item, where) if isinstance(item, Record) else item


def caa(number: str) -> str:
    return f"https://www.recall.caa.go.jp/result/detail.php?rcl={number}&screenkbn=01"


@pytest.mark.recordings
def test_the_agency_s_pages_of_both_generations(recordings: Path) -> None:
    found: dict[str, Notice] = {}
    for path in sorted((recordings / "jp_caa_recalls").glob("out_*.html")):
        number = re.search(r"\d{11}", path.name)[0]
        answer = response("jp_caa_recalls", caa(number), path.read_bytes())
        (notice,) = notices("jp_caa_recalls", jp_caa_recalls.parse_detail, answer)
        assert isinstance(notice, Notice), notice
        found[number] = notice
    assert len(found) == 6
    assert found["00000001312"].published == dt.date(2004, 12, 1)
    assert "AL'03" in found["00000001312"].text  # an apostrophe escaped for JavaScript
    assert 'の上に"MFX"の印' in found["00000009911"].text  # quotes that JavaScript's own unescaping would break
    assert "■改善措置の内容\n全車両、スピードメータを対策品と交換する。" in found["00000027727"].text
    assert [d.url for d in found["00000001882"].documents][-1].endswith("recall12-041.html")  # a page without Quill
    assert "に関する事故（リコール対象製品）について」\nhttps://www.caa.go.jp" in found["00000001992"].summary


@pytest.mark.recordings
def test_the_public_comment_feed_put_together_again(recordings: Path) -> None:
    lines = (recordings / "jp_egov_public_comment/pcm_list_items_2026-06-10.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    items = "".join(
        f"<item><title>{escape(r['title'])}</title><link>{escape(r['link'])}</link><description>"
        + escape(re.sub(r" (?=受付締切日時|カテゴリー|問合せ先)", "<br/>", r["description_flattened"]))
        + f"</description><dc:date>{r['dc_date'].replace(':00Z', ':Z')}</dc:date></item>"
        for r in rows
    )
    feed = (
        '<?xml version="1.0" encoding="UTF-8"?><rdf:RDF xmlns="http://purl.org/rss/1.0/" '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<channel/>{items}</rdf:RDF>"
    ).encode()
    answer = response("jp_egov_public_comment", "https://public-comment.e-gov.go.jp/rss/pcm_list.xml", feed)
    found = list(notices("jp_egov_public_comment", jp_egov_public_comment.parse, answer))
    assert len(rows) == 9
    assert [n.symbol for n in found] == ["495260075", "550004360"]  # medicines; the others concern no goods
    assert [n.published for n in found] == [dt.date(2026, 6, 10)] * 2  # dc:date says the 9th, in UTC
    assert [n.milestones[0].date for n in found] == [dt.date(2026, 7, 9), dt.date(2026, 7, 10)]


@pytest.mark.parametrize(("text", "day"), [("2026/07/10 00:00", (2026, 7, 9)), ("2026/07/10 23:59", (2026, 7, 10))])
def test_a_deadline_at_midnight_ends_the_day_before(text: str, day: tuple[int, int, int]) -> None:
    assert jp_egov_public_comment.deadline(text) == {"kind": "comment_deadline", "date": dt.date(*day), "text": text}


def test_throttling_is_asked_again_and_then_quarantined() -> None:
    """302 means "too fast" (2024-2026): three times in all, never the page it leads to."""
    meta = {"row": {"category": "家電製品", "posted": "2026-11-13"}}
    for attempt in (2, 3):
        answer = response("jp_caa_recalls", caa("00000036101"), b"", 302, meta)
        (request,) = jp_caa_recalls.parse_detail(answer)
        assert isinstance(request, Request)
        assert request.meta["attempt"] == attempt
        assert request.meta["dont_redirect"] is True
        meta = {"row": request.meta["row"], "attempt": attempt}
    (last,) = jp_caa_recalls.parse_detail(response("jp_caa_recalls", caa("00000036101"), b"", 302, meta))
    assert isinstance(last, Reject)
    assert json.loads(last.raw) == {"category": "家電製品", "posted": "2026-11-13"}


def test_the_list_stops_where_the_window_begins() -> None:
    """Newest first: the page whose oldest row lies before the window is the last one asked for."""
    result = dry.read(
        "jp_caa_recalls", Path(__file__).parents[2] / "samples" / "jp_caa_recalls", since=dt.date(2026, 11, 11)
    )
    assert [line for line in result.asked if line.startswith("POST")] == [
        "POST https://www.recall.caa.go.jp/result/index.php"
    ]
    assert [n.symbol or n.id for n in result.notices] == ["jp_caa:00000036101", "jp_caa:00000036098"]


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        (r"{\"ops\":[{\"insert\":\"一行\\n二行\n\"}]}", "一行\n二行"),
        (r'{"ops":[{"insert":"印\"X\"あり\\n"}]}', '印"X"あり'),
        (r"{\"ops\":[{\"insert\":{\"image\":\"a.png\"}},{\"insert\":\"A\/B \\u00e9\"}]}", "A/B é"),
    ],
)
def test_quill_in_a_javascript_string(literal: str, text: str) -> None:
    assert jp_caa_recalls.quill(literal) == text


def test_quill_that_is_none() -> None:
    with pytest.raises(FieldError, match="contentsText"):
        jp_caa_recalls.quill("{ops:[]}")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("うなぎ長焼（中国産）", ("CN",)),
        ("粉チーズ（原産国：イタリア）", ("IT",)),
        ("製造国：中国 / 原産国名 ベトナム", ("CN", "VN")),
        ("乾燥きくらげ 中国製", ("CN",)),
        ("日本製鉄の鋼材、中国製造2025", ()),
        ("中華風サラダ、水産加工品、生産地変更", ()),
    ],
)
def test_origins_stated_in_japanese(text: str, codes: tuple[str, ...]) -> None:
    assert japanese.origins_of(text) == codes


def test_imperial_years() -> None:
    assert japanese.western("令和8年11月9日（報告日：令和8年11月2日）") == "2026年11月9日"
    assert japanese.western("平成30年2月1日") == "2018年2月1日"
    assert japanese.western("令和元年5月7日") == "2019年5月7日"
    assert japanese.western("2026/11/09 (月)") == "2026/11/09"


def test_the_person_who_filed_is_not_kept() -> None:
    folder = Path(__file__).parents[2] / "samples" / "jp_mhlw_food_recalls"
    assert "_rcl_person_name_str" in (folder / "RCL202603011.html").read_text()
    first = dry.read("jp_mhlw_food_recalls", folder).notices[0]
    assert not [name for name in first.stated if "person" in name]
    assert first.stated["_hlth_rsk_str"] == "CLASSⅡ"


def test_another_page_is_drift() -> None:
    login = b"<html><body><form><input type=password></form></body></html>"
    url = "https://i2fas.mhlw.go.jp/faspub/_link.do?i=IO_S020502&p=RCL202601519"
    with pytest.raises(Drift, match="_rcl_no_str"):
        list(jp_mhlw_food_recalls.parse_notification(response("jp_mhlw_food_recalls", url, login)))
    with pytest.raises(Drift, match="日付順"):
        list(jp_meti_recalls.parse(response("jp_meti_recalls", "https://www.meti.go.jp/x", login)))
