"""Names of places: one approved table, every spelling regulators print, and the lint."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest

from crawlers import places

#: Printed by regulators where a place should stand, and no place (or none with a code of its own).
NO_PLACE = {"Unknown", "unknown origin", "Lead", "Kosovo", "Serbia and Montenegro", "Netherlands Antilles", " "}


def test_the_table_is_whole() -> None:
    table = places.table()
    assert len(table) == 251, "249 of ISO 3166-1, EU, GCC"
    assert sum(row.wto for row in table.values()) == 166
    assert len({row.alpha3 for row in table.values() if row.alpha3}) == 249
    assert all(row.zh and row.en for row in table.values())
    assert len({row.zh for row in table.values()}) == len({row.en for row in table.values()}) == 251
    assert len(places.EU_MEMBERS) == 27


@pytest.mark.parametrize(
    ("code", "column", "zh", "en"),
    [
        ("TW", "origin", "中国台湾", "Taiwan, China"),
        ("HK", "origin", "中国香港", "Hong Kong, China"),
        ("MO", "origin", "中国澳门", "Macao, China"),
        ("HK", "member", "中国香港", "Hong Kong, China"),
        ("MO", "member", "中国澳门", "Macao, China"),
        (
            "TW",
            "member",
            "台湾、澎湖、金门、马祖单独关税区(中国台北)",
            "Separate Customs Territory of Taiwan, Penghu, Kinmen and Matsu (Chinese Taipei)",
        ),
        ("AE", "origin", "阿联酋", "United Arab Emirates"),
        ("GCC", "member", "海合会", "Gulf Cooperation Council"),
    ],
)
def test_approved_names(code: str, column: places.Column, zh: str, en: str) -> None:
    assert (places.name(code, "zh", column), places.name(code, "en", column)) == (zh, en)


def test_no_name_we_show_is_unapproved() -> None:
    wrong = [
        (row.code, hit)
        for row in places.table().values()
        for lang in ("zh", "en")
        for column in ("origin", "member")
        for hit in places.lint(places.name(row.code, lang, column))
    ]
    assert not wrong


@pytest.mark.parametrize(
    "text",
    [
        "Taiwan, Province of China",
        "made in Taiwan",
        "Taiwan Province of China",
        "Republic of China (Taiwan)",
        "来自台湾的货物",
        "香港",
        "Hong Kong",
        "Hongkong SAR",
        "Macau",
        "澳门产品",
        "中华民国",
    ],
)
def test_the_lint_sees_what_is_not_approved(text: str) -> None:
    assert places.lint(text)


@pytest.mark.parametrize(
    "text",
    [
        "中国台湾、中国香港、中国澳门",
        "Hong Kong, China; Macao, China; Taiwan, China",
        "台湾、澎湖、金门、马祖单独关税区(中国台北)",
        "不含港澳台",
        "Chinese Taipei",
    ],
)
def test_the_lint_lets_approved_names_pass(text: str) -> None:
    assert places.lint(text) == []


@pytest.mark.parametrize(
    ("printed", "code"),
    [
        ("Korea, Republic of", "KR"), ("Republic of Korea", "KR"), ("大韓民国", "KR"), ("Korea, Democratic People's Republic of", "KP"),
        ("Viet Nam", "VN"), ("Vietnam", "VN"), ("ベトナム", "VN"), ("People's Republic of China", "CN"), ("中華人民共和国", "CN"),
        ("中国", "CN"), ("ÇİN HALK CUMHURİYETİ", "CN"), ("çin", "CN"), ("الصين", "CN"), ("جمهورية الصين الشعبية", "CN"), ("P.R.C.", "CN"),
        ("Türkiye", "TR"), ("Turkey", "TR"), ("TÜRKİYE", "TR"), ("The former Yugoslav Republic of Macedonia", "MK"), ("Côte d’Ivoire", "CI"),
        ("COTE D'IVOIRE", "CI"), ("Lao People’s Democratic Republic", "LA"), ("Lithuania (LT)", "LT"), ("The Netherlands", "NL"), ("UK", "GB"),
        ("United Kingdom in respect of Northern Ireland", "GB"), ("U.S.A.", "US"), ("アメリカ合衆国", "US"), ("ABD", "US"), ("CHN", "CN"), ("C156", "CN"),
        ("U918", "EU"), ("European Union (formerly EC)", "EU"), ("Chinese Taipei", "TW"), ("Taiwan, Province of China", "TW"), ("台湾", "TW"), ("臺灣", "TW"),
        ("Hong Kong", "HK"), ("Hong Kong SAR, China", "HK"), ("Macau", "MO"), ("عمان", "OM"), ("سلطنة عمان", "OM"), ("السعوديه", "SA"), ("Congo (Brazzaville)", "CG"),
        ("Democratic Republic of the Congo", "CD"), ("St. Lucia", "LC"), ("Trinidad & Tobago", "TT"), ("İTALYA", "IT"), ("HİNDİSTAN", "IN"), ("EC", "EC"),
    ],
)  # fmt: skip
def test_spellings_of_regulators(printed: str, code: str) -> None:
    assert places.code(printed) == code


def test_what_is_no_place_is_none() -> None:
    assert [name for name in [*NO_PLACE, "", "China Lake", "Lithuania (LV)"] if places.code(name) is not None] == []


@pytest.mark.parametrize(
    ("printed", "codes"),
    [
        ("Belgium; China; Spain; United States", ("BE", "CN", "ES", "US")),
        ("Korea, Republic of, Japan", ("KR", "JP")),
        ("China,Hong Kong,Taiwan", ("CN", "HK", "TW")),
        ("Hong Kong, China", ("HK",)),
        ("Bosnia and Herzegovina, China", ("BA", "CN")),
        ("China and Viet Nam", ("CN", "VN")),
        ("France\n(blueberry origin: Poland, Ukraine)", ("FR", "PL", "UA")),
        ("中国、ベトナム", ("CN", "VN")),
        ("الصين و الهند", ("CN", "IN")),
        ("China; China; unknown origin", ("CN",)),
        ("", ()),
    ],
)
def test_lists_as_regulators_join_them(printed: str, codes: tuple[str, ...]) -> None:
    assert places.codes(printed) == codes


def test_groups_and_what_belongs_to_them() -> None:
    groups = {code: places.group(code) for code in ("US", "EU", "DE", "GB", "NO", "JP", "SA", "GCC", "TR", "EG", "CN")}
    assert groups == {
        "US": "us", "EU": "europe", "DE": "europe", "GB": "europe", "NO": "europe", "JP": "japan", "SA": "middle_east",
        "GCC": "middle_east", "TR": "middle_east", "EG": "middle_east", "CN": "other",
    }  # fmt: skip
    assert places.expand("EU") == places.EU_MEMBERS | {"EU"}
    assert places.expand("GCC") == {"GCC", "SA", "AE", "KW", "QA", "BH", "OM"}
    assert places.expand("US") == {"US"}
    assert set(places.GROUP_NAMES) == {"us", "europe", "japan", "middle_east", "other"}
    assert [places.is_wto_member(code) for code in ("IR", "IQ", "LB", "SA", "TW", "EU")] == [
        False,
        False,
        False,
        True,
        True,
        True,
    ]
    with pytest.raises(places.UnknownPlace):
        places.name("XX")


def test_every_member_of_the_wto_list_is_known(data_dir: Path) -> None:
    raw = (data_dir / "reference" / "country_reference_list_FULL.csv").read_bytes().decode("cp1252", "replace")
    names = [
        line["WTO_name"]
        for line in csv.DictReader(io.StringIO(raw))
        if line["WTO_name"] and line["WTO_name"] != "WTO_name"
    ]
    assert len(names) > 160
    assert [name for name in names if places.code(name) is None] == []


def test_every_place_in_the_labelled_tables_is_known(labels: Path) -> None:
    """Origins and notifying countries as six authorities printed them, misspellings included."""
    columns = {
        "eu_safety_gate": ("countryOfOrigin", "notifyingCountry"), "eu_rasff_hazards": ("Notification From", "Country Origin"),
        "eu_rasff_decisions": ("notifying_country", "origin", "operator", "distribution"), "us_cpsc_recalls": ("countries",),
        "jp_mhlw_violations": ("country",),
    }  # fmt: skip
    unknown = set()
    for table, names in columns.items():
        with gzip.open(labels / f"{table}.csv.gz", "rt", encoding="utf-8") as file:
            for line in csv.DictReader(file):
                for name in names:
                    text = (line[name] or "").replace("|", ";")
                    if text and not places.codes(text):
                        unknown.add(text)
    assert unknown <= NO_PLACE
