"""`Subscription`: what one exporter wants to hear of, and the YAML file that holds them (docs/subscriptions.md)."""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, field_validator

from crawlers import places
from crawlers.notice import Kind
from index.query import parse
from nlp.assessment import Industry, Level
from reports import words
from reports.words import NOTHING, Language, Words, joined, named, same, say

_EMAIL = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.[A-Za-z]{2,}")
_HS_SEPARATORS = re.compile(r"[.\s·]")


class SubscriptionError(ValueError):
    """A subscription is wrong; the message names the file, the subscription and every wrong field."""


class Subscription(BaseModel):
    """Empty lists do not narrow. Markets, kinds and the minimum level narrow; products, industries and words relate.

    A subscription without products, industries and words follows its markets as a whole (an association's edition).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]  # part of file names and addresses
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    email: str = ""  # empty: the bulletin is written to a folder only
    language: Language = "zh"
    markets: tuple[str, ...] = ()  # group ids (`europe`) or codes (`EU`, `SA`); names in zh or en are understood
    hs: tuple[str, ...] = ()  # 4-13 digits without dots
    industries: tuple[Industry, ...] = ()
    keywords: tuple[str, ...] = ()  # each a query of its own, in the analysts' syntax
    query: str = ""
    kinds: tuple[Kind, ...] = ()
    partners: tuple[str, ...] = ()  # importers, brands, makers the exporter deals with, as authorities print them
    include_other_origins: bool = False  # also acts that touch goods of other origins only
    min_level: Level | None = None  # of 您的级别

    @field_validator("email")
    @classmethod
    def _one_address(cls, value: str) -> str:
        if value and not _EMAIL.fullmatch(value):
            raise ValueError(f"{value!r} is not one mail address")
        return value

    @field_validator("hs", mode="before")
    @classmethod
    def _codes(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list | tuple):
            return value
        return tuple(dict.fromkeys(plain_hs(code) for code in value))

    @field_validator("markets", mode="before")
    @classmethod
    def _markets(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list | tuple):
            return value
        return tuple(dict.fromkeys(market(name) for name in value))

    @field_validator("keywords", "partners", "industries", "kinds", mode="before")
    @classmethod
    def _one_is_a_list_of_one(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("keywords", "partners")
    @classmethod
    def _not_blank(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not word.strip() for word in value):
            raise ValueError("an empty word would match everything")
        return value

    @field_validator("keywords", "query")
    @classmethod
    def _understood(cls, value: tuple[str, ...] | str) -> tuple[str, ...] | str:
        for text in [value] if isinstance(value, str) else value:
            if text.strip():
                parse(text)  # QueryError is a ValueError: pydantic names the field and passes the message on
        return value

    @property
    def follows_products(self) -> bool:
        return bool(self.hs or self.industries or self.keywords or self.query)

    @property
    def headings(self) -> frozenset[str]:
        return frozenset(code[:4] for code in self.hs)

    @property
    def hs_note(self) -> Words:
        """国外税号仅前6位可比, where a code goes beyond the six digits that are the same everywhere."""
        return say("hs_note") if any(len(code) > 6 for code in self.hs) else NOTHING

    @property
    def description(self) -> Words:
        """What is followed, in a line: markets, codes, industries, words."""
        parts: list[Words] = []
        if self.markets:
            names = [_market_name(key) for key in self.markets]
            parts.append(say("follows_markets", names=joined(names)))
        if self.hs:
            parts.append(say("follows_hs", codes=joined([same(dotted(code)) for code in self.hs])))
        if self.industries:
            parts.append(say("follows_industries", names=joined([named("industry", key) for key in self.industries])))
        asked = [*self.keywords, *([self.query] if self.query else [])]
        if asked:
            parts.append(say("follows_words", words=joined([same(word) for word in asked])))
        if not parts:
            return say("follows_all")
        return joined(parts, "；", "; ")


def _market_name(key: str) -> Words:
    for group in places.GROUP_NAMES:
        if key == group:
            return words.group(group)
    return words.place(key)


def plain_hs(code: object) -> str:
    """A customs code as digits only. Raises ValueError where it is not 4-13 digits of an existing chapter's number."""
    text = _HS_SEPARATORS.sub("", str(code))
    if not text.isascii() or not text.isdigit() or not 4 <= len(text) <= 13:
        raise ValueError(f"{code!r} is not a customs code: 4 to 13 digits, with or without dots")
    if text[:2] in {"00", "77"}:
        raise ValueError(f"{code!r}: there is no chapter {text[:2]}")
    return text


def dotted(code: str) -> str:
    """8507600090 → 8507.60.0090: the six digits that compare, then the national ones."""
    parts = [code[:4], code[4:6], code[6:]]
    return ".".join(part for part in parts if part)


def market(name: object) -> str:
    """A group id (`europe`) or a code (`EU`). Raises ValueError for what is neither."""
    text = str(name).strip()
    for key, names in places.GROUP_NAMES.items():
        if text.casefold() in {key, names["zh"], names["en"].casefold()}:
            return key
    code = places.code(text)
    if code is None:
        groups = ", ".join(places.GROUP_NAMES)
        raise ValueError(f"{text!r} is no market: a country or region, EU, GCC, or one of {groups}")
    return code


class _Strings(yaml.BaseLoader):
    """Everything is a string: YAML would read 0306 as 198, 8507.60 as 8507.6, and Norway (NO) as false."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key!r} stands twice in one mapping", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def load(path: Path) -> list[Subscription]:
    """The subscriptions of a YAML file (a list, or a mapping with `subscriptions:`), in its order.

    Raises SubscriptionError naming the file, the subscription and every wrong field of every subscription at once.
    """
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_Strings)  # noqa: S506 - builds strings only
    except UnicodeDecodeError as error:
        raise SubscriptionError(f"{path.name}: is not UTF-8: {error}") from error
    except OSError as error:
        raise SubscriptionError(f"{path.name}: cannot be read: {error.strerror or error}") from error
    except yaml.YAMLError as error:
        raise SubscriptionError(f"{path.name}: is not YAML: {error}") from error
    entries = raw.get("subscriptions") if isinstance(raw, dict) and set(raw) == {"subscriptions"} else raw
    if entries in (None, ""):
        return []
    if not isinstance(entries, list):
        raise SubscriptionError(f"{path.name}: must be a list of subscriptions, or a mapping with `subscriptions:`")
    wrong: list[str] = []
    found: list[Subscription] = []
    ids: dict[str, int] = {}
    for number, entry in enumerate(entries, 1):
        label = f"subscription {number}"
        if not isinstance(entry, dict):
            wrong.append(f"{label}: must be a mapping of fields")
            continue
        if entry.get("id"):
            label += f" ({entry['id']})"
        try:
            one = Subscription.model_validate({key: value for key, value in entry.items() if value != ""})
        except ValidationError as error:
            wrong += [f"{label}: {'.'.join(map(str, item['loc']))}: {_message(item)}" for item in error.errors()]
            continue
        if one.id in ids:
            wrong.append(f"{label}: id: already used by subscription {ids[one.id]}")
            continue
        ids[one.id] = number
        found.append(one)
    if wrong:
        raise SubscriptionError(f"{path.name}: " + "; ".join(wrong))
    return found


def _message(item: Any) -> str:
    return str(item["msg"]).removeprefix("Value error, ")
