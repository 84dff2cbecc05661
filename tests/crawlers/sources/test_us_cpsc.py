"""CPSC: field by field, and the recorded recalls."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import Response, TextResponse

from crawlers import assemble, dry
from crawlers.notice import Notice
from crawlers.reading import Drift, Record, Reject
from crawlers.source import load
from crawlers.sources import us_cpsc

SAMPLE = Path(__file__).parents[2] / "samples" / "us_cpsc"


def respond(body: bytes) -> Response:
    request = Request("https://www.saferproducts.gov/x", meta={"source": load("us_cpsc")})
    return TextResponse(request.url, body=body, encoding="utf-8", request=request)


def sample() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((SAMPLE / "recalls.json").read_text())
    return rows


def read(*rows: dict[str, Any]) -> list[Any]:
    return list(us_cpsc.parse(respond(json.dumps(list(rows)).encode())))


def only(**more: Any) -> dict[str, Any]:
    (record,) = read(sample()[0] | more)
    assert isinstance(record, Record)
    return record.fields | {"id": record.id}


def test_fields_of_a_recall() -> None:
    fields = only()
    assert fields["id"] == "11051"  # the database's own number: RecallNumber is empty at times
    assert fields["symbol"] == "27081"
    assert fields["published"] == dt.date(2026, 11, 12)
    assert fields["origins"] == ("CN",)
    assert fields["summary"] == "The heater can overheat, posing a fire hazard."
    assert fields["text"].startswith("This recall covers fan heaters.\nConsumers should stop")
    assert fields["products_text"] == "Aro Fan Heaters"
    assert fields["stated"]["Injuries"] == ("None reported",)
    assert fields["stated"]["RemedyOptions"] == ("Refund",)
    assert fields["documents"][0]["title"] == "Recalled Aro Fan Heaters"


def test_several_countries_and_products_are_kept_in_order_once() -> None:
    fields = only(
        ManufacturerCountries=[
            {"Country": "China"},
            {"Country": "Vietnam"},
            {"Country": "China"},
            {"Country": "Atlantis"},
        ],
        Products=[{"Name": "A", "NumberOfUnits": "10"}, {"Name": "B"}, {"Name": "A"}, {"Name": ""}],
    )
    assert fields["origins"] == ("CN", "VN")
    assert fields["stated"]["ManufacturerCountries"] == ("China", "Vietnam", "China", "Atlantis")  # verbatim
    assert fields["products_text"] == "A; B"


def test_a_republished_page_is_no_change() -> None:
    assert only() == only(LastPublishDate="2026-12-24T00:00:00")


def test_null_lists_are_empty_lists() -> None:
    assert only(Manufacturers=None, Injuries=None, Images=None)["documents"] == []


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"RecallDate": "2026-02-31T00:00:00"}, "RecallDate"),
        ({"Title": " "}, "Title"),
        ({"Hazards": "fire"}, "Hazards"),
        ({"RecallID": None}, "RecallID"),
    ],
)
def test_a_bad_record_is_kept_whole_and_the_rest_go_on(more: dict[str, Any], name: str) -> None:
    found = read(sample()[0] | more, sample()[1])
    assert [type(item) for item in found] == [Reject, Record]
    assert found[0].name == name
    assert json.loads(found[0].raw) == sample()[0] | more


def test_an_empty_window_is_fine() -> None:
    assert read() == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html>Access denied</html>", "not JSON"),
        (b'{"message": "x"}', "expected list"),
        (b"[1]", "other than objects"),
        (b'[{"RecallID": 1}]', "ManufacturerCountries|missing"),
    ],
)
def test_what_is_not_the_format_is_drift(body: bytes, says: str) -> None:
    with pytest.raises(Drift, match=says):
        list(us_cpsc.parse(respond(body)))


def test_the_sample_keeps_a_day_that_does_not_exist() -> None:
    assert [reject.name for reject in dry.read("us_cpsc", SAMPLE).rejects] == ["RecallDate"]


@pytest.mark.recordings
def test_the_recorded_recalls(recordings: Path) -> None:
    source = load("us_cpsc")
    response = respond((recordings / "us_cpsc" / "saferproducts_Recall_2026-07_sample.json").read_bytes())
    where = assemble.provenance(source, response, dt.datetime(2026, 7, 10, tzinfo=dt.UTC))
    notices = [assemble.notice(source, item, where) for item in us_cpsc.parse(response) if isinstance(item, Record)]
    assert [n.id for n in notices if isinstance(n, Notice)] == ["us_cpsc:10854", "us_cpsc:10855"]
    assert all(isinstance(n, Notice) and n.origins == ("CN",) and n.published == dt.date(2026, 7, 9) for n in notices)
    first = notices[0]
    assert isinstance(first, Notice)
    assert first.products_text == "Insignia Front Control Gas Ranges"
    assert first.title.startswith("Best Buy Recalls Insignia®")
    assert [d.title for d in first.documents].count("recall in conjunction") == 1
