"""Terms of the gazetteer that are other words unless they are written as the table writes them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crawlers.notice import Notice
from nlp import spelling
from nlp.assess import Assessor
from nlp.document import read
from nlp.gazetteer import Gazetteer

Make = Callable[..., Notice]
G = Gazetteer.load()


def named(notice: Notice) -> set[str]:
    document = read(notice)
    return {match.concept for match in spelling.kept(document, G.find(document.text))}


@pytest.mark.parametrize(
    ("text", "concept", "meant"),
    [
        ("Substances restricted under REACH in imported belts", "reach", True),
        ("Keep the cord out of reach of small children", "reach", False),
        ("Children can reach the blade through the gap", "reach", False),
        ("The reach regulation applies to articles", "reach", True),
        ("Conformity certificates are issued through SABER", "saber", True),
        ("A light saber whose lamp overheats", "saber", False),
        ("Los consumidores deben saber que el producto quema", "saber", False),
        ("Distributed by Saleem and Brothers", "saber", False),
        ("Les piles ont fui dans leur emballage", "modem", False),
        ("Fibre access by ONT in the home", "modem", True),
        ("カツオの加工品にヒスタミン", "tuna", True),
        ("安価かつおいしい菓子の表示", "tuna", False),
        ("タイヤの空気圧センサーの不具合", "tyre", True),
        ("購入したいやかんの底が外れる", "tyre", False),
        ("ﾀｲﾔの亀裂", "tyre", True),
        ("しかし、すべての製品に表示がない", "berries_other", False),
    ],
)
def test_a_word_is_a_term_only_as_the_table_writes_it(make_notice: Make, text: str, concept: str, meant: bool) -> None:
    """Shown to fail by giving back the gazetteer's matches as they are: every False was found."""
    assert (concept in named(make_notice(title=text))) is meant


def test_the_letters_are_looked_at_in_the_field_that_holds_them(make_notice: Make) -> None:
    """Shown to fail by reading the span in the title: its letters there are another word's."""
    assert "reach" not in named(make_notice(title="NOTICE ON TOYS", text="The string is within reach of a child."))
    assert "reach" in named(make_notice(title="notice on toys", text="Restricted by REACH since 2024."))


def test_the_engine_reads_no_scheme_into_a_verb(make_notice: Make) -> None:
    """Shown to fail by `Assessor` taking the gazetteer's matches without `spelling.kept`."""
    found = Assessor().assess(make_notice(title="Cords that children can reach", text="The cord is within reach."))
    assert "reach" not in found.concepts


def test_rows_without_their_spelling_never_name_a_capital(make_notice: Make) -> None:
    """The tables models learn from are folded: what cannot be told there is not learned.

    Shown to fail by `certain` giving back all matches.
    """
    text = "out of reach of children, reach regulation"
    assert [text[m.start : m.end] for m in spelling.certain(text, G.find(text))] == ["reach regulation"]


@pytest.mark.parametrize(
    ("text", "hazard"),
    [
        ("Vehicles that fall within the scope of the braking regulation", False),
        ("The proposal falls under the type-approval framework", False),
        ("Comments are due in the fall of 2026", False),
        ("Fall hazard: the ladder's lock can open", True),
        ("The high chair tips over, with a risk of falling", True),
    ],
)
def test_to_fall_under_a_rule_is_no_hazard(make_notice: Make, text: str, hazard: bool) -> None:
    """Shown to fail with the term "falls" in the table: its singular "fall" stood in rules for motor vehicles."""
    assert ("fall_hazard" in named(make_notice(title=text))) is hazard
