"""Numbers without a list (GÜBİS, TRIS): the walk finds every notice of the window, whatever the holes, in few pages."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scrapy import Request

from crawlers import dry
from crawlers.reading import Drift, Record, Window
from crawlers.source import load
from crawlers.sources import eu_tris, tr_gubis

SINCE, UNTIL = dt.date(2026, 10, 17), dt.date(2026, 11, 16)
ROW = '<div class="w3-cell-row"><div class="w3-container w3-cell">{}</div><div class="w3-container w3-cell">{}</div></div>'


def page(day: dt.date) -> bytes:
    rows = (("ÜRÜN TANIMI", "Priz"), ("BİLDİRİM TARİHİ", day.strftime("%d.%m.%Y")), ("MENŞE ÜLKE", "Çin"))
    return f"<html><body>{''.join(ROW.format(*row) for row in rows)}</body></html>".encode()


def walk(site: dict[int, dt.date], *, missing: int = 404) -> tuple[set[int], list[int]]:
    """Crawl a site of number → day; the numbers found, and all that were asked for."""
    source, window = load("tr_gubis"), Window(SINCE, UNTIL)
    found, asked, queue = set(), [], list(tr_gubis.start(source, window))
    while queue:
        request: Request = queue.pop()
        number = int(request.url.rpartition("=")[2])
        asked.append(number)
        body, status = (page(site[number]), 200) if number in site else (b"<html><body/></html>", missing)
        answer = dry.response_of(request, body, {"Content-Type": "text/html; charset=utf-8"}, status, source, window)
        for item in tr_gubis.parse(answer):
            if isinstance(item, Record):
                found.add(int(item.id))
            else:
                assert isinstance(item, Request), item
                queue.append(item)
    return found, asked


def site_of(newest: int, per_day: int, holes: set[int]) -> dict[int, dt.date]:
    """Numbers 1..newest, `per_day` a day, the newest one on the last day of the window."""
    return {n: UNTIL - dt.timedelta(days=(newest - n) // per_day) for n in range(1, newest + 1) if n not in holes}


@settings(max_examples=25, deadline=None)
@given(
    newest=st.integers(1500, 24000),
    per_day=st.integers(3, 15),
    seed=st.integers(0, 10**6),
    missing=st.sampled_from([404, 200]),
)
def test_every_notice_of_the_window_is_found(newest: int, per_day: int, seed: int, missing: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - holes of a test
    holes = {n for n in range(1025, newest) if chance.random() < 0.1}
    site = site_of(newest, per_day, holes)
    found, asked = walk(site, missing=missing)
    assert found == {n for n, day in site.items() if SINCE <= day <= UNTIL}
    inside = 31 * per_day
    assert len(asked) < inside + tr_gubis.WALK.end + 250


def test_a_window_before_the_first_number() -> None:
    """A back-fill that begins before number 1024: it is halved down, nothing is left out."""
    site = site_of(1200, 60, set())  # the window holds them all
    found, _ = walk(site)
    assert found == {n for n, day in site.items() if day >= SINCE}
    assert min(found) == 1


def test_no_notice_at_all_is_drift() -> None:
    with pytest.raises(Drift, match="hold no notice"):
        walk({}, missing=200)


def test_a_notice_without_date_goes_to_quarantine_and_the_walk_goes_on() -> None:
    source, window = load("tr_gubis"), Window(SINCE, UNTIL)
    request = Request(tr_gubis.WALK.page.format(2051), meta={"low": 2050, "step": 0, "missed": 3})
    body = f"<html><body>{ROW.format('ÜRÜN TANIMI', 'Priz')}{ROW.format('FİRMA', 'X')}</body></html>".encode()
    answer = dry.response_of(request, body, {"Content-Type": "text/html; charset=utf-8"}, 200, source, window)
    reject, following = tr_gubis.parse(answer)
    assert (reject.name, reject.reason.split(":")[0]) == ("BİLDİRİM TARİHİ", "is empty")
    assert following.url.endswith("rid=2052")
    assert following.meta["missed"] == 0


@pytest.mark.parametrize(
    ("label", "market"),
    [
        ("2026/0502/EL (Greece)", "GR"),
        ("2026/0502/XI (United Kingdom (Northern Ireland))", "GB"),
        ("2026/0502/PL", "PL"),
    ],
)
def test_tris_member_states(label: str, market: str) -> None:
    source, window = load("eu_tris"), Window(SINCE, UNTIL)
    cells = (("Notification Number", label), ("Date received", "12/11/2026"))
    body = "".join(f'<div class="ecl-col-3">{name}</div><div class="ecl-col-9">{text}</div>' for name, text in cells)
    answer = dry.response_of(
        Request(eu_tris.WALK.page.format(28000), meta={"step": 0}),
        f"<html><h1>Draft</h1><div>{body}</div></html>".encode(),
        {"Content-Type": "text/html"},
        200,
        source,
        window,
    )
    record = next(eu_tris.parse(answer))
    assert isinstance(record, Record)
    assert record.fields["market"] == market
    assert record.fields["symbol"] == label[:12]
