"""Ids and hashes: what makes a notice the same, and what makes it changed. Properties, not examples."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scrapy.http import TextResponse

from crawlers import assemble
from crawlers.lines import encoded, facts_hash
from crawlers.notice import Notice, Provenance
from crawlers.reading import Record, Reject
from crawlers.source import Source

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
WORD = st.text("abcXYZ019-/.中é", min_size=1, max_size=20)
DAY = st.dates(dt.date(1995, 1, 1), dt.date(2030, 1, 1))
STATED = st.dictionaries(WORD, TEXT | st.lists(TEXT, max_size=3).map(tuple), max_size=5)
FACTS = st.fixed_dictionaries(
    {"title": WORD, "published": DAY, "stated": STATED},
    optional={
        "summary": TEXT,
        "text": TEXT,
        "symbol": TEXT,
        "withdrawn": st.booleans(),
        "origins": st.lists(st.sampled_from(["CN", "VN", "US"]), max_size=3).map(tuple),
        "milestones": st.lists(st.fixed_dictionaries({"kind": st.just("adoption"), "date": DAY}), max_size=2).map(
            tuple
        ),
        "hs_codes": st.lists(st.fixed_dictionaries({"code": st.sampled_from(["8507", "850760"])}), max_size=2).map(
            tuple
        ),
    },
)
SOURCE = Source.model_validate(
    {
        "id": "zz_property", "name": "x", "name_zh": "x", "register": "zz", "authority": "x", "market": "NZ", "kinds": ["recall"],
        "home": "https://board.example.org/", "terms": {"licence": "none", "attribution": "made up"}, "schedule": "0 6 * * *",
        "checked_against": "constructed", "confidence": "H",
    }
)  # fmt: skip


def where(day: int = 1, url: str = "https://board.example.org/x") -> Provenance:
    at = dt.datetime(2026, 11, day, tzinfo=dt.UTC)
    return Provenance(
        url=url, fetched_at=at, body_sha256=f"{day:064x}", source_version=f"v{day}", attribution="made up"
    )


def made(identity: str, facts: dict[str, Any], day: int = 1) -> Notice:
    notice = assemble.notice(SOURCE, Record(identity, facts), where(day))
    assert isinstance(notice, Notice), notice
    return notice


@given(WORD, FACTS)
def test_fetched_again_by_another_route_it_is_the_same(identity: str, facts: dict[str, Any]) -> None:
    one = made(identity, facts)
    other = made(identity, facts, day=2).model_copy(update={"source": "zz_other_route"})
    assert (one.id, one.hash) == (other.id, other.hash)
    assert one.id == f"zz:{identity}"


@given(WORD, FACTS, st.randoms())
def test_the_order_of_labels_and_fields_does_not_matter(identity: str, facts: dict[str, Any], random: Any) -> None:
    names, labels = list(facts), list(facts["stated"])
    random.shuffle(names)
    random.shuffle(labels)
    turned = {name: facts[name] for name in names} | {"stated": {name: facts["stated"][name] for name in labels}}
    assert made(identity, turned).hash == made(identity, facts).hash


@given(WORD, FACTS, FACTS)
def test_other_facts_are_another_hash(identity: str, facts: dict[str, Any], others: dict[str, Any]) -> None:
    one, other = made(identity, facts), made(identity, others)
    assert (one.hash == other.hash) == (assemble.facts(one) == assemble.facts(other))


@given(WORD, FACTS)
def test_a_withdrawal_is_a_change_and_its_taking_back_restores_the_hash(identity: str, facts: dict[str, Any]) -> None:
    alive = made(identity, facts | {"withdrawn": False})
    gone = alive.model_copy(update={"withdrawn": True})
    assert alive.hash != gone.hash
    assert gone.model_copy(update={"withdrawn": False}).hash == alive.hash


@given(WORD, FACTS, st.integers(1, 10_000))
def test_the_line_of_the_archive_holds_the_notice_and_its_hash(identity: str, facts: dict[str, Any], seq: int) -> None:
    """One dump serves both: the same line as `Notice.line`, the same hash as `Notice.hash`, read back as the same record."""
    notice = made(identity, facts)
    line, digest = encoded(notice, seq)
    body = json.loads(line)
    assert digest == notice.hash == facts_hash(body)
    assert body.pop("run_seq") == seq
    assert body == json.loads(notice.line())
    assert Notice.model_validate(body) == notice
    assert line.count(b"\n") == 1


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
def test_an_id_has_no_white_space_or_the_record_is_rejected(identity: str) -> None:
    result = assemble.notice(SOURCE, Record(identity, {"title": "x", "published": dt.date(2026, 1, 1)}), where())
    if identity and identity.isprintable() and not any(c.isspace() for c in identity):
        assert isinstance(result, Notice)
    else:
        assert isinstance(result, Reject)
        assert result.name == "id"


def test_a_record_cannot_set_what_the_crawl_sets() -> None:
    for name, value in (("id", "x:1"), ("source", "x"), ("provenance", {})):
        facts = {"title": "x", "published": dt.date(2026, 1, 1), name: value}
        assert isinstance(assemble.notice(SOURCE, Record("1", facts), where()), Reject)


def test_an_unknown_field_is_named_in_the_reject() -> None:
    result = assemble.notice(
        SOURCE, Record("1", {"title": "x", "published": dt.date(2026, 1, 1), "colour": "red"}), where()
    )
    assert isinstance(result, Reject)
    assert result.name == "colour"


def test_the_original_url_wins_over_the_replayed_one() -> None:
    from scrapy import Request

    request = Request("http://127.0.0.1:1/x", meta={"original_url": "https://board.example.org/x"})
    response = TextResponse("http://127.0.0.1:1/x", body=b"x", request=request)
    assert (
        assemble.provenance(SOURCE, response, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)).url
        == "https://board.example.org/x"
    )


def test_a_notice_is_frozen() -> None:
    with pytest.raises(ValidationError):
        made("1", {"title": "x", "published": dt.date(2026, 1, 1), "stated": {}}).title = "y"  # type: ignore[misc]
