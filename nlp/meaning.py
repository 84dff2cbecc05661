"""The `meaning:` rules of a source: its own categories, severities and measures → ours (docs/adding-a-source.md).

A target (`products`, `industries`, `hazards`, `severity`, `measure`, `reach`) has a list of rules, tried in order; the
first rule that answers wins, and for the multi-valued targets all hits of that rule count. A rule looks at one field of
the notice (or `stated`), by exact value (`map`) or by words found in it (`contains`), or always gives `value`. Values
compare folded: case, width, accents and runs of white space do not matter. A source without rules is answered by
nothing, and its notices are left to the models and to review.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import ahocorasick
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from crawlers import source as sources
from crawlers.notice import Notice
from nlp import hs, words
from nlp.assessment import Evidence, FieldName, Industry, Measure, Reach, Severity
from nlp.document import LIMIT
from nlp.text import Folded, fold

Target = Literal["products", "industries", "hazards", "severity", "measure", "reach"]
TARGETS: tuple[Target, ...] = get_args(Target)
#: Fields of a notice a rule may name; any other name is a key of `stated`.
NOTICE_FIELDS = frozenset(
    [
        "kind",
        "stage",
        "document_type",
        "authority",
        "market",
        "title",
        "summary",
        "text",
        "products_text",
        "origins",
        "symbol",
    ]
)
_EVIDENCE_FIELDS = frozenset(get_args(FieldName))
_VALUES: dict[str, frozenset[str]] = {
    "industries": frozenset(get_args(Industry)),
    "severity": frozenset(get_args(Severity)),
    "measure": frozenset(get_args(Measure)),
    "reach": frozenset(get_args(Reach)),
}
_BASES = {"severity": {"official", "mapped"}, "measure": {"stated", "mapped"}}

Answer = str | tuple[str, ...]


class MeaningError(ValueError):
    """A `meaning:` rule is wrong. The message names the file, the target and the rule's place in the list."""


class Rule(BaseModel):
    """One rule. Exactly one of `map`, `contains`, `value`; the first two need `field`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str = ""
    map: dict[str, str | list[str]] | None = None
    contains: dict[str, str | list[str]] | None = None
    value: str | list[str] | None = None
    when: dict[str, str | list[str]] = Field(default_factory=dict)
    basis: str = ""
    rule: str = ""

    @model_validator(mode="after")
    def _one_way(self) -> Rule:
        given = [name for name in ("map", "contains", "value") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"needs exactly one of map, contains, value; has {given or 'none'}")
        if given[0] != "value" and not self.field:
            raise ValueError(f"{given[0]} needs a field")
        return self

    def answers(self) -> list[str]:
        """Every value the rule can give."""
        table: Mapping[str, str | list[str]] = self.map or self.contains or {"": self.value or []}
        return [value for given in table.values() for value in _listed(given)]


@dataclass(frozen=True, slots=True)
class _Compiled:
    field: str
    exact: Mapping[str, tuple[str, ...]]
    contains: tuple[tuple[str, tuple[str, ...]], ...]
    automaton: Any  # finds the needles of `contains` in one pass over a value; None: too few to be worth it
    value: tuple[str, ...]
    when: tuple[tuple[str, tuple[str, ...]], ...]
    basis: str
    rule: str


@dataclass(slots=True)
class Hit:
    """What a rule answered: the values in the order found, on what ground."""

    values: tuple[str, ...]
    basis: str
    rule: str
    evidence: dict[str, Evidence] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Meaning:
    """The rules of one source, ready to use."""

    source: str
    rules: Mapping[Target, tuple[_Compiled, ...]]

    @property
    def empty(self) -> bool:
        return not any(self.rules.values())

    def has(self, target: Target) -> bool:
        return bool(self.rules.get(target))

    def of(self, target: Target, notice: Notice, values: Values | None = None) -> Hit | None:
        """What the rules of `target` say of the notice; None: they do not answer. `values` is shared between targets."""
        values = values or Values(notice)
        single = target in ("severity", "measure", "reach")
        for rule in self.rules.get(target, ()):
            if rule.when and not _holds(rule.when, values):
                continue
            hit = _apply(rule, values, single=single)
            if hit is not None:
                return hit
        return None


class Values:
    """The folded values of a notice's fields, each folded when first asked for."""

    __slots__ = ("_folded", "_read", "notice")

    def __init__(self, notice: Notice, read: Mapping[str, Folded] | None = None) -> None:
        """`read`: text fields of the notice that are folded already (`Document.folded`), up to `LIMIT` characters each."""
        self.notice = notice
        self._read = read or {}
        self._folded: dict[str, tuple[tuple[str, str], ...]] = {}

    def of(self, name: str) -> tuple[tuple[str, str], ...]:
        """(folded, original) of each value of a field; a field that is absent or empty has none."""
        found = self._folded.get(name)
        if found is None:
            raw: Any = self.notice.stated.get(name)
            if raw is None and name in self._read:
                found = ((" ".join(self._read[name].text.split()), getattr(self.notice, name)),)
            else:
                if raw is None and name in NOTICE_FIELDS:
                    raw = getattr(self.notice, name)
                given = raw if isinstance(raw, tuple) else (raw,) if raw else ()
                found = tuple((_fold(str(value)), str(value)) for value in given if value)
            self._folded[name] = found
        return found


def _fold(text: str) -> str:
    """Folded and with single spaces; only the first `LIMIT` characters count."""
    return _fold_short(text) if len(text) < 300 else " ".join(fold(text[:LIMIT]).text.split())


@functools.lru_cache(maxsize=20_000)
def _fold_short(text: str) -> str:
    return " ".join(fold(text).text.split())


def _holds(when: tuple[tuple[str, tuple[str, ...]], ...], values: Values) -> bool:
    for name, accepted in when:
        given = [folded for folded, _ in values.of(name)]
        if not any(
            any(want[1:] in value for value in given) if want.startswith("~") else want in given for want in accepted
        ):
            return False
    return True


def _apply(rule: _Compiled, values: Values, *, single: bool) -> Hit | None:
    if rule.value:
        return Hit(rule.value, rule.basis, rule.rule)
    found: dict[str, Evidence] = {}
    given = values.of(rule.field)
    for folded, original in given:
        for value in rule.exact.get(folded, ()):
            found.setdefault(value, _evidence(rule, original, 0, len(original)))
            if single:
                return Hit((value,), rule.basis, rule.rule, found)
    for number, original in _present(rule, given) if rule.contains else ():
        needle, answers = rule.contains[number]
        for value in answers:
            if value not in found:
                found[value] = _evidence(rule, original, 0, 0, needle)
        if single:
            return Hit(answers[:1], rule.basis, rule.rule, found)
    return Hit(tuple(found), rule.basis, rule.rule, found) if found else None


def _present(rule: _Compiled, given: tuple[tuple[str, str], ...]) -> list[tuple[int, str]]:
    """(number of the needle, the first value that holds it), in the order of the table."""
    first: dict[int, str] = {}
    for folded, original in given:
        if rule.automaton is None:
            numbers: Iterable[int] = (n for n, (needle, _) in enumerate(rule.contains) if needle in folded)
        else:
            numbers = (n for _, ns in rule.automaton.iter(folded) for n in ns)
        for number in numbers:
            first.setdefault(number, original)
    return sorted(first.items())


@functools.lru_cache(maxsize=10_000)
def _words(needle: str) -> re.Pattern[str]:
    """Finds a folded needle in an original value, where folding changed only case and white space."""
    return re.compile(re.escape(needle).replace(r"\ ", r"\s+"), re.IGNORECASE)


def _evidence(rule: _Compiled, original: str, start: int, end: int, needle: str = "") -> Evidence:
    """The words that answered. In a text field the span is of that field; of `stated` it is the value's own."""
    name: Any = rule.field if rule.field in _EVIDENCE_FIELDS else "stated"
    text = original
    if needle:
        there = _words(needle).search(original)
        if there:
            start, end = there.span()
            text = original[start:end]
        else:  # folding changed the letters: point to the whole value
            start, end, text = 0, min(len(original), 200), original
    return Evidence(field=name, start=start, end=end, text=text[:200], why=rule.rule or rule.field)


# --- reading --------------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=256)
def of_source(source_id: str) -> Meaning:
    """The rules of a source; of a source nobody declared: none. Raises MeaningError where a rule is wrong."""
    if source_id not in sources.all_ids():
        return Meaning(source_id, {})
    return compile_rules(source_id, sources.load(source_id).meaning)


def compile_rules(source_id: str, raw: Mapping[str, Any]) -> Meaning:
    """Check and compile a `meaning:` mapping. Raises MeaningError naming file, target and number of the rule (from 1)."""
    unknown = sorted(set(raw) - set(TARGETS))
    if unknown:
        raise MeaningError(f"{source_id}.yml: meaning.{unknown[0]}: no such target; known: {', '.join(TARGETS)}")
    rules: dict[Target, tuple[_Compiled, ...]] = {}
    for target in TARGETS:
        listed = raw.get(target) or []
        if not isinstance(listed, list):
            raise MeaningError(f"{source_id}.yml: meaning.{target}: must be a list of rules")
        rules[target] = tuple(
            _compile(target, item, f"{source_id}.yml: meaning.{target}[{number}]")
            for number, item in enumerate(listed, 1)
        )
    return Meaning(source_id, rules)


def _compile(target: Target, item: Any, where: str) -> _Compiled:
    try:
        rule = Rule.model_validate(item)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc'])) or 'rule'}: {e['msg']}" for e in error.errors()[:3]]
        raise MeaningError(f"{where}: {'; '.join(lines)}") from error
    for value in rule.answers():
        if not _known(target, value):
            raise MeaningError(f"{where}: {value!r} is no value of {target}")
    allowed = _BASES.get(target, set())
    if rule.basis and rule.basis not in allowed:
        raise MeaningError(f"{where}: basis {rule.basis!r}; {target} knows {sorted(allowed) or 'none'}")
    contains = tuple((_fold(key), _listed(value)) for key, value in (rule.contains or {}).items())
    return _Compiled(
        field=rule.field,
        exact={_fold(key): _listed(value) for key, value in (rule.map or {}).items()},
        contains=contains,
        automaton=_automaton([needle for needle, _ in contains]),
        value=_listed(rule.value) if rule.value is not None else (),
        when=tuple(
            (name, tuple(f"~{_fold(v[1:])}" if v.startswith("~") else _fold(v) for v in _listed(accepted)))
            for name, accepted in rule.when.items()
        ),
        basis=rule.basis or "mapped",
        rule=rule.rule,
    )


#: Fewer needles are found one by one as quickly.
_FEW = 4


def _automaton(needles: list[str]) -> Any:
    """Needle → its numbers in the table; None for a few, or where one folds to nothing (found everywhere)."""
    if len(needles) < _FEW or not all(needles):
        return None
    numbers: dict[str, tuple[int, ...]] = {}
    for number, needle in enumerate(needles):
        numbers[needle] = (*numbers.get(needle, ()), number)
    automaton = ahocorasick.Automaton()
    for needle, places in numbers.items():
        automaton.add_word(needle, places)
    automaton.make_automaton()
    return automaton


def _known(target: Target, value: str) -> bool:
    if target == "products":
        return hs.is_code(value) and len(value) in (2, 4, 6)
    if target == "hazards":
        return value in words.hazards()
    return value in _VALUES[target]


def _listed(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
