"""Safety Gate: every field of a record, and the 730 recorded weeks."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from scrapy import Request
from scrapy.http import Response, XmlResponse

from crawlers import assemble, dry, requests
from crawlers.notice import Notice
from crawlers.reading import Drift, Record, Reject, Window
from crawlers.source import load
from crawlers.sources import eu_safety_gate

SAMPLE = Path(__file__).parents[2] / "samples" / "eu_safety_gate"


def respond(body: bytes, window: Window | None = None) -> Response:
    source = load("eu_safety_gate")
    request = Request("https://ec.europa.eu/x", meta={"source": source, "window": window})
    return XmlResponse(request.url, body=body, request=request)


def report(inside: str, date: str = "13/11/2026") -> bytes:
    return f"<Safety-Gate><report_date>{date}</report_date>{inside}</Safety-Gate>".encode()


ROW = (
    "<notifications><order>1</order><caseNumber>SR/1/26<br/></caseNumber><reference>https://x/alertDetail/-12</reference>"
    "<category>Toys</category><product></product><riskType>Choking, Damage to hearing</riskType><danger>null Too loud.</danger>"
    "<measures>Category of measure(s): Import rejected at borderDate of entry into force: 01/10/2026</measures>"
    "<description>A whistle. Of wood.</description><countryOfOrigin>Taiwan</countryOfOrigin><level>Serious risk</level>"
    "</notifications>"
)


def only(body: bytes) -> Record:
    (record,) = eu_safety_gate.parse_report(respond(body))
    assert isinstance(record, Record)
    return record


def test_the_list_asks_for_the_reports_of_the_window_only() -> None:
    """Both ends of the window count; each request carries the `search` without which the service answers 400."""
    entries = "".join(
        f"<weeklyReport><reference>R</reference><publicationDate>{day}/11/2026</publicationDate>"
        f"<URL>https://ec.europa.eu/safety-gate-alerts/api/download/weeklyReport/detail/xml/{number}?language=en</URL></weeklyReport>"
        for day, number in (("06", 1), ("13", 2), ("20", 3))
    )
    import datetime as dt

    window = Window(dt.date(2026, 11, 6), dt.date(2026, 11, 13))
    asked = list(eu_safety_gate.parse(respond(f"<Safety-Gate>{entries}</Safety-Gate>".encode(), window)))
    assert [r.url for r in asked if isinstance(r, Request)] == [eu_safety_gate.DETAIL.format(id=n) for n in (1, 2)]


def test_fields_of_one_alert() -> None:
    record = only(report(ROW))
    assert record.id == "-12"
    assert record.fields["symbol"] == "SR/1/26"  # a <br/> inside the number, as in 2009
    assert record.fields["summary"] == "Too loud."  # "null" before the text, as in 2013
    assert record.fields["title"] == "A whistle"  # no product: the description's first sentence
    assert record.fields["origins"] == ("TW",)
    assert record.fields["stated"]["riskType"] == ("Choking", "Damage to hearing")
    assert record.fields["stated"]["countryOfOrigin"] == "Taiwan"
    assert record.fields["stated"]["measures"].splitlines()[1] == "Date of entry into force: 01/10/2026"


def test_stopped_at_the_border_is_no_recall() -> None:
    assert only(report(ROW)).fields["kind"] == "border_rejection"
    both = ROW.replace(
        "rejected at border", "rejected at borderCategory of measure(s): Recall of the product from end users"
    )
    assert only(report(both)).fields["kind"] == "recall"


def test_an_alert_without_a_number_is_kept_whole_and_the_rest_go_on() -> None:
    broken = ROW.replace("alertDetail/-12", "alertDetail/")
    rejects, records = [], []
    for item in eu_safety_gate.parse_report(respond(report(broken + ROW))):
        (rejects if isinstance(item, Reject) else records).append(item)
    assert [r.name for r in rejects] == ["reference"]
    assert "A whistle" in rejects[0].raw
    assert len(records) == 1


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (report(ROW)[:-20], "ParseError"),
        (b"<html><body>Log in</body></html>", "without <report_date>"),
        (b'<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><a>&d;</a>', "EntitiesForbidden"),
        (report(ROW.replace("riskType", "risk")), "riskType"),
    ],
)
def test_what_is_not_the_format_is_drift(body: bytes, says: str) -> None:
    with pytest.raises(Drift, match=says):
        list(eu_safety_gate.parse_report(respond(body)))


def test_the_sample_covers_both_kinds_and_three_levels() -> None:
    result = dry.read("eu_safety_gate", SAMPLE)
    assert {n.kind for n in result.notices} == {"recall", "border_rejection"}
    assert len({n.stated["level"] for n in result.notices}) == 3


@pytest.mark.recordings
def test_730_weeks_of_2005_to_2025(recordings: Path) -> None:
    """SOURCES: 30,188 alerts, as many ids, two case numbers fewer; the oldest formats too, nothing rejected."""
    source, ids, symbols = load("eu_safety_gate"), set(), set()
    total = 0
    for path in sorted((recordings / "eu_safety_gate" / "weekly").glob("*.xml.gz")):
        response = respond(gzip.decompress(path.read_bytes()))
        where = assemble.provenance(source, response, dry.dt.datetime(2026, 1, 1, tzinfo=dry.dt.UTC))
        for item in eu_safety_gate.parse_report(response):
            assert isinstance(item, Record), item
            notice = assemble.notice(source, item, where)
            assert isinstance(notice, Notice), notice
            total += 1
            ids.add(notice.id)
            symbols.add(notice.symbol)
    assert (total, len(ids), len(symbols)) == (30_188, 30_188, 30_186)


def test_one_request_begins_the_crawl() -> None:
    import datetime as dt

    (request,) = requests.start(load("eu_safety_gate"), Window(dt.date(2026, 10, 17), dt.date(2026, 11, 16)))
    assert request.url.endswith("/weeklyReport/list/xml/en")
