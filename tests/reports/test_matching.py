"""direct / broad / possible, and why: FIELD.md's table, then properties over made-up codes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.alert import Alert
from nlp.assessment import Product
from reports.matching import RANK, Match, _code_reason, best, follows, match, reaches, your_level
from reports.subscription import Subscription

Make = Callable[..., Alert]


def sub(**fields: Any) -> Subscription:
    return Subscription.model_validate({"id": "a", "name": "A", **fields})


@pytest.mark.parametrize(
    ("fields", "product", "kind", "why"),
    [
        ({"hs": ["8507.60.00.90"]}, ("850760", "stated"), "direct", "前6位相同"),
        ({"hs": ["850760"]}, ("850760", "extracted"), "direct", "前6位相同"),
        ({"hs": ["850760"]}, ("850760", "inherited"), "direct", "前6位相同"),
        ({"hs": ["850760"]}, ("850710", "stated"), "broad", "前4位（品目）相同"),
        ({"hs": ["850760"]}, ("8507", "stated"), "broad", "前4位（品目）相同"),
        ({"hs": ["8507"]}, ("850760", "stated"), "direct", "属于您关注的品目8507"),
        ({"hs": ["8507"]}, ("8507", "extracted"), "direct", "属于您关注的品目8507"),
        ({"hs": ["0902"]}, ("090210", "inherited"), "direct", "0902.10属于您关注的品目0902"),
        ({"hs": ["85076"]}, ("850760", "stated"), "direct", "属于您关注的品目"),
        ({"hs": ["85076"]}, ("850710", "stated"), "broad", "前4位（品目）相同"),
        ({"hs": ["85076"]}, ("8507", "stated"), "broad", "前4位（品目）相同"),
        ({"hs": ["8507"]}, ("8507", "mapped"), "broad", "前4位（品目）相同"),
        ({"hs": ["8507"]}, ("850760", "retrieved"), "possible", "预测"),
        ({"hs": ["8507"]}, ("85", "stated"), "broad", "第85章"),
        ({"hs": ["8507"]}, ("8537", "stated"), None, ""),
        ({"hs": ["850760"]}, ("85", "mapped"), "broad", "第85章"),
        ({"hs": ["850760"]}, ("8537", "stated"), None, ""),  # one chapter, two goods
        ({"hs": ["850760"]}, ("8607", "stated"), None, ""),
        ({"hs": ["850760"]}, ("850760", "model"), "possible", "预测"),
        ({"hs": ["850760"]}, ("850760", "retrieved"), "possible", "预测"),
    ],
)
def test_codes(make: Make, fields: dict[str, Any], product: tuple[str, str], kind: str | None, why: str) -> None:
    found = match(sub(**fields), make(products=[product]))
    assert (found.kind if found else None) == kind
    if found:
        assert why in found.why_zh
        assert found.why_en


def test_a_partial_code_says_so_and_a_conflict_is_only_possible(make: Make) -> None:
    partial = match(sub(hs=["850760"]), make(products=[Product(hs="850760", method="stated", partial=True)]))
    assert partial is not None
    assert partial.kind == "direct"
    assert "部分涵盖" in partial.why_zh
    heading = match(sub(hs=["8507"]), make(products=[Product(hs="850760", method="stated", partial=True)]))
    assert heading is not None
    assert (heading.kind, "部分涵盖" in heading.why_zh) == ("direct", True)
    conflict = match(sub(hs=["850760"]), make(products=[Product(hs="850760", method="stated", conflict=True)]))
    assert conflict is not None
    assert conflict.kind == "possible"
    assert "不一致" in conflict.why_zh


@pytest.mark.parametrize(("method", "kind"), [("mapped", "broad"), ("stated", "broad"), ("model", "possible")])
def test_industries(make: Make, method: str, kind: str) -> None:
    found = match(sub(industries=["nev_battery"]), make(industries=[("nev_battery", method)]))
    assert found is not None
    assert found.kind == kind
    assert "新能源汽车与动力电池" in found.why_zh
    assert match(sub(industries=["health"]), make(industries=[("nev_battery", method)])) is None


def test_words_alone_are_possible_and_the_best_reason_wins(make: Make) -> None:
    one = sub(hs=["850760"], keywords=["充电宝"])
    only_words = match(one, make(), ["充电宝"])
    assert only_words is not None
    assert (only_words.kind, only_words.why_zh) == ("possible", "关键词命中：充电宝")
    both = match(one, make(products=[("850760", "stated")]), ["充电宝"])
    assert both is not None
    assert both.kind == "direct"
    assert "充电宝" not in both.why_zh
    assert match(one, make()) is None


def test_a_partner_named_by_the_authority(make: Make) -> None:
    alert = make("us_cpsc:1", kind="recall", stated={"Importers": ("Best Lamp Inc., of Ohio",)})
    found = match(sub(hs=["850760"], partners=["Best Lamp"]), alert)
    assert found is not None
    assert (found.kind, "Best Lamp" in found.why_zh) == ("broad", True)


def test_a_whole_market(make: Make) -> None:
    found = match(sub(markets=["US"]), make())
    assert found is not None
    assert (found.kind, found.why_zh) == ("broad", "属于您关注的市场")
    assert match(sub(markets=["US"]), make("wto:G/TBT/N/JPN/1", market="JP")) is None


@pytest.mark.parametrize(
    ("followed", "market", "heard"),
    [
        ("EU", "EU", True),
        ("EU", "CZ", True),  # its member states' own notifications
        ("EU", "GB", False),
        ("europe", "GB", True),
        ("europe", "CH", True),
        ("DE", "EU", True),
        ("DE", "FR", False),
        ("SA", "GCC", True),  # a joint Gulf notification is found under each state
        ("GCC", "QA", True),
        ("middle_east", "GCC", True),
        ("middle_east", "TR", True),
        ("us", "US", True),
        ("JP", "US", False),
    ],
)
def test_market_groups(followed: str, market: str, heard: bool) -> None:
    assert follows(followed, market) is heard


def test_other_origins_only_on_request(make: Make) -> None:
    alert = make(products=[("0207", "stated")], measure="ban", reach="other_origins")
    assert match(sub(hs=["0207"]), alert) is None
    assert match(sub(hs=["0207"], include_other_origins=True), alert) is not None


def test_kinds_narrow(make: Make) -> None:
    alert = make(products=[("850760", "stated")])
    assert match(sub(hs=["850760"], kinds=["recall"]), alert) is None
    assert match(sub(hs=["850760"], kinds=["notification"]), alert) is not None


def test_your_level_is_the_base_level_seen_through_the_match(make: Make) -> None:
    alert = make(
        "us_cpsc:1",
        kind="recall",
        products=[("850760", "mapped")],
        severity="high",
        reach="names_china",
        origins=("CN",),
    )
    day = dt.date(2026, 11, 16)
    direct, broad = match(sub(hs=["850760"]), alert), match(sub(hs=["850710"]), alert)
    assert (your_level(alert, direct, day), your_level(alert, broad, day)) == ("red", "yellow")
    assert your_level(alert, None, day) is None
    assert your_level(alert, direct, day + dt.timedelta(days=31)) == "yellow"
    assert [reaches(sub(min_level="yellow"), level) for level in ("red", "yellow", "green", None)] == [
        True,
        True,
        False,
        True,
    ]


CODES = st.from_regex(r"(0[1-9]|[1-6][0-9]|8[0-9]|9[0-7])[0-9]{2,11}", fullmatch=True)
THEIRS = st.from_regex(r"(0[1-9]|[1-6][0-9]|8[0-9]|9[0-7])([0-9]{2}([0-9]{2})?)?", fullmatch=True)


@given(yours=CODES, theirs=THEIRS, method=st.sampled_from(["stated", "extracted", "mapped", "model", "retrieved"]))
def test_only_the_first_six_digits_count(yours: str, theirs: str, method: str) -> None:
    product = Product(hs=theirs, method=method)  # type: ignore[arg-type]
    first = _code_reason(yours, product)
    again = _code_reason(yours[:6], product)
    assert (first.kind if first else None) == (again.kind if again else None)
    if first is not None:
        assert yours[:2] == theirs[:2]
        equal = len(theirs) == 6 and yours[:6] == theirs and method not in {"model", "retrieved"}
        under = len(yours) < 6 and theirs.startswith(yours) and method in {"stated", "extracted"}
        assert (first.kind == "direct") == (equal or under)
    else:
        assert yours[:4] != theirs[:4] or len(theirs) < 4


@given(st.lists(st.sampled_from(["direct", "broad", "possible", None]), max_size=6))
def test_the_nearest_of_several(kinds: list[str | None]) -> None:
    found = best(Match(kind, ()) if kind else None for kind in kinds)  # type: ignore[arg-type]
    ranks = [RANK[kind] for kind in kinds if kind]  # type: ignore[index]
    assert (RANK[found.kind] if found else 0) == max(ranks, default=0)
