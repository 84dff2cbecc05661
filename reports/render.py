"""`render`: one bulletin as HTML and as plain text, in one language; both templates read the same context.

The HTML is for mail clients: tables for layout, styles inlined, no picture, no script; its few @media rules stack the
tables on a phone and quieten the page in print. Everything that comes from data is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from reports.bulletin import Bulletin
from reports.matching import RANK
from reports.words import HERE, Language, Words, long_date, named, say

#: The nine sections; the masthead has no number of its own on the page.
SECTIONS = ("highlights", "overview", "notifications", "drafts", "stopped", "statistics", "advice", "notes")
_CHINESE = "一二三四五六七八九"
TEXT_WIDTH = 76
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)")


@dataclass(frozen=True)
class Rendered:
    html: str
    text: str
    title: str  # of the page, and the subject of a message


def render(bulletin: Bulletin, lang: Language) -> Rendered:
    """Both forms in `lang`. The same bulletin gives the same bytes."""
    context = _context(bulletin, lang)
    page = _environment(html=True).get_template("bulletin.html.j2").render(context)
    text = _environment(html=False).get_template("bulletin.txt.j2").render(context)
    return Rendered(_inliner().inline(page).strip() + "\n", _tidy(text), context["subject"])


def _context(bulletin: Bulletin, lang: Language) -> dict[str, Any]:
    head = bulletin.masthead
    title, number = head.title.of(lang), head.number.of(lang)
    return {
        "b": bulletin,
        "lang": lang,
        "html_lang": "zh-CN" if lang == "zh" else "en",
        "t": _translated(lang),
        "say": _said(lang),
        "numeral": {name: (_CHINESE[i] + "、" if lang == "zh" else f"{i + 1}. ") for i, name in enumerate(SECTIONS)},
        "long": lambda day: long_date(day).of(lang),
        "match_words": {kind: named("match", kind) for kind in RANK},
        "subject": f"{title} {number} {head.reader.of(lang)}",
        "gap": "" if lang == "zh" else " ",
        "comma": "、" if lang == "zh" else ", ",
        "semicolon": "；" if lang == "zh" else "; ",
        "colon": "：" if lang == "zh" else ": ",
    }


def _translated(lang: Language) -> Callable[[Words | tuple[Words, ...]], str]:
    """`t(words)`: the words of this language; of several, joined."""

    def t(words: Words | tuple[Words, ...]) -> str:
        if isinstance(words, Words):
            return words.of(lang)
        return ("；" if lang == "zh" else "; ").join(one.of(lang) for one in words)

    return t


def _said(lang: Language) -> Callable[..., str]:
    def said(key: str, **values: object) -> str:
        return say(key, **values).of(lang)

    return said


@lru_cache(maxsize=2)
def _environment(*, html: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(enabled_extensions=("html", "html.j2"), default=html),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["whole"] = _whole
    environment.filters["rule"] = _rule
    environment.filters["wrapped"] = _wrapped
    return environment


@lru_cache(maxsize=1)
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def _whole(text: str) -> Markup:
    """Escaped, with dates that do not break over two lines."""
    return Markup(_DATE.sub(r'<span class="when">\1</span>', str(escape(text))))  # noqa: S704 - escaped just here


def _rule(text: str, mark: str = "=") -> str:
    """A line as long as the text is wide: Chinese characters take two columns."""
    return mark * min(_width(text), TEXT_WIDTH)


def _width(text: str) -> int:
    return sum(2 if ord(char) > 0x2E7F else 1 for char in text)


def _wrapped(text: str, indent: int = 0, first: int | None = None) -> str:
    """Lines of at most 76 columns; Chinese breaks anywhere but before a closing mark, Latin words stay whole."""
    lines: list[str] = []
    line, width = " " * (indent if first is None else first), indent if first is None else first
    for piece in re.findall(
        r"[\u2e80-\uffff][，。；：、）”》！？]*|\s+|[^\s\u2e80-\uffff]+[，。；：、）”》！？]*", text
    ):
        size = _width(piece)
        if width + size > TEXT_WIDTH and line.strip():
            lines.append(line.rstrip())
            line, width = " " * indent, indent
            piece = piece.lstrip()
            size = _width(piece)
        line += piece
        width += size
    lines.append(line.rstrip())
    return "\n".join(lines)


def _tidy(text: str) -> str:
    """No blanks at line ends, never two empty lines in a row."""
    lines = [line.rstrip() for line in text.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"
