"""Every European and British recording in a live form parses, without one reject.

Not in a live form, and so not read here:

* `eu_rasff/search_consolidated_records_2026.json` - answers of the portal's own search (POST …/search/consolidated/en/), not of the
  data lake the source reads: no hazard, no distribution;
* `eu_rasff/window_export_pesticides.xlsx` - the portal's spreadsheet export, joined by commas;
* `eu_eurlex/*.xml, *.html` - notices and texts of single acts; the source asks CELLAR's SPARQL service for new acts;
  `eu_eurlex/lexcorpus_32019R1020_meta.json` - another project's own format.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from scrapy import Request

from crawlers import assemble, dry, requests
from crawlers.notice import Notice
from crawlers.reading import Drift, Record, Window
from crawlers.source import load
from crawlers.sources import eu_echa, eu_eurlex, eu_have_your_say, eu_rasff, gb_fsa, gb_opss

WINDOW = Window(dt.date(2026, 6, 1), dt.date(2026, 11, 16))
NOW = dt.datetime(2026, 11, 16, tzinfo=dt.UTC)


def parsed(source_id: str, parser, url: str, body: bytes, status: int = 200) -> Iterator[object]:
    """What `parser` yields for `body`: records as notices, so that every field is checked."""
    source, request = load(source_id), Request(url)
    answer = dry.response_of(request, body, {"Content-Type": "application/json"}, status, source, WINDOW)
    where = assemble.provenance(source, answer, NOW)
    for item in parser(answer):
        yield assemble.notice(source, item, where) if isinstance(item, Record) else item


def notices(*args) -> list[Notice]:
    items = list(parsed(*args))
    assert [item for item in items if not isinstance(item, Notice)] == []
    return items


@pytest.mark.recordings
def test_rasff_records(recordings: Path) -> None:
    rows = json.loads((recordings / "eu_rasff/datalake_irasff_general_info_view_records_2026.json").read_text())
    body = json.dumps({"value": rows, "nextLink": None}).encode()
    found = notices("eu_rasff", eu_rasff.parse, "https://api.datalake.sante.service.ec.europa.eu/rasff/x", body)
    assert [n.symbol for n in found] == ["2026.7983", "2026.8372", "2026.7579", "2026.7117", "2026.8201"]
    assert [n.kind for n in found] == ["recall", "violation", "recall", "violation", "border_rejection"]
    assert found[1].stated["HAZARD_CATEGORY_NAME"] == (
        "imazalil - {pesticide residues}",
        "thiabendazole - {pesticide residues}",
    )
    assert [n.origins for n in found] == [("US",), ("CL",), ("CN",), ("CN",), ("BR",)]


@pytest.mark.recordings
def test_opss_search_and_item(recordings: Path) -> None:
    search = (recordings / "gb_opss/gov_uk_search_product_safety.json").read_bytes()
    url = "https://www.gov.uk/api/search.json?count=4&start=0"
    asked = [item.url for item in parsed("gb_opss", gb_opss.parse, url, search)]
    assert len(asked) == 5
    assert asked[3].startswith("https://www.gov.uk/api/content/product-safety-alerts-reports-recalls/")
    assert asked[4].endswith("start=4")

    (bike,) = notices(
        "gb_opss",
        gb_opss.parse_item,
        asked[3],
        (recordings / "gb_opss/gov_uk_content_2609-0156_e-bike.json").read_bytes(),
    )
    assert (bike.symbol, bike.kind, bike.origins) == ("2609-0156", "border_rejection", ("CN",))
    assert bike.stated["product_risk_level"] == "serious"
    assert bike.stated["Brand"] == "Allegro/Allegrouk"
    assert bike.summary.startswith("The product presents a serious risk of fire")
    assert bike.published == dt.date(2026, 10, 1)


@pytest.mark.recordings
def test_fsa_alert(recordings: Path) -> None:
    item = json.loads((recordings / "gb_fsa/fsa_alert_FSA-AA-34-2026.json").read_text())
    url = "https://data.food.gov.uk/food-alerts/id?_limit=100&_offset=0"
    (alert,) = notices("gb_fsa", gb_fsa.parse, url, json.dumps({"items": [item]}).encode())
    assert alert.id == "gb_fsa:FSA-AA-34-2026"
    assert alert.stated["allergen"] == ("Soya",)
    assert alert.stated["country"] == ("England",)
    assert alert.published == dt.date(2026, 6, 30)


def test_rasff_sends_no_encoded_colon() -> None:
    """The service answers 400 to `00%3A00`: neither the first request nor a link it gave itself may carry one."""
    result = dry.read("eu_rasff", Path(__file__).parents[2] / "samples" / "eu_rasff")
    assert len(result.asked) == 2
    assert not [url for url in result.asked if "%3A" in url.upper()]


def test_a_renamed_field_is_drift() -> None:
    row = {"NOTIFICATION_REFERENCE": "2026.1", "NOTIF_DATE": "2026-11-01T00:00:00"}
    body = json.dumps({"value": [row]}).encode()
    with pytest.raises(Drift, match="PRODUCT_CATEGORY_DESC"):
        list(parsed("eu_rasff", eu_rasff.parse, "https://x.example/", body))
    with pytest.raises(Drift, match="items"):
        list(parsed("gb_fsa", gb_fsa.parse, "https://x.example/?_limit=1&_offset=0", b"{}"))
    with pytest.raises(Drift, match="results"):
        list(parsed("gb_opss", gb_opss.parse, "https://x.example/", b'{"total": 0, "start": 0}'))


@pytest.mark.recordings
def test_a_sparql_answer_to_another_question_is_drift(recordings: Path) -> None:
    body = (recordings / "eu_eurlex/cellar_sparql_response_32024R0903.json").read_bytes()
    with pytest.raises(Drift, match="lacks the variables base, celex, date"):
        list(parsed("eu_eurlex", eu_eurlex.parse, "https://publications.europa.eu/webapi/rdf/sparql", body))


def test_the_sparql_question_names_the_watch_list_and_the_window() -> None:
    asked = [dict(parse_qsl(request.body.decode()))["query"] for request in requests.start(load("eu_eurlex"), WINDOW)]
    query = asked[0]
    assert len(asked) == 2  # 169 days, 92 a request
    assert '"2026-06-01"^^xsd:date' in query
    assert '"2026-11-16"^^xsd:date' in asked[1]
    watched = re.findall(r'"(3\d{4}[RLD]\d{4})"\^\^xsd:string', query)
    assert len(watched) == len(set(watched)) == 27
    assert {"32023R1542", "32023R0956", "32017R0746", "32019R1793"} <= set(watched)
    assert "{since}" not in query
    assert query.count("{") == query.count("}")


def test_have_your_say_checks_the_filter_it_asked_for() -> None:
    """A parameter the server ignores gives a healthy page of closed initiatives (seen in 2026)."""
    folder = Path(__file__).parents[2] / "samples" / "eu_have_your_say"
    assert "14555" in (folder / "page1.json").read_text()
    assert "eu_hys:14555" not in {n.id for n in dry.read("eu_have_your_say", folder).notices}


def test_have_your_say_before_2024() -> None:
    row = {
        "id": 14800.0,
        "shortTitle": "Toys",
        "currentStatuses": [
            {
                "receivingFeedbackStatus": "OPEN",
                "feedbackStartDate": "2026/11/02 10:00:00",
                "feedbackEndDate": "2026/11/30 23:59:59",
            }
        ],
    }
    body = json.dumps({"_embedded": {"initiativeResultDtoes": [row]}}).encode()
    (notice,) = notices("eu_have_your_say", eu_have_your_say.parse, "https://ec.europa.eu/x?page=0&size=100", body)
    assert notice.id == "eu_hys:14800"


def test_a_group_of_substances_has_an_id_of_its_name() -> None:
    item = {
        "substanceName": ["Perfluoroheptanoic acid and its salts"],
        "ecNumber": ["-"],
        "casNumber": "-",
        "dateOfInclusion": "17-Jan-2023",
        "reasonForInclusion": ["PBT (Article 57d)"],
    }
    body = json.dumps({"items": [item, item | {"substanceName": []}], "state": {"totalPages": 1}}).encode()
    url = "https://chem.echa.europa.eu/x?pageIndex=1&pageSize=100"
    notice, reject = parsed("eu_echa", eu_echa.parse, url, body)
    assert notice.id == "eu_echa:candidate:84937a90b447:2023-01-17"
    assert reject.name == "substanceName"
