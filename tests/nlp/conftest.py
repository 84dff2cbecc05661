"""Notices to judge, and the engine that judges them, loaded once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from crawlers.notice import Notice
from nlp.assess import Assessor

PROVENANCE = {
    "url": "https://example.test/a",
    "fetched_at": "2026-11-03T00:00:00Z",
    "body_sha256": "0" * 64,
    "source_version": "test",
}


def notice_of(title: str = "A notice", **fields: Any) -> Notice:
    """A notice of a source nobody declared; whatever is not given is plain and constant."""
    body: dict[str, Any] = {
        "id": "test:1",
        "source": "xx_test",
        "market": "US",
        "kind": "notification",
        "authority": "Test authority",
        "title": title,
        "published": dt.date(2026, 11, 2),
        "provenance": PROVENANCE,
    }
    return Notice.model_validate(body | fields)


@pytest.fixture(scope="session")
def make_notice() -> Callable[..., Notice]:
    return notice_of


@pytest.fixture(scope="session")
def assessor() -> Assessor:
    """The shipped engine: models, gazetteer, rules."""
    return Assessor()
