"""Federal Register: kinds, stages, dates from fields and from prose, paging, and the recorded responses."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from scrapy import Request
from scrapy.http import Response, TextResponse

from crawlers import assemble, dry, requests
from crawlers.notice import Notice
from crawlers.reading import Drift, Record, Window
from crawlers.source import load
from crawlers.sources import us_federal_register

SAMPLE = Path(__file__).parents[2] / "samples" / "us_federal_register"


def respond(body: bytes) -> Response:
    request = Request("https://www.federalregister.gov/x", meta={"source": load("us_federal_register")})
    return TextResponse(request.url, body=body, encoding="utf-8", request=request)


def read(body: dict[str, Any]) -> list[Any]:
    return list(us_federal_register.parse(respond(json.dumps(body).encode())))


def only(**more: Any) -> dict[str, Any]:
    row = {
        "document_number": "2026-1",
        "type": "Rule",
        "title": "Standards",
        "publication_date": "2026-11-13",
        "agencies": [],
    } | more
    (record,) = read({"count": 1, "results": [row]})
    assert isinstance(record, Record)
    return record.fields | {"id": record.id}


@pytest.mark.parametrize(
    ("more", "kind", "stage"),
    [
        ({"action": "Final rule."}, "rule", "published"),
        ({"effective_on": "2026-11-13"}, "rule", "in_force"),
        ({"action": "Final rule; delay of effective date."}, "rule", "postponed"),
        ({"action": "Final rule; extension of compliance date."}, "rule", "postponed"),
        ({"action": "Final rule; withdrawal."}, "rule", "withdrawn"),
        ({"type": "Proposed Rule", "action": "Notice of proposed rulemaking."}, "proposed_rule", "draft"),
        ({"type": "Proposed Rule", "action": "Proposed rule; withdrawal."}, "proposed_rule", "withdrawn"),
        ({"type": "Notice"}, "news", None),
        ({"type": "Notice", "comments_close_on": "2026-12-14"}, "consultation", None),
        ({"type": "Presidential Document", "subtype": "Proclamation"}, "news", None),
    ],
)
def test_kind_and_stage(more: dict[str, Any], kind: str, stage: str | None) -> None:
    fields = only(**more)
    assert (fields["kind"], fields["stage"]) == (kind, stage)


def test_dates_of_the_fields_and_of_the_prose() -> None:
    fields = only(
        effective_on="2027-01-12",
        comments_close_on="2026-12-14",
        dates="The effective date is January 12, 2027. Compliance (see Table 1.2) is required on and after January 12, 2030.",
    )
    assert fields["milestones"] == [
        {"kind": "comment_deadline", "date": dt.date(2026, 12, 14)},
        {"kind": "entry_into_force", "date": dt.date(2027, 1, 12)},
        {"kind": "application", "date": dt.date(2030, 1, 12)},
    ]


def test_a_moved_compliance_date_keeps_the_one_it_replaces_and_only_that() -> None:
    fields = only(dates="The compliance date is extended from January 20, 2026, to July 20, 2028.")
    assert fields["milestones"] == [
        {"kind": "application", "date": dt.date(2028, 7, 20), "replaces": dt.date(2026, 1, 20)}
    ]


def test_the_words_stand_where_no_date_can_be_read() -> None:
    assert only(dates="As of today.")["milestones"] == [{"kind": "other", "text": "As of today."}]


def test_the_agency_is_the_one_that_issues_not_its_department() -> None:
    agencies = [
        {"name": "Health and Human Services Department", "id": 221, "parent_id": None},
        {"name": "Food and Drug Administration", "id": 199, "parent_id": 221},
    ]
    fields = only(agencies=agencies)
    assert fields["authority"] == "Food and Drug Administration"
    assert len(fields["stated"]["agencies"]) == 2
    assert "authority" not in only(agencies=[])  # then the declaration's


def test_labels_are_kept_under_the_registers_names() -> None:
    fields = only(
        cfr_references=[{"title": 10, "part": 430}],
        docket_ids=["EERE-1"],
        regulation_id_numbers=["1904-AA01"],
        topics=["Imports"],
    )
    assert fields["stated"]["cfr_references"] == ("10 CFR 430",)
    assert fields["stated"]["docket_ids"] == ("EERE-1",)
    assert fields["stated"]["regulation_id_numbers"] == ("1904-AA01",)


@pytest.mark.parametrize(
    "url",
    [
        "https://www.federalregister.gov/documents/2026/10/20/2026-19999/a-rule",
        "https://www.federalregister.gov/api/v1/documents/2026-19999",
    ],
)
def test_a_correction_names_its_parent(url: str) -> None:
    assert only(correction_of=url)["parent_symbol"] == "2026-19999"


def test_the_next_page_is_asked_for() -> None:
    found = read(
        {"count": 2, "results": [], "next_page_url": "https://www.federalregister.gov/api/v1/documents?page=2"}
    )
    assert [item.url for item in found] == ["https://www.federalregister.gov/api/v1/documents?page=2"]


def test_more_than_the_service_can_page_is_refused_not_cut_off() -> None:
    with pytest.raises(Drift, match="narrow the window"):
        read({"count": 10_001, "results": []})


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html></html>", "not JSON"),
        (b'{"errors": {"x": "invalid"}}', "invalid"),
        (b'{"count": 3}', "no count and results"),
    ],
)
def test_what_is_not_the_format_is_drift(body: bytes, says: str) -> None:
    with pytest.raises(Drift, match=says):
        list(us_federal_register.parse(respond(body)))


def test_an_empty_window_has_no_results_and_is_fine() -> None:
    assert read({"count": 0}) == []


def test_no_request_can_pass_the_limit_of_ten_thousand_in_one_page_walk() -> None:
    """Windows of at most 31 days; per_page inside the service's range, or it silently becomes 20."""
    window = Window(dt.date(2024, 1, 1), dt.date(2026, 11, 16))
    for request in requests.start(load("us_federal_register"), window):
        query = dict(parse_qsl(urlsplit(request.url).query))
        first, last = (dt.date.fromisoformat(query[f"conditions[publication_date][{end}]"]) for end in ("gte", "lte"))
        assert (last - first).days < 31
        assert int(query["per_page"]) <= 2_000
        assert {"document_number", "dates", "effective_on"} <= {
            v for k, v in parse_qsl(urlsplit(request.url).query) if k == "fields[]"
        }


def test_the_sample_walks_two_pages_and_keeps_a_document_without_a_number() -> None:
    result = dry.read("us_federal_register", SAMPLE)
    assert (len(result.asked), [reject.name for reject in result.rejects]) == (3, ["document_number"])


@pytest.mark.recordings
@pytest.mark.parametrize(("name", "count"), [("", 2), ("_search", 962), ("_page_paged_2026", 5)])
def test_the_recorded_responses_are_read_without_a_reject(recordings: Path, name: str, count: int) -> None:
    source = load("us_federal_register")
    path = recordings / "us_federal_register" / f"federalregister_v1_documents{name}.json"
    response = respond(path.read_bytes())
    where = assemble.provenance(source, response, dt.datetime(2026, 5, 1, tzinfo=dt.UTC))
    items = [item for item in us_federal_register.parse(response) if not isinstance(item, Request)]
    notices = [assemble.notice(source, item, where) for item in items if isinstance(item, Record)]
    assert len(items) == count
    assert all(isinstance(n, Notice) for n in notices)
    assert len({n.id for n in notices}) == count
