"""Chinese titles and briefs, composed from facts: who, what, product, requirement or hazard, dates, level and grounds.

One template per kind of act. Every part comes from a field or an opinion; what is missing is left out, never invented.
Product names come from the gazetteer or our HS names; the authority's own words are quoted, untranslated. An analyst's
title wins over these, a machine translation (off by default) is marked as such elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from crawlers import places
from crawlers.notice import INCIDENT_KINDS, Milestone, Notice
from nlp import hs, level
from nlp.assessment import (
    HazardOpinion,
    IndustryOpinion,
    LevelSpan,
    MeasureOpinion,
    Product,
    ReachOpinion,
    SeverityOpinion,
)
from nlp.document import first_sentence
from nlp.gazetteer import Concept
from nlp.products import Mention
from nlp.words import word

Lang = Literal["zh", "en"]
#: Words of an act in a title, per kind: (zh, en). {0} = who.
_ACTS: dict[str, tuple[str, str]] = {
    "notification": ("{0}通报", "{0} notifies"),
    "proposed_rule": ("{0}拟议法规", "{0} proposes a rule on"),
    "rule": ("{0}发布法规", "{0} issues a rule on"),
    "standard": ("{0}标准", "{0} standard on"),
    "consultation": ("{0}公开征求意见", "{0} consults on"),
    "recall": ("{0}召回", "{0}: recall of"),
    "border_rejection": ("{0}拒绝入境", "{0}: border rejection of"),
    "refusal": ("{0}拒绝进口", "{0}: import refusal of"),
    "import_alert": ("{0}进口警示", "{0}: import alert for"),
    "violation": ("{0}通报违规", "{0}: violation found in"),
    "inspection_order": ("{0}检查命令", "{0}: inspection order for"),
    "news": ("{0}资讯", "{0}: news on"),
}
#: What the measure asks, as it reads in a title.
_REQUIREMENT: dict[str, tuple[str, str]] = {
    "information": ("", ""),
    "labelling": ("标签要求", "labelling requirements"),
    "standard": ("技术要求", "technical requirements"),
    "conformity": ("合格评定要求", "conformity assessment requirements"),
    "inspection": ("加强查验", "raised inspection"),
    "recall": ("召回", "recall"),
    "rejection": ("拒绝入境", "refusal of entry"),
    "ban": ("禁止进口或销售", "a ban on import or sale"),
}
#: Requirements that a hazard makes precise: pesticide residues under a `standard` are limits.
_LIMITS = frozenset(
    {
        "pesticide_residue",
        "veterinary_drug",
        "heavy_metal",
        "food_additive",
        "contaminant",
        "mycotoxin",
        "radioactivity",
    }
)
_MILESTONES = (
    ("comment_deadline", "评议截止", "comments until"),
    ("adoption", "拟批准", "adoption"),
    ("entry_into_force", "生效", "in force from"),
    ("application", "适用", "applies from"),
)
MOST_NAMED = 2
QUOTED = 60


@dataclass(frozen=True, slots=True)
class Facts:
    """What a title and a brief may say."""

    notice: Notice
    products: Sequence[Product]
    industries: Sequence[IndustryOpinion]
    hazards: Sequence[HazardOpinion]
    severity: SeverityOpinion
    measure: MeasureOpinion
    reach: ReachOpinion
    levels: Sequence[LevelSpan]
    named: Sequence[Mention]
    agents: Sequence[Concept] = ()  # substances, pathogens and schemes the text names
    language: str = "en"


def title_zh(facts: Facts) -> str:
    """`欧盟召回充电宝：火灾（2026-11-06发布）`: who, what is done, the product, requirement or hazard, the date."""
    notice = facts.notice
    act = _ACTS[notice.kind][0].format(_who(notice, "zh"))
    if notice.kind == "notification" and level.is_draft(notice):
        act += "草案"
    product = product_name(facts, "zh")
    about = _about(facts, "zh")
    joint = "：" if notice.kind not in INCIDENT_KINDS else ""
    if not product:  # no Chinese name for the goods: the authority's own words, in quotes
        product = f"“{first_sentence(notice.products_text or notice.title, facts.language, QUOTED)}”"
    body = f"{act}{joint}{product}"
    if about:
        body += f"——{about}" if notice.kind in INCIDENT_KINDS else f" {about}"
    return f"{body}（{_date(notice, 'zh')}）"


def brief_zh(facts: Facts) -> str:
    """Some sentences for a reader who does not read the original; the original's own title stands in quotes."""
    notice = facts.notice
    kind = word("kind", notice.kind, "zh")
    symbol = f"（{notice.symbol}）" if notice.symbol else ""
    who = _who(notice, "zh")
    parts = [f"{notice.published.isoformat()}，{who}{_by(notice, 'zh')}发布{kind}{symbol}。"]
    product = product_name(facts, "zh")
    if product:
        codes = "、".join(item.hs for item in facts.products[:5])
        guessed = bool(facts.products) and facts.products[0].method in ("model", "retrieved")
        note = f"（{'HS编码预测' if guessed else 'HS'} {codes}）" if codes else ""
        parts.append(f"涉及产品：{product}{note}。")
    if notice.origins:
        parts.append(f"原产地：{'、'.join(places.name(code, 'zh') for code in notice.origins[:6])}。")
    about = _about(facts, "zh")
    if about:
        label = "涉及风险" if notice.kind in INCIDENT_KINDS else "要求"
        parts.append(f"{label}：{about}。")
    if facts.severity.value != "none":
        parts.append(
            f"严重程度：{word('severity', facts.severity.value, 'zh')}（{word('severity_basis', facts.severity.basis, 'zh')}）。"
        )
    if facts.measure.basis != "none":
        parts.append(f"措施：{word('measure', facts.measure.value, 'zh')}。")
    if facts.reach.value:
        parts.append(f"针对范围：{word('reach', facts.reach.value, 'zh')}。")
    parts += [f"{text}。" for text in _dates(notice, "zh")]
    if facts.levels:
        first = facts.levels[0]
        parts.append(
            f"通用级别（发布时）：{word('level', first.level, 'zh')}；依据：{level.grounds_text(first, 'zh')}。"
        )
    quoted = first_sentence(notice.title, facts.language, 200)
    return "".join(parts) + f"原题：“{quoted}”"


def brief_en(facts: Facts) -> str:
    """The same in English."""
    notice = facts.notice
    kind = word("kind", notice.kind, "en")
    symbol = f" ({notice.symbol})" if notice.symbol else ""
    parts = [f"{notice.published.isoformat()}: {kind}{symbol} by {_who(notice, 'en')}{_by(notice, 'en')}."]
    product = product_name(facts, "en")
    if product:
        codes = ", ".join(item.hs for item in facts.products[:5])
        guessed = bool(facts.products) and facts.products[0].method in ("model", "retrieved")
        note = f" ({'predicted HS' if guessed else 'HS'} {codes})" if codes else ""
        parts.append(f"Products: {product}{note}.")
    if notice.origins:
        parts.append(f"Origin: {', '.join(places.name(code, 'en') for code in notice.origins[:6])}.")
    about = _about(facts, "en")
    if about:
        label = "Hazard" if notice.kind in INCIDENT_KINDS else "Requirement"
        parts.append(f"{label}: {about}.")
    if facts.severity.value != "none":
        parts.append(
            f"Severity: {word('severity', facts.severity.value, 'en')} ({word('severity_basis', facts.severity.basis, 'en')})."
        )
    if facts.measure.basis != "none":
        parts.append(f"Measure: {word('measure', facts.measure.value, 'en')}.")
    if facts.reach.value:
        parts.append(f"Reach: {word('reach', facts.reach.value, 'en')}.")
    parts += [f"{text[:1].upper()}{text[1:]}." for text in _dates(notice, "en")]
    if facts.levels:
        first = facts.levels[0]
        parts.append(
            f"Base level when published: {word('level', first.level, 'en')}; grounds: {level.grounds_text(first, 'en')}."
        )
    quoted = first_sentence(notice.title, facts.language, 200)
    return " ".join(parts) + f" Original title: “{quoted}”"


def product_name(facts: Facts, lang: Lang) -> str:
    """The goods, by the most precise name that can be defended: the concepts of title and products, else the headings'
    names, else the chapters', else the group's."""
    # A chapter's or group's name is a last resort: 玩具 says more than 第95章.
    named = [mention.concept for mention in facts.named if mention.in_head][:MOST_NAMED]
    if named and _fits(named[0], facts):
        kept = [concept for concept in named if _fits(concept, facts)]
        return _join([concept.name(lang) for concept in kept], lang)
    headings = [item.hs for item in facts.products if len(item.hs) >= 4]
    names = _unique(hs.heading_name(code[:4], lang) for code in headings) or _unique(
        hs.chapter_name(item.hs, lang) for item in facts.products
    )
    if names:
        more = len({code[:4] for code in headings} or {item.hs for item in facts.products}) > MOST_NAMED
        return _join(names[:MOST_NAMED], lang) + (("等" if lang == "zh" else " and others") if more else "")
    late = [mention.concept for mention in facts.named if _fits(mention.concept, facts)][:1]
    if late:
        return late[0].name(lang)
    groups = [opinion.industry for opinion in facts.industries if opinion.industry != "other"]
    return f"{word('industry', groups[0], lang)}{'产品' if lang == 'zh' else ''}" if groups else ""


def _fits(concept: Concept, facts: Facts) -> bool:
    """Whether a concept's name agrees with codes and groups: a battery named in a toy's notice is not the goods."""
    if not facts.products and not facts.industries:
        return True
    stated = [item for item in facts.products if item.method in ("stated", "extracted")]
    if stated and concept.hs:
        ours = {code[:2] for code in concept.hs}
        return bool(ours & {item.hs[:2] for item in stated})
    groups = {opinion.industry for opinion in facts.industries}
    return not groups or bool(groups & set(concept.industries)) or not concept.industries


def _about(facts: Facts, lang: Lang) -> str:
    """The requirement (acts) or the hazard (incidents), as precise as the text allows."""
    hazards = [word("hazard", opinion.hazard, lang) for opinion in facts.hazards[:MOST_NAMED]]
    agents = [concept.name(lang) for concept in facts.agents[:MOST_NAMED]]
    if facts.notice.kind in INCIDENT_KINDS or facts.notice.kind == "import_alert":
        if hazards and agents:
            return (
                f"{_join(hazards, lang)}（{_join(agents, lang)}）"
                if lang == "zh"
                else f"{_join(hazards, lang)} ({_join(agents, lang)})"
            )
        return _join(hazards or agents, lang)
    requirement = _REQUIREMENT[facts.measure.value][0 if lang == "zh" else 1]
    ids = [opinion.hazard for opinion in facts.hazards[:MOST_NAMED]]
    if facts.measure.value == "standard" and ids and ids[0] in _LIMITS:
        return f"{_join(hazards, lang)}限量要求" if lang == "zh" else f"limits for {_join(hazards, lang)}"
    # 标签 + 标签要求 would say it twice.
    topic = _join([name for name in hazards or agents if name not in requirement], lang)
    if lang == "zh":
        return f"{topic}{requirement}" if topic and requirement else topic or requirement
    return f"{requirement} ({topic})" if topic and requirement else topic or requirement


def _who(notice: Notice, lang: Lang) -> str:
    column: Literal["origin", "member"] = "member" if notice.kind == "notification" else "origin"
    return places.name(notice.market, lang, column)


def _by(notice: Notice, lang: Lang) -> str:
    """The agency in brackets, in its own words, where it is more than the place."""
    agency = notice.authority.strip()
    if (
        not agency
        or notice.kind == "notification"
        or agency in (places.name(notice.market, "en"), places.name(notice.market, "zh"))
        or len(agency) > 80
    ):
        return ""
    return f"（{agency}）" if lang == "zh" else f" ({agency})"


def _date(notice: Notice, lang: Lang) -> str:
    day = notice.published.isoformat()
    parts = [f"{day}发布" if lang == "zh" else f"published {day}"]
    deadline = level.comment_deadline(notice)
    if deadline is not None and level.is_draft(notice):
        parts.append(f"评议截止{deadline.isoformat()}" if lang == "zh" else f"comments until {deadline.isoformat()}")
    else:
        dates = level.application_dates(notice)
        if dates:
            parts.append(f"{dates[0].isoformat()}起适用" if lang == "zh" else f"applies from {dates[0].isoformat()}")
    return ("，" if lang == "zh" else ", ").join(parts)


def _dates(notice: Notice, lang: Lang) -> list[str]:
    """Every dated milestone, with the date it replaced: a moved date is news."""
    found: list[str] = []
    for kind, zh, en in _MILESTONES:
        stones: list[Milestone] = [stone for stone in notice.milestones if stone.kind == kind]
        for stone in stones[:3]:
            if stone.date is None:
                continue
            text = f"{zh}{stone.date.isoformat()}" if lang == "zh" else f"{en} {stone.date.isoformat()}"
            if stone.replaces is not None:
                was = stone.replaces.isoformat()
                text += f"（原为{was}）" if lang == "zh" else f" (was {was})"
            found.append(text)
    return found


def _unique(names: object) -> list[str]:
    return list(dict.fromkeys(name for name in names if name))  # type: ignore[attr-defined]


def _join(names: Sequence[str], lang: Lang) -> str:
    return ("、" if lang == "zh" else ", ").join(names)
