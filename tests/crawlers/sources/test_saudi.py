"""Saudi pages, of which no HTML is recorded: `pages_text/sa_sfda_warnings.jsonl` holds the text of seven pages without their markup."""

from __future__ import annotations

import datetime as dt
from urllib.parse import parse_qsl

import pytest
from scrapy import Request

from crawlers import dry
from crawlers.reading import Drift, Record, Reject, Window
from crawlers.source import load
from crawlers.sources import sa_saso_regulations, sa_sfda_warnings

WINDOW = Window(dt.date(2026, 10, 17), dt.date(2026, 11, 16))
SASO = "https://www.saso.gov.sa/ar/Laws-And-Regulations/Technical_regulations/Pages/default.aspx"


def answer(source_id: str, url: str, body: str, **meta: object):
    headers = {"Content-Type": "text/html; charset=utf-8"}
    return dry.response_of(Request(url, meta=meta), body.encode(), headers, 200, load(source_id), WINDOW)


def test_the_page_size_is_posted_back_with_the_view_state() -> None:
    page = """<form><input type="hidden" name="__VIEWSTATE" value="/wEP+D/x="><input name="q" value="1">
    <select name="ctl00$x$DDL_PageSize"><option value="12">12</option></select></form>"""
    (request,) = sa_saso_regulations.parse(answer("sa_saso_regulations", SASO, page))
    form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
    assert request.method == "POST"
    assert form == {
        "__VIEWSTATE": "/wEP+D/x=",
        "q": "1",
        "ctl00$x$DDL_PageSize": "100",
        "__EVENTTARGET": "ctl00$x$DDL_PageSize",
        "__EVENTARGUMENT": "",
    }


def test_a_page_that_cannot_be_posted_back_is_drift() -> None:
    page = '<form><select name="x$DDL_PageSize"></select></form>'
    with pytest.raises(Drift, match="__VIEWSTATE"):
        list(sa_saso_regulations.parse(answer("sa_saso_regulations", SASO, page)))


def test_a_regulation_without_date_is_quarantined_alone() -> None:
    item = '<a class="rulesAndRegulationsListItem" href="/d/{}.pdf"><h2>{}</h2>{}</a>'
    page = item.format("A%20B", "لائحة", "تاريخ النشر: ١٧/١١/٢٠٢٣") + item.format("C", "أخرى", "تحميل")
    record, reject = sa_saso_regulations.parse_list(answer("sa_saso_regulations", SASO, page))
    assert isinstance(record, Record)
    assert (record.id, record.fields["published"], record.fields["stage"]) == (
        "A_B",
        dt.date(2023, 11, 17),
        "published",
    )
    assert isinstance(reject, Reject)
    assert reject.name == "تاريخ النشر"


@pytest.mark.parametrize(
    "labels",
    [
        "<table><tr><th>Warning Date</th><td>2026-11-09</td></tr><tr><th>Manufacture Country:</th><td>China</td></tr></table>",
        (
            '<div class="field"><div class="field__label">Warning date</div><div class="field__item">09-11-2026</div></div>'
            '<div class="field"><div class="field__label">Manufacture Country</div><div class="field__item">CHINA</div></div>'
        ),
    ],
)
def test_a_warning_s_labels_in_either_markup(labels: str) -> None:
    page = f'<article><h1 class="m-c-title">Toothpaste</h1><span class="sing-date">2024-02-21</span>{labels}</article>'
    (record,) = sa_sfda_warnings.parse_warning(
        answer("sa_sfda_warnings", "https://www.sfda.gov.sa/en/warnings/1", page)
    )
    assert record.fields["published"] == dt.date(2026, 11, 9)  # the posting is the day an old page was moved
    assert record.fields["origins"] == ("CN",)


def test_an_origin_said_in_the_text() -> None:
    body = '<div class="field--name-body"><p>Seven kinds made in China contain diethylene glycol.</p></div>'
    page = f'<article><h1 class="m-c-title">Toothpaste</h1><span class="sing-date">2026-11-09</span>{body}</article>'
    (record,) = sa_sfda_warnings.parse_warning(
        answer("sa_sfda_warnings", "https://www.sfda.gov.sa/en/warnings/2", page)
    )
    assert record.fields["origins"] == ("CN",)
    assert record.fields["kind"] == "news"


def test_the_next_page_is_asked_for_while_it_may_hold_the_window() -> None:
    item = '<div class="warning-item"><span class="news-date">{}</span><a href="/en/warnings/{}">x</a></div>'
    url = "https://www.sfda.gov.sa/en/warnings?tags=All"
    both = list(sa_sfda_warnings.parse(answer("sa_sfda_warnings", url, item.format("2026-11-09", 5))))
    assert [r.url for r in both] == ["https://www.sfda.gov.sa/en/warnings/5", f"{url}&page=1"]
    last = list(sa_sfda_warnings.parse(answer("sa_sfda_warnings", f"{url}&page=1", item.format("2026-09-09", 4))))
    assert last == []
    with pytest.raises(Drift, match="warning-item"):
        list(sa_sfda_warnings.parse(answer("sa_sfda_warnings", url, "<html>Sign in</html>")))
