"""ePing's API gives what the workbook gives: one id, one hash, whichever route brought a notification."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from scrapy import Request

from crawlers import assemble, dry, replay, runner, state, wto_notification, xlsx
from crawlers.notice import Notice
from crawlers.reading import Drift, Reject, Window
from crawlers.source import HERE, Expect, SourceError, load, read_source
from crawlers.sources import wto_eping_api, wto_eping_bulk
from crawlers.xlsx import Cell
from nlp.assess import Assessor

SAMPLES = Path(__file__).parents[2] / "samples"
WINDOW = Window(dt.date(2020, 1, 1), dt.date(2026, 11, 16))
URL = "https://api.wto.org/eping/notifications/search?language=1&page=1&pageSize=100"
COLUMNS = {column: fields[0] for column, fields in wto_eping_api.COLUMNS.items()}


def answer(page: dict[str, Any], source_id: str = "wto_eping_api") -> Any:
    body = json.dumps(page).encode()
    return dry.response_of(Request(URL), body, {"Content-Type": "application/json"}, 200, load(source_id), WINDOW)


def read(page: dict[str, Any]) -> list[Notice | Reject]:
    response, source = answer(page), load("wto_eping_api")
    where = assemble.provenance(source, response, dt.datetime(2026, 11, 16, tzinfo=dt.UTC))
    return [assemble.notice(source, item, where) for item in wto_eping_api.parse(response)]  # type: ignore[arg-type]


def as_item(row: dict[str, Cell]) -> dict[str, Any]:
    """A row of the workbook in the API's form: dates as date-times, lists of objects, HTML beside plain text."""
    item: dict[str, Any] = {name: None for fields in wto_eping_api.COLUMNS.values() for name in fields}
    for column, field in COLUMNS.items():
        value = row.get(column, Cell(None)).value
        if isinstance(value, float):
            day = dt.date(1899, 12, 30) + dt.timedelta(days=int(value))
            item[field] = f"{day.isoformat()}T00:00:00"
        else:
            item[field] = value
    for column, (field, *_) in wto_eping_api.LISTED.items():
        parts = [part.strip() for part in str(row[column].value or "").split(";") if part.strip()]
        item[field] = [{"id": number, "name": part} for number, part in enumerate(parts)]
    for column, field in wto_eping_api.CODED.items():
        pattern = wto_notification.HS if field == "hsCodes" else wto_notification.ICS
        codes = wto_notification.codes(pattern, str(row[column].value or ""))
        item[field] = [
            {"id": number, "code": code, "name": "a name; with 12 - things"} for number, code in enumerate(codes)
        ]
    return item


@pytest.mark.recordings
def test_ninety_recorded_rows_have_one_hash_by_either_route(recordings: Path) -> None:
    """Rows of the site's export, each laid out as an item. The export links its pages on the site's older host and has the
    French and Spanish texts; the daily workbook and the API have neither, so both are taken out before comparing."""
    body = (recordings / "wto_eping/export_2025-06-02_2025-06-05.xlsx").read_bytes()
    table = [dict(row) for row in xlsx.rows(body, wto_eping_bulk.NEEDED)]
    for row in table:
        symbol = row["document symbol"]
        row["document symbol"] = Cell(symbol.value, symbol.link.replace("www.epingalert.org", "eping.wto.org"))
        del row["link to notification fr"], row["link to notification es"]
    bulk, source = [], load("wto_eping_bulk")
    response = answer({}, "wto_eping_bulk")
    where = assemble.provenance(source, response, dt.datetime(2026, 11, 16, tzinfo=dt.UTC))
    for row in table:
        published = dt.date(1899, 12, 30) + dt.timedelta(days=int(float(row["distribution date"].value or 0)))
        bulk.append(assemble.notice(source, wto_notification.read(response, row, published), where))
    items = [as_item(row) for row in table]
    api = read({"currentPage": 1, "pageSize": 100, "totalCount": 90, "items": items})
    assert len(api) == 90
    assert all(isinstance(notice, Notice) for notice in [*api, *bulk])
    assert [notice.id for notice in api] == [notice.id for notice in bulk]
    assert [notice.hash for notice in api] == [notice.hash for notice in bulk]  # type: ignore[union-attr]
    assert {notice.source for notice in api} == {"wto_eping_api"}


def test_bulk_then_api_brings_nothing_new(tmp_path: Path) -> None:
    """The same seven notifications: none is new, none is changed.

    Shown to fail while the sample's workbook linked a French text, which the API does not have: (0, 1, 6).
    """
    url = f"sqlite:///{tmp_path / 'state.db'}"
    engine = state.connect(url)
    state.metadata.create_all(engine)
    engine.dispose()

    def crawl(source_id: str) -> dict[str, int]:
        folder = SAMPLES / source_id
        return runner.crawl(
            source_id, archive_url=str(tmp_path / "archive"), engine_url=url, as_of=replay.as_of(folder), replay=folder,
            expect=Expect(per="1d"), run_id=source_id,
        ).counts  # fmt: skip

    assert crawl("wto_eping_bulk")["new"] == 7
    counts = crawl("wto_eping_api")
    assert (counts["new"], counts["changed"], counts["unchanged"]) == (0, 0, 7)


def test_both_routes_mean_the_same() -> None:
    """What is read of a notification rests on its facts, not on its route: one `meaning`, one authority, one register."""
    api, bulk = load("wto_eping_api"), load("wto_eping_bulk")
    assert api.meaning
    assert api.meaning == bulk.meaning
    assert (api.register_name, api.authority, api.language) == (bulk.register_name, bulk.authority, bulk.language)


def test_both_routes_are_assessed_the_same() -> None:
    """The whole opinion, notice by notice; a suspension of importation is a ban whichever way it came.

    Shown to fail when wto_eping_api.yml had a `meaning:` of its own, shorter by some words: the measure was "standard".
    """
    assessor, opinions = Assessor(), {}
    for source_id in ("wto_eping_bulk", "wto_eping_api"):
        notices = dry.read(source_id, SAMPLES / source_id).notices
        opinions[source_id] = {
            made.notice_id: made.model_dump(mode="json") for made in assessor.assess_all(notices, run="r")
        }
    assert opinions["wto_eping_api"] == opinions["wto_eping_bulk"]
    assert opinions["wto_eping_api"]["wto:G/SPS/N/THA/867"]["measure"]["value"] == "ban"


def declared(folder: Path, name: str, **changes: object) -> Path:
    """The declaration of the API under another name, with changes, in a folder of its own beside the workbook's."""
    body = yaml.safe_load((HERE / "wto_eping_api.yml").read_text(encoding="utf-8")) | {"id": name} | changes
    shutil.copy(HERE / "wto_eping_bulk.yml", folder)
    path = folder / f"{name}.yml"
    path.write_text(yaml.safe_dump(body), encoding="utf-8")
    return path


def test_a_meaning_is_taken_only_from_another_route_of_the_register(tmp_path: Path) -> None:
    assert read_source(declared(tmp_path, "zz_route")).meaning == load("wto_eping_bulk").meaning
    for changes, why in (
        ({"register": "zz"}, "same register"),
        ({"meaning": {"measure": [{"value": "ban"}]}}, "exclude each other"),
        ({"meaning_of": "zz_nobody"}, "no other source 'zz_nobody'"),
        ({"meaning_of": "zz_route"}, "no other source 'zz_route'"),
    ):
        with pytest.raises(SourceError, match=why):
            read_source(declared(tmp_path, "zz_route", **changes))


def test_the_key_travels_in_a_header_only() -> None:
    source = load("wto_eping_api")
    assert source.headers == {"Ocp-Apim-Subscription-Key": "{key}"}
    assert source.key_setting == "TRADEWARN_WTO_KEY"
    assert "key" not in source.requests[0].url.lower()


def test_fewer_items_than_counted_is_drift() -> None:
    """`totalCount` is held against what the pages held: a page that lost its items must not pass for a quiet month."""
    with pytest.raises(Drift, match="totalCount is 3, but the 1 pages held 0 items"):
        read({"currentPage": 1, "pageSize": 100, "totalCount": 3, "items": []})
    with pytest.raises(Drift, match="items"):
        read({"currentPage": 1, "pageSize": 100, "totalCount": 0})
    assert read({"currentPage": 1, "pageSize": 100, "totalCount": 0, "items": []}) == []
