"""ePing's workbook: field by field, the recorded export, and 100,000 rows in bounded memory."""

from __future__ import annotations

import datetime as dt
import importlib.util
import io
import tracemalloc
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import Response

from crawlers import assemble, dry
from crawlers.notice import Notice
from crawlers.reading import Drift, Record, Reject, Window
from crawlers.source import load
from crawlers.sources import wto_eping_bulk
from crawlers.xlsx import normalised

SAMPLES = Path(__file__).parents[2] / "samples"
ALL = Window(dt.date(1995, 1, 1), dt.date(2030, 1, 1))
COLUMNS = ["Document symbol", "Notifying Member", "Distribution date", "Notification type", "Title", "Description"]


def workbooks() -> ModuleType:
    """The committed script that makes the samples' workbooks: here it makes the broken ones too."""
    spec = importlib.util.spec_from_file_location("make_workbooks", SAMPLES / "make_workbooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def book(*rows: dict[str, Any], columns: list[str] | None = None, **more: Any) -> bytes:
    made: bytes = workbooks().xlsx({"sheet": "N", "columns": columns or COLUMNS, "rows": list(rows), **more})
    return made


def row(**more: Any) -> dict[str, Any]:
    return {
        "Document symbol": "G/TBT/N/USA/1",
        "Notifying Member": "United States of America",
        "Distribution date": dt.date(2026, 11, 12),
        "Notification type": "Regular notification",
        "Title": "Kettles",
    } | more


def respond(body: bytes, window: Window = ALL) -> Response:
    request = Request("https://eping.wto.org/x", meta={"source": load("wto_eping_bulk"), "window": window})
    return Response(request.url, body=body, request=request)


def read(body: bytes, window: Window = ALL) -> list[Any]:
    return list(wto_eping_bulk.parse(respond(body, window)))


def only(**more: Any) -> dict[str, Any]:
    (record,) = read(book(row(**more), columns=[*COLUMNS, *(name for name in more if name not in COLUMNS)]))
    assert isinstance(record, Record)
    return record.fields | {"id": record.id}


def test_headers_are_found_by_normalised_name() -> None:
    assert normalised("Proposed entry  into  force date") == "proposed entry into force date"
    assert normalised("Link to notification(EN)") == "link to notification en"


def test_a_title_row_above_and_columns_in_another_order_do_not_matter() -> None:
    body = book(row(), columns=list(reversed(COLUMNS)), title=["ePing", "as of today"])
    assert [record.id for record in read(body)] == ["G/TBT/N/USA/1"]


@pytest.mark.parametrize(
    ("symbol", "parent"),
    [
        ("G/TBT/N/USA/1/Add.2", "G/TBT/N/USA/1"),
        ("G/TBT/N/DOM/227/Rev.1/Add.1", "G/TBT/N/DOM/227/Rev.1"),
        ("G/SPS/N/BRA/2175/Add.2/Corr.1", "G/SPS/N/BRA/2175/Add.2"),
        ("G/SPS/N/CHN/1/Suppl.1", "G/SPS/N/CHN/1"),
        ("G/TBT/N/USA/138/Rev.1", "G/TBT/N/USA/138"),
        ("G/TBT/N/USA/138", ""),
    ],
)
def test_parent_symbol(symbol: str, parent: str) -> None:
    assert only(**{"Document symbol": symbol})["parent_symbol"] == parent


def test_a_joint_row_has_the_symbol_of_its_own_member() -> None:
    symbols = "G/TBT/N/ARE/1, G/TBT/N/KWT/2, G/TBT/N/TPKM/3, G/SPS/N/EU/4"
    for member, own in (
        ("Kuwait, the State of", "G/TBT/N/KWT/2"),
        ("Chinese Taipei", "G/TBT/N/TPKM/3"),
        ("European Union", "G/SPS/N/EU/4"),
    ):
        fields = only(**{"Document symbol": symbols, "Notifying Member": member})
        assert (fields["id"], len(fields["joint_symbols"])) == (own, 4)


def test_without_a_symbol_of_its_own_the_id_is_a_hash_that_stays() -> None:
    first, again = (only(**{"Document symbol": None})["id"] for _ in range(2))
    assert first == again
    assert len(first) == 24
    assert only(**{"Document symbol": None, "Title": "Irons"})["id"] != first


def test_codes_repeat_and_their_descriptions_hold_semicolons_and_figures() -> None:
    fields = only(
        **{
            "HS code(s)": "8516 - Heaters; of 10 - 20 A; irons; 851660 - Ovens; 8516 - Heaters; 01 - LIVE ANIMALS",
            "ICS code(s)": "97.030 - Appliances; 67 - Food technology; 97.040.20 - Cooking; 97.030 - Appliances",
        }
    )
    assert [code["code"] for code in fields["hs_codes"]] == ["8516", "851660", "01"]
    assert fields["ics_codes"] == ("97.030", "67", "97.040.20")


def test_products_are_kept_as_printed_with_their_codes() -> None:
    """Taking the codes out is for training: here they are a fact (SOURCES, "the label leaks")."""
    assert only(**{"Products covered": "Cars (HS code(s): 8703)"})["products_text"] == "Cars (HS code(s): 8703)"


def test_links_to_the_notification_in_each_language_the_export_has() -> None:
    """The daily workbook links the English text alone; the site's export all three."""
    links = {f"Link to notification({code})": f"https://docs.wto.org/{code}.DOCX" for code in ("EN", "FR", "ES")}
    documents = only(**links)["documents"]
    assert [(d["language"], d["url"]) for d in documents] == [
        (code.lower(), f"https://docs.wto.org/{code}.DOCX") for code in ("EN", "FR", "ES")
    ]


def test_dates_as_serial_text_or_words() -> None:
    fields = only(
        **{
            "Final date for comments": "2027-01-10",
            "Proposed adoption  date": dt.date(2027, 2, 1),
            "Proposed entry  into  force date": "To be determined",
        }
    )
    assert fields["milestones"] == [
        {"kind": "comment_deadline", "date": dt.date(2027, 1, 10)},
        {"kind": "adoption", "date": dt.date(2027, 2, 1)},
        {"kind": "entry_into_force", "text": "To be determined"},
    ]


@pytest.mark.parametrize(
    ("text", "kind", "old", "new"),
    [
        (
            "The comment period is extended from 9 January 2027 to 8 February 2027.",
            "comment_deadline",
            dt.date(2027, 1, 9),
            dt.date(2027, 2, 8),
        ),
        (
            "Entry into force moves from 1 March 2027 until 1 June, 2027.",
            "entry_into_force",
            dt.date(2027, 3, 1),
            dt.date(2027, 6, 1),
        ),
        (
            "Mandatory use starts later, from 1 March 2027 to 1 June 2027.",
            "application",
            dt.date(2027, 3, 1),
            dt.date(2027, 6, 1),
        ),
    ],
)
def test_a_moved_date_keeps_the_date_it_replaces(text: str, kind: str, old: dt.date, new: dt.date) -> None:
    fields = only(**{"Document symbol": "G/TBT/N/USA/1/Add.1", "Description": text})
    assert {"kind": kind, "date": new, "replaces": old} in fields["milestones"]


@pytest.mark.parametrize(
    ("more", "stage"),
    [
        ({}, "draft"),
        ({"Notification type": "Emergency notifications (SPS)"}, "adopted"),
        (
            {
                "Notification type": "Emergency notifications (SPS)",
                "Proposed entry  into  force date": dt.date(2026, 11, 1),
            },
            "in_force",
        ),
        ({"Notification type": "Corrigendum to Regular Notification"}, None),
        ({"Notification type": "Supplement to Regular Notification"}, None),
        (
            {"Notification type": "Addendum to Regular Notification", "Keywords": "Withdrawal of the measure"},
            "withdrawn",
        ),
        (
            {"Notification type": "Addendum to Regular Notification", "Description": "The draft has been withdrawn."},
            "withdrawn",
        ),
        (
            {"Notification type": "Addendum to Regular Notification", "Description": "It was adopted on Monday."},
            "adopted",
        ),
        (
            {
                "Notification type": "Addendum to Regular Notification",
                "Description": "The date of application has been postponed.",
            },
            "postponed",
        ),
        (
            {
                "Notification type": "Addendum to Regular Notification",
                "Description": "A recently adopted rule; it is now adopted.",
                "Final date for comments": dt.date(2026, 12, 1),
            },
            "draft",
        ),
        (
            {"Notification type": "Addendum to Regular Notification", "Description": "An English text is available."},
            None,
        ),
        (
            {
                "Document symbol": "G/TBT/N/JPN/1/Add.1",
                "Notification type": "Addendum to Regular Notification",
                "Description": "It became effective on 1 October 2026.",
            },
            "in_force",
        ),
        (
            {
                "Document symbol": "G/SPS/N/CHL/1/Add.1",
                "Notification type": "Addendum to Regular Notification",
                "Description": "It was published in the official journal on 2 November 2026, entering into force from that date.",
            },
            "in_force",
        ),
        (
            {
                "Notification type": "Addendum to Regular Notification",
                "Description": "The amendments were published on 2 November 2026.",
            },
            "published",
        ),
        (
            {
                "Notification type": "Addendum to Regular Notification",
                "Description": "The proposed amendments were published on 2 November 2026.",
            },
            None,
        ),
        (
            {"Notification type": "Addendum to Emergency Notification (SPS)", "Description": "Imports are suspended."},
            "adopted",
        ),
        ({"Title": "Fluopicolide; Pesticide Tolerances. Final rule"}, "adopted"),
        ({"Title": "Kettles; proposed amendment of the final rule"}, "draft"),
        ({"Title": "Kettles; petition for reconsideration of the final rule"}, "draft"),
        ({"Description": "This final rule is effective 2 November 2026."}, "in_force"),
        ({"Description": "This final rule is effective 2 December 2026."}, "adopted"),
        ({"Description": "Another rule is effective 2 November 2026."}, "draft"),
        (
            {"Notification type": "Corrigendum to Regular Notification", "Title": "Draft rules on kettles"},
            "draft",
        ),
        (
            {
                "Document symbol": "G/TBT/N/USA/1/Add.2/Corr.1",
                "Notification type": "Corrigendum to Regular Notification",
                "Title": "Draft rules on kettles",
            },
            None,
        ),
    ],
)
def test_stage(more: dict[str, Any], stage: str | None) -> None:
    assert only(**more)["stage"] == stage


def test_escaped_characters_and_a_less_than_sign_survive() -> None:
    assert only(Description="One_x000D_\ntwo, <10 persons")["summary"] == "One\ntwo, <10 persons"


def test_only_the_rows_of_the_window() -> None:
    days = [
        row(**{"Document symbol": f"G/TBT/N/USA/{day}", "Distribution date": dt.date(2026, 11, day)})
        for day in (8, 9, 15, 16)
    ]
    found = read(book(*days), Window(dt.date(2026, 11, 9), dt.date(2026, 11, 15)))
    assert [record.id for record in found] == ["G/TBT/N/USA/9", "G/TBT/N/USA/15"]


def test_ten_megabytes_in_one_cell_are_kept_aside_and_the_rest_is_read() -> None:
    found = read(
        book(
            row(),
            row(**{"Document symbol": "G/TBT/N/USA/2", "Description": "x" * 10_000_000}),
            row(**{"Document symbol": "G/TBT/N/USA/3"}),
        )
    )
    assert [type(item).__name__ for item in found] == ["Record", "Reject", "Record"]
    assert (found[1].name, found[1].id) == ("description", "G/TBT/N/USA/2")
    assert len(found[1].raw) > 10_000_000


@pytest.mark.parametrize(("day", "says"), [("31/02/2026", "no date"), (None, "empty"), (7, "1980")])
def test_a_day_that_does_not_exist_is_kept_aside(day: Any, says: str) -> None:
    (reject,) = read(book(row(**{"Distribution date": day})))
    assert isinstance(reject, Reject)
    assert reject.name == "Distribution date"
    assert says in reject.reason


def bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("xl/worksheets/sheet1.xml", '<!DOCTYPE w [<!ENTITY a "b">]><w>&a;</w>')
    return file.getvalue()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (book(row())[:-60], "BadZipFile"),
        (b"<html>Log in</html>", "BadZipFile"),
        (book(row(), columns=["Symbol", *COLUMNS[1:]]), "document symbol"),
        (bomb(), "EntitiesForbidden"),
    ],
)
def test_what_is_not_the_workbook_is_drift(body: bytes, says: str) -> None:
    with pytest.raises(Drift, match=says):
        read(body)


def test_ten_times_the_rows_take_no_more_memory() -> None:
    """Shared strings lie on disk beyond a megabyte, rows pass one by one; 8 bytes a string remain."""

    def peak(count: int) -> tuple[int, int]:
        body, found = big(count), 0
        tracemalloc.start()
        for _ in wto_eping_bulk.parse(respond(body, Window(dt.date(2026, 11, 12), dt.date(2026, 11, 12)))):
            found += 1
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found, top

    (few, small), (many, large) = peak(300), peak(3_000)
    assert (few, many) == (300, 3_000)
    assert large < small + 2_000_000


def big(count: int) -> bytes:
    """A workbook of `count` rows, each with 3 kB of text of its own."""
    return book(*(row(**{"Document symbol": f"G/TBT/N/USA/{n}", "Description": f"{n} " * 600}) for n in range(count)))


def test_the_sample_keeps_what_it_cannot_place() -> None:
    result = dry.read("wto_eping_bulk", SAMPLES / "wto_eping_bulk")
    assert [reject.id for reject in result.rejects] == ["G/TBT/N/XXX/1"]


@pytest.mark.recordings
def test_the_recorded_export(recordings: Path) -> None:
    """90 rows, every symbol read from its formula; 2025-06-04 has the counts FIELD checks the bulletin against."""
    source = load("wto_eping_bulk")
    response = respond((recordings / "wto_eping" / "export_2025-06-02_2025-06-05.xlsx").read_bytes())
    where = assemble.provenance(source, response, dt.datetime(2025, 6, 6, tzinfo=dt.UTC))
    notices = [
        assemble.notice(source, item, where) for item in wto_eping_bulk.parse(response) if isinstance(item, Record)
    ]
    assert len(notices) == 90
    assert all(isinstance(n, Notice) and n.symbol and n.products_text for n in notices)
    assert len({n.id for n in notices}) == 90
    joint = [n for n in notices if isinstance(n, Notice) and n.joint_symbols]
    assert len(joint) == 20
    assert all(n.symbol in n.joint_symbols for n in joint)
    day = [n for n in notices if isinstance(n, Notice) and n.published == dt.date(2025, 6, 4)]
    areas = [n.stated["area"] for n in day]
    assert (len({n.market for n in day}), len(day)) == (7, 23)
    assert (areas.count("TBT"), areas.count("SPS")) == (16, 7)
    assert sum(n.market == "US" for n in day) == 15
    children = [n for n in notices if isinstance(n, Notice) and n.parent_symbol]
    assert (len(children), sum(bool(n.hs_codes) for n in children)) == (35, 20)
    stages = {n.symbol: n.stage for n in notices if isinstance(n, Notice)}
    # Read by eye against the rows' own words: final acts notified as regular ones, and addenda that report what became of a draft.
    assert {symbol: stages[symbol] for symbol in RECORDED_STAGES} == RECORDED_STAGES


RECORDED_STAGES = {
    "G/SPS/N/CHL/828/Add.1": "in_force",  # published on 28 May, "entering into force from that date"
    "G/SPS/N/EU/808/Add.1": "adopted",  # in force on the twentieth day after publication
    "G/SPS/N/EU/860": "draft",
    "G/SPS/N/RUS/317": "adopted",  # emergency
    "G/SPS/N/THA/773/Add.1": "withdrawn",
    "G/SPS/N/THA/774/Add.1": "adopted",  # addendum to an emergency notification
    "G/SPS/N/TPKM/642/Add.1": "in_force",
    "G/SPS/N/USA/3310/Add.2": "in_force",  # confirms the effective date of 19 February
    "G/SPS/N/USA/3516": "in_force",  # "This order is effective 19 May", objections until 18 June
    "G/SPS/N/USA/3517": "adopted",  # "Final rule"
    "G/SPS/N/USA/3518": "adopted",
    "G/TBT/N/AUS/142/Add.1": "published",
    "G/TBT/N/CHL/518/Add.2": None,  # says nothing but the title it had as a draft
    "G/TBT/N/IND/363": "draft",  # an order by its title, open for comments
    "G/TBT/N/JPN/853/Add.1": "adopted",  # enters into force on 1 October
    "G/TBT/N/USA/552/Rev.3/Add.5": "draft",
    "G/TBT/N/USA/993/Add.1": "withdrawn",
}
