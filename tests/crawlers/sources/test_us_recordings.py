"""Every recording of the US sources in a live form parses with no reject; what each trap looks like is asserted.

Not in a live form, and so not read here:

* `us_openfda/res_*` - enforcement reports of 2012 and before: text, HTML and XML that preceded openFDA;
* `us_fda_recalls/recallsapi_2013_*`, `us_nhtsa/recallsapi_2013_*` - answers of recalls.gov, closed;
* `us_fda_ires/*` - cassettes of the iRES service, which needs a key of its own; openFDA has the same reports;
* `us_fsis/fsis_rss_*` - the RSS feed: no number, no class; the source reads the API;
* `us_nhtsa/FLAT_RCL_sample_gsa.txt` - the layouts of before 2008 and 2020 (24, 26 fields): refused as drift, which is asserted.

`us_openfda/food_enforcement_1058_fieldsubset.jsonl` has its dates rewritten as 2024-04-24: they are put back into the service's
form, and nothing else is. `us_fda_import_alerts` has the index without the pages it links: the index is read. The zips of
refusals and NHTSA were not recorded, their members were: they are packed here.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import Response

from crawlers import assemble, dry, origins
from crawlers.notice import Notice
from crawlers.reading import Drift, Record, Window
from crawlers.source import load
from crawlers.sources import (
    us_cbp_forced_labor,
    us_fda_import_alerts,
    us_fda_import_refusals,
    us_fda_recalls,
    us_fsis,
    us_nhtsa,
    us_openfda,
)

ALL = Window(dt.date(1990, 1, 1), dt.date(2026, 11, 16), first=True)
NOW = dt.datetime(2026, 11, 16, tzinfo=dt.UTC)
URL = "https://x.example/y?limit=1000"


def answer(source_id: str, body: bytes, kind: str, window: Window = ALL, status: int = 200) -> Response:
    return dry.response_of(Request(URL), body, {"Content-Type": kind}, status, load(source_id), window)


def made(source_id: str, parser: Callable[[Response], Iterable[Any]], response: Response) -> Iterator[object]:
    """What `parser` yields: records as notices, so that every field is checked."""
    where = assemble.provenance(load(source_id), response, NOW)
    for item in parser(response):
        yield assemble.notice(load(source_id), item, where) if isinstance(item, Record) else item


def notices(
    source_id: str, parser: Callable[[Response], Iterable[Any]], body: bytes, kind: str, window: Window = ALL
) -> list[Notice]:
    items = list(made(source_id, parser, answer(source_id, body, kind, window)))
    assert [item for item in items if not isinstance(item, Notice)] == []
    return [item for item in items if isinstance(item, Notice)]


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return out.getvalue()


# -- recordings --------------------------------------------------------------------------------------------------------


@pytest.mark.recordings
def test_openfda_records(recordings: Path) -> None:
    folder = recordings / "us_openfda"
    live = notices(
        "us_openfda",
        us_openfda.parse,
        (folder / "food_enforcement_2026-07_sample3_metatrimmed.json").read_bytes(),
        "application/json",
    )
    assert len(live) == 3
    assert [n.symbol for n in live] == ["H-1166-2026", "H-1172-2026", ""]
    assert live[2].id.startswith("us_fda_enforcement:event-99068-")

    rows = [json.loads(line) for line in (folder / "food_enforcement_1058_fieldsubset.jsonl").open(encoding="utf-8")]
    for row in rows:
        for name in row:
            if name.endswith("_date"):
                row[name] = (row[name] or "").replace("-", "")
    body = json.dumps({"meta": {"results": {"skip": 0, "limit": 2000, "total": len(rows)}}, "results": rows}).encode()
    found = notices("us_openfda", us_openfda.parse, body, "application/json")
    assert len(found) == len({n.id for n in found}) == 1058
    assert Counter(n.document_type for n in found) == {
        "Class II": 562, "Class I": 449, "Class III": 46, "Not Yet Classified": 1,
    }  # fmt: skip
    assert sum("CN" in n.origins for n in found) == 11  # ten labels say it, eight firms are there, seven of them both


@pytest.mark.recordings
def test_fda_feeds(recordings: Path) -> None:
    files = sorted((recordings / "us_fda_recalls").glob("fda_rss_*.xml"))
    found = [
        notices("us_fda_recalls", us_fda_recalls.parse, file.read_bytes(), "application/rss+xml") for file in files
    ]
    assert [len(items) for items in found] == [20, 20, 20]
    everything = [notice for items in found for notice in items]
    assert len({notice.id for notice in everything}) == 60
    assert {notice.kind for notice in everything} == {"recall"}
    assert {notice.url.split(":")[0] for notice in everything} == {"https"}
    assert found[0][0].published == dt.date(2025, 5, 29)  # midnight EDT is that day, not the one after in UTC


@pytest.mark.recordings
def test_import_alert_index(recordings: Path) -> None:
    (file,) = (recordings / "us_fda_import_alerts").glob("ialist_*.html")
    response = answer("us_fda_import_alerts", file.read_bytes(), "text/html")
    asked = list(us_fda_import_alerts.parse(response))
    assert len(asked) == 154
    assert all(isinstance(item, Request) for item in asked)
    alerts = {item.meta["alert"]["number"]: item for item in asked}
    assert len(alerts) == 154
    assert alerts["99-05"].url.endswith("/importalert_258.html")  # N is not the number of the alert
    assert {a.meta["alert"]["type"] for a in asked} == {"DWPE", "DWPE with Surveillance"}
    names = [item.meta["alert"]["name"] for item in asked]
    assert not [name for name in names if "***" in name or name.startswith(('"', "“")) or "\ufffd" in name]
    named = {number: us_fda_import_alerts._named(item.meta["alert"]["name"]) for number, item in alerts.items()}
    assert named["25-05"] == ("HK", "CN")  # "from Hong Kong and PROC"
    assert named["16-05"] == ("EC", "TW")
    assert named["66-57"] == ()  # "… distributed to individuals in the U.S."
    assert sum("CN" in codes for codes in named.values()) == 6

    since = Window(dt.date(2026, 1, 1), dt.date(2026, 1, 31))
    again = list(us_fda_import_alerts.parse(answer("us_fda_import_alerts", file.read_bytes(), "text/html", since)))
    assert 0 < len(again) < 60


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("file", "count"), [("REFUSAL_ENTRY_400rows_2024.csv", 400), ("REFUSAL_ENTRY_12rows_CN.csv", 12)]
)
def test_import_refusals(recordings: Path, file: str, count: int) -> None:
    folder = recordings / "us_fda_import_refusals"
    names = (file, "ACT_SECTION_CHARGES.csv")
    body = zipped({name: (folder / name).read_bytes() for name in names})
    found = notices("us_fda_import_refusals", us_fda_import_refusals.parse, body, "application/zip")
    assert len(found) == len({n.id for n in found}) == count
    assert all(
        len(n.stated["CHRG_CODE"]) == len(n.stated["REFUSAL_CHARGES"]) for n in found
    )  # every charge has its words
    assert all(n.origins for n in found)
    if count == 12:
        assert found[0].published == dt.date(2026, 5, 29)  # 29-May-26
        assert found[0].stated["CHRG_CODE"] == ("NOT LISTED-118", "REGISTERED-341", "NO 510(K)-508", "FRNMFGREG-3280")


@pytest.mark.recordings
def test_fsis_bodies(recordings: Path) -> None:
    files = sorted((recordings / "us_fsis").glob("fsis_api_*.json"))
    found = [notices("us_fsis", us_fsis.parse, file.read_bytes(), "application/json") for file in files]
    assert [len(items) for items in found] == [47, 55, 58, 56]  # the Spanish twins are not second notices
    for items in found:
        assert len({n.id for n in items}) == len(items)
        assert {n.language for n in items} == {"en"}
    newest = {n.symbol: n for n in found[-1]}
    assert "034-2024" in newest  # " 034-2024"
    assert newest["PHA-03212024-01"].origins == ("CN",)
    assert newest["032-2024"].origins == ("VN",)


@pytest.mark.recordings
def test_fsis_arrays_give_the_facts_of_strings(recordings: Path) -> None:
    """The form of 2026, made of the recorded one: the same notices, with the same hashes."""
    body = (recordings / "us_fsis/fsis_api_recall_v1_2025-02-20_addbb805.json").read_bytes()
    rows = json.loads(body)
    for row in rows:
        for name in ("field_recall_reason", "field_states", "field_processing"):
            row[name] = [part.strip() for part in row[name].split(",") if part.strip()]
        for name in ("field_establishment", "field_product_items"):
            row[name] = [row[name]] if row[name] else []
    strings = notices("us_fsis", us_fsis.parse, body, "application/json")
    arrays = notices("us_fsis", us_fsis.parse, json.dumps(rows).encode(), "application/json")
    assert [n.hash for n in arrays] == [n.hash for n in strings]


@pytest.mark.recordings
def test_nhtsa_rows(recordings: Path) -> None:
    rows = (recordings / "us_nhtsa/FLAT_RCL_sample_41rows_2026-07.tsv").read_bytes()
    found = notices("us_nhtsa", us_nhtsa.parse, zipped({"FLAT_RCL_POST_2010.txt": rows}), "application/zip")
    assert sorted(n.symbol for n in found) == ["26V421000", "26V481000"]  # 41 rows
    door = next(n for n in found if n.symbol == "26V481000")
    assert door.published == dt.date(2026, 7, 24)
    assert door.stated["COMPNAME"] == ("LATCHES/LOCKS/LINKAGES:DOORS:LOCK",)
    old = (recordings / "us_nhtsa/FLAT_RCL_sample_gsa.txt").read_bytes()
    with pytest.raises(Drift, match=r"line 1 has 2[0-9] fields, RCL\.txt names 29"):
        notices("us_nhtsa", us_nhtsa.parse, zipped({"FLAT_RCL_POST_2010.txt": old}), "application/zip")


# -- traps -------------------------------------------------------------------------------------------------------------


def openfda(total: int, rows: int, skip: int, link: str = "") -> list[Any]:
    row = dict.fromkeys((*us_openfda.LABELS.split(), "code_info", "reason_for_recall", "product_description"), "x")
    row |= {"recall_number": "", "event_id": "1", "report_date": "20261111", "country": "China"}
    many = [row | {"recall_number": f"F-{skip + n}-2027"} for n in range(rows)]
    body = json.dumps({"meta": {"results": {"skip": skip, "limit": 1000, "total": total}}, "results": many}).encode()
    response = dry.response_of(
        Request(f"https://api.fda.gov/food/enforcement.json?search=report_date:[20261017+TO+20261116]&limit=1000&skip={skip}"),
        body, {"Content-Type": "application/json"} | ({"Link": link} if link else {}), 200, load("us_openfda"), ALL,
    )  # fmt: skip
    return [item for item in us_openfda.parse(response) if isinstance(item, Request)]


def test_openfda_counts_what_came_not_what_was_asked_for() -> None:
    """A server that answers 100 where 1,000 were asked for is asked from 100 on; the last page asks for nothing."""
    (following,) = openfda(total=2500, rows=100, skip=0)
    assert "skip=100" in following.url
    assert "%5B20261017+TO+20261116%5D" in following.url or "[20261017+TO+20261116]" in following.url
    assert openfda(total=2500, rows=100, skip=2400) == []


def test_openfda_beyond_25000_goes_on_by_the_link_or_says_so() -> None:
    link = '<https://api.fda.gov/food/enforcement.json?limit=1000&search_after=0%3D123>; rel="next"'
    (following,) = openfda(total=40_000, rows=1000, skip=25_000, link=link)
    assert "search_after" in following.url
    with pytest.raises(Drift, match="40000 records"):
        openfda(total=40_000, rows=1000, skip=25_000)


def test_openfda_reads_only_its_own_404() -> None:
    none = b'{"error": {"code": "NOT_FOUND", "message": "No matches found!"}}'
    assert list(us_openfda.parse(answer("us_openfda", none, "application/json", status=404))) == []
    with pytest.raises(Drift, match="NOT_FOUND"):
        list(
            us_openfda.parse(
                answer("us_openfda", b'{"error": {"code": "API_KEY_INVALID"}}', "application/json", status=404)
            )
        )


def test_forced_labor_lines_may_hold_line_ends_and_either_encoding() -> None:
    head = "Effective Date,Calendar Year,Country Code,Country,Merchandise,WRO/Finding,Industry,Status,Press Release,Entity,Remarks\r\n"
    line = '08/01/2026,2026,ID,Indonesia,"PVC sheet, coated",WRO,Textiles,Active,/newsroom/x,"Example\xa0Manufacturing, Ltd.","One, with comma\nTwo"\r\n'
    for body in ((head + line).encode("cp1252"), b"\xef\xbb\xbf" + (head + line).encode()):
        (order,) = notices("us_cbp_forced_labor", us_cbp_forced_labor.parse_list, body, "text/csv")
        assert order.summary == "One, with comma\nTwo"
        assert order.stated["Entity"] == "Example Manufacturing, Ltd."
        assert order.origins == ("ID",)


def test_a_zip_that_is_none_or_a_bomb_is_drift(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Drift, match="no zip archive"):
        list(us_nhtsa.parse(answer("us_nhtsa", b"<html>sign in</html>", "application/zip")))
    with pytest.raises(Drift, match="0 members like"):
        list(us_nhtsa.parse(answer("us_nhtsa", zipped({"readme.txt": b""}), "application/zip")))
    monkeypatch.setattr("crawlers.zips.LIMIT", 1000)
    with pytest.raises(Drift, match="unpacks to 2000 bytes"):
        list(us_nhtsa.parse(answer("us_nhtsa", zipped({"FLAT_RCL_POST_2010.txt": b"\t" * 2000}), "application/zip")))


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("12 oz. PRODUCT OF USA, China", ("US", "CN")),
        ("Made in Georgia, distributed by …", ()),  # the state
        ("Product of Viet Nam and/or India.", ("VN", "IN")),
        ("imported from the People’s Republic of China by", ("CN",)),
        ("made in a facility that also uses nuts", ()),
        ("Manufactured for a firm in China", ()),  # where the firm is says nothing of the goods
        ("Made in Korea, Republic of", ("KR",)),
    ],
)
def test_origins_as_said(text: str, codes: tuple[str, ...]) -> None:
    assert origins.said(text) == codes
