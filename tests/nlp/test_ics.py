"""The ICS table: ISO's fields and no invented code, nothing said twice, and the goods of each code where they belong."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp import hs, ics
from nlp.assessment import INDUSTRIES

TABLE = Path(ics.__file__).with_name("ics.tsv")


def rows() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_the_table_is_sorted_and_well_formed() -> None:
    """Shown to fail: a row out of order, an industry "car", a code 9.1."""
    codes = [row["ics"] for row in rows()]
    assert codes == sorted(set(codes))
    for row in rows():
        assert re.fullmatch(r"\d{2}(\.\d{3}(\.\d{2})?)?", row["ics"]), row
        named = [part for part in row["industries"].split(";") if part]
        assert named == sorted(set(named)), row
        assert set(named) <= set(INDUSTRIES), row
        assert row["field"], row


def test_no_row_repeats_what_the_row_above_it_says() -> None:
    """A row that changes nothing is a row that somebody will have to keep true. Shown to fail: 43.150 → vehicles."""
    table = {row["ics"]: row["industries"] for row in rows()}
    for code, industries in table.items():
        above = code.rpartition(".")[0]
        while above:
            if above in table:
                assert table[above] != industries, f"{code} says what {above} says"
                break
            above = above.rpartition(".")[0]


def test_the_fields_are_the_forty_of_edition_7() -> None:
    assert len(ics.fields()) == 40
    assert {"01", "29", "43", "97"} <= ics.fields()
    assert not {"02", "05", "98", "99"} & ics.fields()


@pytest.mark.recordings
def test_every_code_is_in_isos_list(data_dir: Path) -> None:
    """Shown to fail: a row 43.130, which edition 7 does not have; the row of field 95 taken out."""
    with (data_dir / "reference" / "iso_ics_ed7.csv").open(encoding="utf-8-sig", newline="") as file:
        official = {row["code"] for row in csv.DictReader(file)}
    assert {row["ics"] for row in rows()} <= official
    assert ics.fields() == {code for code in official if len(code) == 2}


#: An ICS code, and a customs code of goods that it plainly holds: the two lists must agree on them.
SAME_GOODS = [
    ("07.100.40", "3304"),  # cosmetics
    ("11.040.55", "9018"),  # diagnostic equipment
    ("11.100.10", "3822"),  # in vitro diagnostics
    ("11.120.10", "3004"),  # medicaments
    ("13.340.10", "6210"),  # protective clothing
    ("13.340.20", "6506"),  # helmets
    ("13.340.30", "9020"),  # breathing apparatus
    ("17.180.30", "9012"),  # microscopes
    ("17.200.20", "9025"),  # thermometers
    ("17.220.20", "9030"),  # oscilloscopes
    ("21.060.10", "7318"),  # bolts, screws
    ("23.040.10", "7304"),  # steel pipes
    ("23.120", "8415"),  # air conditioners
    ("25.140.20", "8467"),  # electric tools
    ("27.160", "8541"),  # photovoltaic cells
    ("29.045", "3818"),  # wafers
    ("29.160.30", "8501"),  # motors
    ("29.200", "850440"),  # static converters
    ("29.220.10", "8506"),  # primary cells
    ("29.220.99", "850760"),  # lithium-ion accumulators
    ("31.120", "8524"),  # flat panel display modules
    ("31.220.10", "8536"),  # connectors
    ("33.180.10", "854470"),  # optical fibre cables
    ("39.040.10", "9102"),  # watches
    ("43.150", "8712"),  # bicycles
    ("53.060", "8427"),  # fork-lift trucks
    ("55.200", "8422"),  # packing machines
    ("59.120.30", "8446"),  # looms
    ("61.060", "6403"),  # footwear
    ("65.060.50", "8433"),  # harvesters
    ("65.080", "3105"),  # fertilizers
    ("65.100.10", "3808"),  # insecticides
    ("67.140.10", "0902"),  # tea
    ("67.180.10", "0409"),  # honey
    ("71.100.70", "3304"),  # cosmetics
    ("73.040", "2701"),  # coal
    ("77.140.50", "7210"),  # flat steel
    ("79.060.10", "4412"),  # plywood
    ("83.080.20", "3901"),  # polyethylene in primary forms
    ("83.160.10", "4011"),  # tyres
    ("85.080.20", "4818"),  # tissue
    ("87.040", "3208"),  # paints
    ("91.100.23", "6907"),  # ceramic tiles
    ("91.140.90", "8428"),  # lifts
    ("97.040.30", "8418"),  # refrigerators
    ("97.040.60", "8215"),  # cutlery
    ("97.140", "9403"),  # furniture
    ("97.150", "5703"),  # carpets
    ("97.160", "6302"),  # bed linen
    ("97.170", "8510"),  # shavers
    ("97.200.50", "9503"),  # toys
    ("97.220.30", "9506"),  # sports equipment
]


@pytest.mark.parametrize(("code", "customs"), SAME_GOODS)
def test_ics_and_customs_codes_agree_on_the_goods(code: str, customs: str) -> None:
    """Shown to fail: 07.100.40 → health, 97.170 → health alone, 67.250's old agri_food put on 97.040.60."""
    assert ics.industries_of(code) & hs.industries_of(customs), (ics.industries_of(code), hs.industries_of(customs))


@pytest.mark.parametrize("code", ["01.040.29", "03.080.30", "13.020.10", "13.220.20", "27.015", "35.080", "19.020"])
def test_a_code_that_tells_no_goods_tells_no_industry(code: str) -> None:
    assert ics.industries_of(code) == frozenset()


def test_the_longest_entry_decides() -> None:
    assert ics.industries_of("43.040.10") == {"vehicles"}
    assert ics.industries_of("43.120") == {"nev_battery", "vehicles"}
    assert ics.industries_of(" 97.200.50 ") == {"toys_children"}
    assert ics.industries_of("97.200") == {"other"}


def test_a_field_that_does_not_exist_tells_nothing() -> None:
    assert ics.industries_of("98.010") == ics.industries_of("") == ics.industries_of("43120") == frozenset()


@given(st.text(max_size=12))
def test_any_string_has_an_answer(text: str) -> None:
    assert ics.industries_of(text) <= set(INDUSTRIES)
