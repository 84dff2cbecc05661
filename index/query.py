"""The analysts' query language (docs/query-syntax.md): text → one typed `Query` for page, API, subscription and command line.

Parsing knows syntax only; what words mean (concepts, stems, places) is `index.plan`'s business. The limits keep any text a
stranger may type cheap to read and to answer.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cached_property, lru_cache

from pydantic import Field as Default
from pydantic import model_validator

from crawlers.notice import Record
from index.expression import All, Any, Filter, Node, Not, Phrase, QueryError, Words
from index.fields import DATE_FIELDS, DateField, Field, FieldName, UnknownValue, by_name, value_of
from index.ranges import SCALES, date_filter, hs_values, scale_values, unknown_value
from nlp.text import fold

__all__ = ["Filter", "Query", "QueryError", "parse"]

MAX_CHARACTERS = 2_000
MAX_CLAUSES = 64
MAX_DEPTH = 8
MAX_VALUES = 200

_OPENING, _CLOSING = frozenset("(（"), frozenset(")）")
_COMMAS = frozenset(",，;；、")
_QUOTES = {'"': '"', "“": "”", "”": "”", "„": "”", "«": "»", "「": "」", "『": "』", "＂": "＂"}
_SPACE = re.compile(r"[\s\u3000]+")
_FIELD = re.compile(r"([^\W\d][\w]{0,29}|[^\W\d]{1,12})\s?[:：](?!//)")
_WORD = re.compile(r"[^\s\u3000()（）\"“”„«»「」『』＂]+")
_VALUE = re.compile(r"[^\s\u3000()（）\"“”„«»「」『』＂,，;；、]+")
_SIGN = re.compile(r"(?:<=|>=|<|>|≤|≥|＜|＞)[\s\u3000]*")
_MINUS = frozenset("-－−")
_NO_FIELDS = frozenset({"http", "https", "urn", "mailto", "ftp"})
_NUMBERED = frozenset({"iso", "iec", "en", "gb", "astm", "un", "cas", "ec", "din", "jis"})


class Query(Record):
    """`text` in the query language, and further `filters` that must all hold (as facets and subscriptions give them).

    `missing`: how many of the words typed side by side an alert may lack (`index.finding` asks so when few have them all);
    never all of them, and never a phrase, a filter or what stands after `-`.

    Raises QueryError (inside pydantic's ValidationError when constructed in code) for a text that cannot be understood.
    """

    text: str = ""
    filters: tuple[Filter, ...] = ()
    missing: int = Default(default=0, ge=0)

    @model_validator(mode="after")
    def _text_parses(self) -> Query:
        _tree(self.text)
        return self

    @cached_property
    def tree(self) -> Node | None:
        """What `text` says beside the filters that stand on their own; None: nothing."""
        return _split(_tree(self.text))[0]

    @cached_property
    def conditions(self) -> tuple[Filter, ...]:
        """Filters that must all hold: those of the text's top level, then `filters`. A facet ignores its own field's."""
        return (*_split(_tree(self.text))[1], *self.filters)

    def with_filters(self, *filters: Filter) -> Query:
        return self.model_copy(update={"filters": (*self.filters, *filters)})


def parse(text: str, filters: tuple[Filter, ...] = ()) -> Query:
    """Raises QueryError with the position of the character and what to write instead."""
    _tree(text)
    return Query(text=text, filters=filters)


def _split(tree: Node | None) -> tuple[Node | None, tuple[Filter, ...]]:
    if isinstance(tree, Filter):
        return None, (tree,)
    if not isinstance(tree, All):
        return tree, ()
    filters = tuple(item for item in tree.items if isinstance(item, Filter))
    rest = tuple(item for item in tree.items if not isinstance(item, Filter))
    return (rest[0] if len(rest) == 1 else All(items=rest) if rest else None), filters


@lru_cache(maxsize=2_000)
def _tree(text: str) -> Node | None:
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        if len(text) > MAX_CHARACTERS:
            raise QueryError(
                MAX_CHARACTERS,
                f"the query is longer than {MAX_CHARACTERS} characters",
                f"查询超过{MAX_CHARACTERS}个字符",
            )
        self.text = text
        self.at = 0
        self.clauses = 0

    def whole(self) -> Node | None:
        self._space()
        if self.at == len(self.text):
            return None
        node = self._any(0)
        if self.at < len(self.text):  # only a closing bracket can stop the parser early
            raise QueryError(self.at, "this bracket closes nothing", "此括号没有对应的左括号")
        return node

    def _space(self) -> None:
        match = _SPACE.match(self.text, self.at)
        if match:
            self.at = match.end()

    def _peek(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def _keyword(self, *words: str) -> bool:
        """Whether one of `words` stands here as a whole word; it is passed over."""
        match = _WORD.match(self.text, self.at)
        if match and match[0] in words:
            self.at = match.end()
            self._space()
            return True
        return False

    def _any(self, depth: int) -> Node:
        items = [self._all(depth)]
        while True:
            start = self.at
            if not self._keyword("OR", "|", "||", "或"):
                break
            if not self._peek() or self._peek() in _CLOSING:
                raise QueryError(start, "nothing stands after OR", "OR 之后没有内容")
            items.append(self._all(depth))
        return items[0] if len(items) == 1 else Any(items=tuple(items))

    def _all(self, depth: int) -> Node:
        items: list[Node] = []
        start = self.at
        while self._peek() and self._peek() not in _CLOSING:
            before = self.at
            if self._keyword("OR", "|", "||", "或"):
                self.at = before
                if not items:
                    raise QueryError(before, "nothing stands before OR", "OR 之前没有内容")
                break
            if self._keyword("AND", "且", "&&"):
                if not items or not self._peek() or self._peek() in _CLOSING:
                    raise QueryError(before, "AND stands between two parts", "AND 应位于两部分之间")
                continue
            node = self._unary(depth)
            last = items[-1] if items else None
            if isinstance(node, Words) and isinstance(last, Words):
                items[-1] = Words(text=f"{last.text} {node.text}")  # side by side: concepts may span them
            else:
                items.append(node)
            self._space()
        if not items:
            raise QueryError(start, "the brackets are empty", "括号内没有内容")
        return items[0] if len(items) == 1 else All(items=tuple(items))

    def _unary(self, depth: int) -> Node:
        start = self.at
        negated = False
        if self._peek() in _MINUS and self.at + 1 < len(self.text) and not _SPACE.match(self.text, self.at + 1):
            self.at += 1
            negated = True
        elif self._keyword("NOT", "非"):
            negated = True
        if not negated:
            return self._primary(depth)
        if depth >= MAX_DEPTH:
            raise self._too_deep(start)
        if not self._peek() or self._peek() in _CLOSING:
            raise QueryError(start, "nothing stands after the minus sign", "减号之后没有内容")
        return Not(item=self._unary(depth + 1))

    def _primary(self, depth: int) -> Node:
        self._count()
        char = self._peek()
        if char in _OPENING:
            return self._bracket(depth)
        if char in _QUOTES:
            return Phrase(text=self._quoted())
        field = _FIELD.match(self.text, self.at)
        if field and field[1].lower() not in _NO_FIELDS:
            named = self._field(field)
            if named is not None:
                return named
        match = _WORD.match(self.text, self.at)
        if not match:
            raise QueryError(self.at, f"{char!r} means nothing here", f"此处的“{char}”没有意义")
        word = match[0]
        if "*" in word or ("?" in word and not word.endswith("?")):
            raise QueryError(
                self.at + min(word.find(c) for c in "*?" if c in word),
                "there are no wildcards: a word is found in all its forms",
                "不支持通配符：词的各种形式都会被检索到",
            )
        self.at = match.end()
        return Words(text=word)

    def _count(self) -> None:
        self.clauses += 1
        if self.clauses > MAX_CLAUSES:
            raise QueryError(self.at, f"more than {MAX_CLAUSES} parts", f"查询条件超过{MAX_CLAUSES}个")

    def _too_deep(self, at: int) -> QueryError:
        return QueryError(at, f"brackets more than {MAX_DEPTH} deep", f"括号嵌套超过{MAX_DEPTH}层")

    def _bracket(self, depth: int) -> Node:
        start = self.at
        if depth >= MAX_DEPTH:
            raise self._too_deep(start)
        self.at += 1
        self._space()
        node = self._any(depth + 1)
        if not self._peek():
            raise QueryError(start, "this bracket is not closed", "此括号未闭合")
        self.at += 1
        return node

    def _quoted(self) -> str:
        start = self.at
        ends = {_QUOTES[self.text[start]], '"'} if self.text[start] != '"' else {'"'}
        end = min((i for i in (self.text.find(mark, start + 1) for mark in ends) if i >= 0), default=-1)
        if end < 0:
            raise QueryError(start, "this quotation mark is not closed", "此引号未闭合")
        inside = self.text[start + 1 : end]
        if not fold(inside).text.strip():
            raise QueryError(start, "the quotation marks are empty", "引号内没有内容")
        self.at = end + 1
        return inside

    def _field(self, match: re.Match[str]) -> Node | None:
        start, written = self.at, match[1]
        name = fold(written).text
        field = by_name().get(name)
        if name in {"exact", "原文", "精确"}:
            self.at = match.end()
            if self._peek() in _QUOTES:
                return Phrase(text=self._quoted(), exact=True)
            return Phrase(text=self._value("exact"), exact=True)
        if field is None:
            if name in _NUMBERED or not _SPACE.sub("", self.text[match.end() : match.end() + 1]):
                return None  # "ISO:9001", or a colon that ends a word: text like any other
            near = get_close_matches(name, by_name(), n=1, cutoff=0.5)
            hint_en = f"; did you mean {near[0]}?" if near else "; write it in quotation marks to search for the text"
            hint_zh = f"；是否指 {near[0]}？" if near else "；如要检索该文字，请加引号"
            raise QueryError(start, f"there is no field {written!r}{hint_en}", f"没有字段“{written}”{hint_zh}")
        self.at = match.end()
        return self._condition(field)

    def _condition(self, field: Field) -> Node:
        parts: list[tuple[int, str]] = []
        if self._peek() in _OPENING:
            start = self.at
            self.at += 1
            while self._peek() not in _CLOSING:
                if not self._peek():
                    raise QueryError(start, "this bracket is not closed", "此括号未闭合")
                self._space()
                if self._keyword("OR", "|", "或") or self._peek() in _COMMAS:
                    self.at += self._peek() in _COMMAS
                elif self._peek() not in _CLOSING:
                    parts.append((self.at, self._value(field.name)))
                    self._limit(parts)
                self._space()
            self.at += 1
        else:
            parts.append((self.at, self._value(field.name)))
            while self._peek() in _COMMAS:
                self.at += 1
                self._space()
                parts.append((self.at, self._value(field.name)))
                self._limit(parts)
        if not parts:
            raise QueryError(self.at, f"{field.name}: needs a value", f"{field.name}: 之后需要一个值")
        nodes = _conditions(field.name, parts)
        return nodes[0] if len(nodes) == 1 else Any(items=tuple(nodes))

    def _limit(self, parts: list[tuple[int, str]]) -> None:
        if len(parts) > MAX_VALUES:
            raise QueryError(self.at, f"more than {MAX_VALUES} values", f"超过{MAX_VALUES}个值")

    def _value(self, name: str) -> str:
        if self._peek() in _QUOTES:
            return self._quoted()
        sign = _SIGN.match(self.text, self.at)
        pattern = _WORD if name in {"symbol", "id", "event"} else _VALUE
        match = pattern.match(self.text, sign.end() if sign else self.at)
        if not match:
            raise QueryError(self.at, f"{name}: needs a value", f"{name}: 之后需要一个值")
        start, self.at = self.at, match.end()
        return self.text[start : self.at]


def _conditions(name: FieldName, parts: list[tuple[int, str]]) -> list[Node]:
    """One filter per field that the values name (a market may turn out to be a group of markets)."""
    if name in DATE_FIELDS:
        return [date_filter(_date_field(name), written, at) for at, written in parts]
    found: dict[str, list[str]] = {}
    nodes: list[Node] = []
    for at, written in parts:
        if fold(written).text in {"any", "*", "有"}:
            nodes.append(Filter(field=name, filled=True))
        elif fold(written).text == "none" and name != "severity":
            nodes.append(Filter(field=name, filled=False))
        elif name == "hs":
            found.setdefault(name, []).extend(hs_values(written, at))
        elif name in SCALES:
            found.setdefault(name, []).extend(scale_values(name, written, at))
        else:
            try:
                field, value = value_of(name, written)
            except UnknownValue as error:
                raise unknown_value(error, name, written, at) from None
            found.setdefault(field, []).append(value)
    for field, values in found.items():
        nodes.append(Filter.model_validate({"field": field, "values": tuple(dict.fromkeys(values))}))
    return nodes


def _date_field(name: FieldName) -> DateField:
    return next(field for field in DATE_FIELDS if field == name)
