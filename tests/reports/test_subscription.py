"""Subscriptions: what may be written, and errors that name the subscription and the field."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from reports.subscription import Subscription, SubscriptionError, dotted, load, market, plain_hs

YAML = """
- id: battery
  name: 光谷电池有限公司
  email: trade@example.com
  markets: [欧洲, Saudi Arabia, NO]
  hs: [8507.60.0090, 0306, 8504.40]
  industries: nev_battery
  keywords: [充电宝, '"power bank"']
  query: 'hazard:fire market:EU'
  include_other_origins: true
  min_level: yellow
- id: tea
  name: Tea
  language: en
  hs: '0902'
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "subscriptions.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_codes_and_countries_are_read_as_they_are_written(tmp_path: Path) -> None:
    """YAML itself would read 0306 as 198, 8504.40 as 8504.4, and Norway (NO) as false."""
    battery, tea = load(write(tmp_path, YAML))
    assert battery.hs == ("8507600090", "0306", "850440")
    assert battery.markets == ("europe", "SA", "NO")
    assert battery.industries == ("nev_battery",)
    assert battery.include_other_origins is True
    assert (tea.hs, tea.language, tea.email) == (("0902",), "en", "")


def test_a_mapping_with_subscriptions_is_the_same(tmp_path: Path) -> None:
    nested = "subscriptions:\n" + "".join(f"  {line}\n" for line in YAML.strip().splitlines())
    assert load(write(tmp_path, nested)) == load(write(tmp_path, YAML))
    assert load(write(tmp_path, "")) == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("- {id: a, name: A, hs: ['850']}", ["subscription 1 (a)", "hs", "'850'", "4 to 13 digits"]),
        ("- {id: a, name: A, hs: ['12345678901234']}", ["hs", "4 to 13 digits"]),
        ("- {id: a, name: A, hs: ['7701']}", ["hs", "no chapter 77"]),
        ("- {id: a, name: A, hs: [85AB]}", ["hs", "85AB"]),
        ("- {id: a, name: A, markets: [Atlantis]}", ["subscription 1 (a)", "markets", "Atlantis"]),
        ("- {id: a, name: A, industries: [batteries]}", ["industries.0"]),
        ("- {id: a, name: A, kinds: [gossip]}", ["kinds.0"]),
        ("- {id: a, name: A, email: 'a@b.com, c@d.com'}", ["email", "not one mail address"]),
        ('- {id: a, name: A, email: "a@b.com\\nBcc: c@d.com"}', ["email"]),
        ("- {id: a, name: A, keywords: ['  ']}", ["keywords", "match everything"]),
        ("- {id: a, name: A, query: 'hs:('}", ["query", "character"]),
        ("- {id: a, name: A, min_level: orange}", ["min_level"]),
        ("- {id: A b, name: A}", ["id"]),
        ("- {name: A}", ["subscription 1", "id"]),
        ("- {id: a, name: A, colour: red}", ["colour"]),
        ("- {id: a, name: A}\n- {id: a, name: B}", ["subscription 2 (a)", "already used by subscription 1"]),
        ("- {id: a, name: A, name: B}", ["stands twice"]),
        ("- just words", ["subscription 1", "mapping"]),
        ("a: b", ["must be a list"]),
        ("- [", ["is not YAML"]),
    ],
)
def test_errors_name_file_subscription_and_field(tmp_path: Path, text: str, parts: list[str]) -> None:
    with pytest.raises(SubscriptionError) as caught:
        load(write(tmp_path, text))
    for part in ["subscriptions.yml", *parts]:
        assert part in str(caught.value)


def test_all_errors_of_all_subscriptions_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SubscriptionError) as caught:
        load(write(tmp_path, "- {id: a, name: A, hs: ['1'], email: x}\n- {id: b, name: B, language: fr}"))
    message = str(caught.value)
    assert "(a): hs" in message
    assert "(a): email" in message
    assert "(b): language" in message


def test_a_missing_file_and_other_bytes(tmp_path: Path) -> None:
    with pytest.raises(SubscriptionError, match="cannot be read"):
        load(tmp_path / "none.yml")
    (tmp_path / "latin.yml").write_bytes(b"- {id: a, name: \xe9}")
    with pytest.raises(SubscriptionError, match="not UTF-8"):
        load(tmp_path / "latin.yml")


@given(st.text(alphabet="0123456789. ", max_size=20))
def test_a_code_is_4_to_13_digits_or_refused(text: str) -> None:
    digits = text.replace(".", "").replace(" ", "")
    good = 4 <= len(digits) <= 13 and digits[:2] not in {"00", "77"}
    if good:
        assert plain_hs(text) == digits
        assert plain_hs(dotted(digits)) == digits
    else:
        with pytest.raises(ValueError, match=r"customs code|no chapter"):
            plain_hs(text)


def test_the_note_on_foreign_codes_is_printed_only_for_longer_ones() -> None:
    assert Subscription(id="a", name="A", hs=("850760",)).hs_note.zh == ""
    assert Subscription(id="a", name="A", hs=("8507.60.00.90",)).hs_note.zh == "国外税号仅前6位可比"


def test_markets_are_groups_or_places() -> None:
    assert [market(name) for name in ("欧盟", "europe", "海合会", "日本", "中东", "Türkiye")] == [
        "EU",
        "europe",
        "GCC",
        "japan",
        "middle_east",
        "TR",
    ]
    with pytest.raises(ValidationError):
        Subscription(id="a", name="A", markets=("",))
