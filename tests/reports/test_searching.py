"""The subscriber's words are asked of the real embedded index, one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from index.alert import Alert
from index.sqlite_store import SqliteStore
from nlp.gazetteer import Concept, Gazetteer
from reports.bulletin import compose
from reports.searching import asked, found
from reports.subscription import Subscription


@pytest.fixture
def store(tmp_path: Path, the_week: list[Alert]) -> SqliteStore:
    words = {"zh": ("移动电源", "充电宝"), "en": ("power bank",)}
    made = SqliteStore(tmp_path / "index.db", gazetteer=Gazetteer([Concept("power_bank", "product", words)]))
    made.put(the_week)
    made.wait()
    return made


def test_each_word_finds_on_its_own(store: SqliteStore, the_week: list[Alert], arguments: dict[str, Any]) -> None:
    reader = Subscription(
        id="a", name="A", keywords=("充电宝", "honey"), query="kind:notification market:JP", markets=()
    )
    period, day = arguments["period"], arguments["as_of"]
    words = found(reader, store, period, day)
    assert asked(reader) == ("充电宝", "honey", "kind:notification market:JP")
    assert words["eu_safety_gate:30001"] == ("充电宝",)
    assert words["us_cpsc:10900"] == ("充电宝",)  # "Power Banks": the concept, whatever the language
    assert words["eu_rasff:2026.9001"] == ("honey",)
    assert words["wto:G/TBT/N/JPN/901"] == ("kind:notification market:JP",)
    assert not any("2025" in alert_id for alert_id in words)
    assert "wto:G/SPS/N/JPN/1300" not in words  # a year earlier: not of this bulletin
    bulletin = compose(the_week, subscription=reader, found=words, **arguments)
    kinds = {one.match.kind for one in bulletin.notifications.items if one.match}
    assert kinds == {"possible"}
    honey = [stop.item.match for table in bulletin.stopped.tables for stop in table.stops]
    assert any(match is not None and "关键词命中：honey" in match.why_zh for match in honey)


def test_without_words_nothing_is_asked(store: SqliteStore, arguments: dict[str, Any]) -> None:
    assert found(Subscription(id="a", name="A", hs=("850760",)), store, arguments["period"], arguments["as_of"]) == {}
