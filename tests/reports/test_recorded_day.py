"""The check of FIELD.md on a real export of ePing: 4 June 2025 gives 7 members, 23 items, 16 TBT, 7 SPS, United States 15."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import pytest

from crawlers import dry, source
from crawlers.notice import Notice
from index.alert import Alert
from nlp.assessment import Assessment, Model
from reports.bulletin import compose
from reports.period import Period
from reports.render import render

EXPORT = "export_2025-06-02_2025-06-05.xlsx"
DAY = dt.date(2025, 6, 4)


@pytest.fixture
def exported(recordings: Path, tmp_path: Path) -> list[Alert]:
    """The rows of the export as alerts without an opinion: counting needs none."""
    shutil.copy(recordings / "wto_eping" / EXPORT, tmp_path / EXPORT)
    asked = source.load("wto_eping_bulk").requests[0].url
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    lines = [
        {"as_of": "2025-06-06T06:00:00+00:00"},
        {"url": asked, "headers": {"Content-Type": kind}, "file": EXPORT, "fetched_at": "2025-06-06T06:00:00+00:00"},
    ]
    (tmp_path / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    read = dry.read("wto_eping_bulk", tmp_path)
    assert (read.rejects, read.drifts, read.unlisted) == ([], [], [])
    assert len(read.notices) == 90
    return [_alert(notice) for notice in read.notices]


def _alert(notice: Notice) -> Alert:
    model = Model(name="none", version="0", taxonomy="0")
    return Alert(
        notice=notice,
        assessment=Assessment(notice_id=notice.id, notice_hash=notice.hash, model=model),
        event=notice.id,
    )


@pytest.mark.recordings
def test_the_fourth_of_june(exported: list[Alert]) -> None:
    bulletin = compose(
        exported,
        period=Period(DAY, DAY),
        as_of=dt.date(2025, 6, 6),
        cut_off=dt.datetime(2025, 6, 6, 6, tzinfo=dt.UTC),
    )
    told = bulletin.overview
    assert (told.members, told.total, told.tbt, told.sps) == (7, 23, 16, 7)
    assert [(count.code, count.total) for count in told.counts][:2] == [("US", 15), ("CR", 3)]
    assert "共有7个WTO成员通报23项技术性贸易措施，其中TBT 16项、SPS 7项" in told.sentence.zh
    assert "美国15项、哥斯达黎加3项" in told.breakdown.zh
    page = render(bulletin, "zh")
    assert told.sentence.zh in page.html
    assert bulletin.notifications.total == 23


@pytest.mark.recordings
def test_joint_notifications_of_the_third_of_june(exported: list[Alert]) -> None:
    """Four East African standards notified by five members each: twenty records, four once merged."""
    day = Period(dt.date(2025, 6, 3), dt.date(2025, 6, 3))
    bulletin = compose(exported, period=day, as_of=DAY, cut_off=dt.datetime(2025, 6, 4, 6, tzinfo=dt.UTC))
    told = bulletin.overview
    assert (told.total, told.merged) == (41, 41 - 20 + 4)
    joint = [one for one in bulletin.notifications.items if one.symbols]
    assert len(joint) == 4
    assert all(one.market.zh == "布隆迪、肯尼亚、卢旺达、坦桑尼亚、乌干达" for one in joint)
