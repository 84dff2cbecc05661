"""Composed titles and briefs beside their facts: what a page need not say twice (`nlp/titles.py` composes them whole).

A title and a brief carry everything, because they must stand alone in a feed, an export, a message. A page that shows the
dates, the codes and the level in places of their own would repeat each of them, and a reader would read all of it twice.
"""

from __future__ import annotations

import re

_DATES = re.compile(r"（\d{4}-\d\d-\d\d发布[^（）]*）$")
_BEGINNING = re.compile(r"\d{4}-\d\d-\d\d(?:，|: )")
#: Where a sentence of a composed brief begins; the group is the label.
_SENTENCE = re.compile(
    r"(?:(?<=。)|(?<=[.] ))(?=(?P<label>"
    r"涉及产品：|原产地：|涉及风险：|要求：|内容涉及|严重程度：|措施：|针对范围：|评议截止\d|拟批准\d|生效\d|适用\d|通用级别（发布时）：|"
    r"Products: |Origin: |Hazard: |Requirement: |Concerns |Severity: |Measure: |Reach: |Comments until \d|Adoption \d|In force from \d|"
    r"Applies from \d|Base level when published: ))"
)
#: The sentences that tell what no other place of a list tells: the goods by name, what is asked of them, whom it reaches.
_KEPT = (
    "涉及产品：",
    "涉及风险：",
    "要求：",
    "内容涉及",
    "针对范围：",
    "拟批准",
    "Products: ",
    "Hazard: ",
    "Requirement: ",
    "Concerns ",
    "Reach: ",
    "Adoption ",
)
#: Behind it stand the authority's own words, which may look like a sentence of ours.
_ORIGINAL = re.compile(r"(?<=。)原题：|(?<=[.] )Original title: ")
_CODES = re.compile(r"\s?[（(](?:predicted )?HS(?:编码预测)? [\d、, ]+[）)]")


def headline(title: str) -> str:
    """The composed title without its closing dates; any other title as it is.

    `欧盟召回充电宝——火灾（2026-11-06发布）` → `欧盟召回充电宝——火灾`
    """
    return _DATES.sub("", title)


def gist(brief: str) -> str:
    """The sentences of a composed brief that a list with dates, codes, level and original title does not show already;
    a brief that a person wrote comes back whole."""
    if not _BEGINNING.match(brief) or not _ORIGINAL.search(brief):
        return brief
    brief = _ORIGINAL.split(brief)[0]
    starts = [0, *(found.start() for found in _SENTENCE.finditer(brief))]
    pieces = [brief[start:end] for start, end in zip(starts, [*starts[1:], len(brief)], strict=True)]
    return _CODES.sub("", "".join(piece for piece in pieces if piece.startswith(_KEPT))).strip()
