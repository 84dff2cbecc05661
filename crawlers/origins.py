"""Where goods come from, as an authority's own sentence says it: "Product of China", "Made in Viet Nam".

Recalls of the United States carry no column for the origin; labels and releases quote it. Only such words count: a
firm's address is not an origin, and neither is a place that is merely mentioned.
"""

from __future__ import annotations

import re

from crawlers import places

_SAYS = re.compile(
    r"\b(?:(?:made|manufactured|produced|grown|harvested|assembled) in|products? of|imported from"
    r"|originat(?:ing|ed) (?:in|from)|country of origin ?[:-]?)\s+(?:the )?",
    re.IGNORECASE,
)
#: The state or the country? An American authority means the state.
_AMBIGUOUS = frozenset({"georgia", "jersey"})
_LONGEST = 6  # words: "the Democratic People's Republic of Korea" without its article


def said(text: str) -> tuple[str, ...]:
    """The codes (ISO 3166-1 alpha-2) of the places `text` names as an origin, in order, each once.

    "Product of USA, China" gives both; "Made in Georgia" none, because it may be the state.
    """
    found: list[str] = []
    for hit in _SAYS.finditer(text):
        rest = text[hit.end() : hit.end() + 120].split("\n")[0]
        while rest:
            words = re.findall(r"[^\s,;.()]+\.?(?:[A-Z]\.)*", rest)[:_LONGEST]
            code, used = _longest(words)
            if code is None:
                break
            found.append(code)
            rest = rest[rest.index(words[used - 1]) + len(words[used - 1]) :]
            joined = re.match(r"\s*(?:,|/|;|&|and/or\b|and\b|or\b)\s*(?:the )?", rest, re.IGNORECASE)
            rest = rest[joined.end() :] if joined else ""
    return tuple(dict.fromkeys(found))


def _longest(words: list[str]) -> tuple[str | None, int]:
    """The code of the longest run of words that names a place, and how many words it took."""
    for count in range(len(words), 0, -1):
        name = " ".join(words[:count])
        if name.casefold() in _AMBIGUOUS or (count == 1 and not name[:1].isupper()):
            continue
        code = places.code(name)
        if code is not None:
            return code, count
    return None, 0
