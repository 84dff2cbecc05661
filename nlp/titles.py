"""Chinese titles and briefs, composed from facts: who, what, product, requirement or hazard, dates, level and grounds.

One template per kind of act (`nlp/acts.py`). Every part comes from a field or an opinion with a ground; what is missing
is left out, never invented. Product names come from the gazetteer or our HS names; where these say no more than a
chapter or a trade, an incident's own words stand beside them, quoted and untranslated. An analyst's title wins over
these, a machine translation (off by default) is marked as such elsewhere.

`欧盟召回中国产充电宝——火灾、烧伤（2026-11-13发布）`
`欧盟通报草案：电池技术要求——涉及新电池法、火灾（2026-11-09发布，评议截止2027-01-08）`
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from crawlers import places
from crawlers.notice import Milestone, Notice
from nlp import acts, hs, level
from nlp.assessment import (
    HazardOpinion,
    IndustryOpinion,
    LevelSpan,
    MeasureOpinion,
    Product,
    ReachOpinion,
    SeverityOpinion,
)
from nlp.gazetteer import Concept
from nlp.products import Mention
from nlp.watchlist import Dossier
from nlp.words import word

Lang = Literal["zh", "en"]
#: What the measure asks, as it reads behind the goods.
_REQUIREMENT: dict[str, tuple[str, str]] = {
    "information": ("", ""),
    "labelling": ("标签或文件要求", "labelling or documentation requirements"),
    "standard": ("技术要求", "technical requirements"),
    "conformity": ("合格评定要求", "conformity assessment requirements"),
    "inspection": ("加强查验", "raised inspection"),
    "recall": ("召回", "recall"),
    "rejection": ("拒绝入境", "refusal of entry"),
    "ban": ("禁令", "a ban"),
}
#: Hazards that make a `standard` precise: pesticide residues under a standard are limits.
_LIMITS = frozenset(
    [
        "pesticide_residue",
        "veterinary_drug",
        "heavy_metal",
        "food_additive",
        "contaminant",
        "mycotoxin",
        "radioactivity",
    ]
)
_MILESTONES = (
    ("comment_deadline", "评议截止", "comments until"),
    ("adoption", "拟批准", "adoption"),
    ("entry_into_force", "生效", "in force from"),
    ("application", "适用", "applies from"),
)
MOST_NAMED = 2
#: Characters quoted: of a title in ours, of an incident's own words beside a name that says little, in a brief.
QUOTED, QUOTED_GOODS, QUOTED_ORIGINAL = 60, 40, 200


@dataclass(frozen=True)
class Facts:
    """What a title and a brief may say. What each of them asks for is worked out once."""

    notice: Notice
    products: Sequence[Product]
    industries: Sequence[IndustryOpinion]
    hazards: Sequence[HazardOpinion]
    severity: SeverityOpinion
    measure: MeasureOpinion
    reach: ReachOpinion
    levels: Sequence[LevelSpan]
    named: Sequence[Mention]
    agents: Sequence[Concept] = ()  # substances and pathogens the text names
    dossiers: Sequence[Dossier] = ()  # named measures the notice belongs to
    language: str = "en"
    _names: dict[Lang, tuple[str, bool]] = field(default_factory=dict)
    _content: dict[Lang, tuple[str, str]] = field(default_factory=dict)

    @functools.cached_property
    def act(self) -> acts.Act:
        return acts.of(self.notice)


# --- the title --------------------------------------------------------------------------------------------------------


def title_zh(facts: Facts) -> str:
    """Who, what is done, the goods, requirement or hazard, the date."""
    notice = facts.notice
    goods = _origin(facts) + (_goods(facts) or _quote(notice.title, QUOTED))
    requirement, about = _asked(facts, "zh")
    if not acts.is_incident(notice):
        goods += requirement
        about = f"涉及{about}" if about else ""
    body = facts.act.title.format(who=_who(notice, "zh"), goods=goods)
    return f"{body}{'——' if about else ''}{about}（{_date(notice)}）"


def _goods(facts: Facts) -> str:
    """The goods in Chinese; an incident's own words behind a name that says no more than a chapter or a trade."""
    name, precise = _product(facts, "zh")
    own = " ".join(facts.notice.products_text.partition("\n")[0].strip("•* ").split())
    if precise or not own or own == facts.notice.title or not acts.is_incident(facts.notice):
        return name
    return name + _quote(own, QUOTED_GOODS)


def _origin(facts: Facts) -> str:
    """`中国产`, where an incident's authority names one foreign origin or two; `来自波兰的` for an act against certain origins."""
    notice = facts.notice
    if acts.is_incident(notice):
        names = [places.name(code, "zh") for code in notice.origins]
        foreign = notice.origins != (notice.market,)
        return f"{'、'.join(names)}产" if 0 < len(names) <= MOST_NAMED and foreign else ""
    if facts.reach.value not in ("names_china", "other_origins") or facts.measure.value not in ("ban", "inspection"):
        return ""
    names = [places.name(code, "zh") for code in notice.origins or notice.affected]
    return f"来自{'、'.join(names)}的" if 0 < len(names) <= MOST_NAMED else ""


def _date(notice: Notice) -> str:
    """The day of publication, and the next day that counts: a moved date says what it was."""
    parts = [f"{notice.published.isoformat()}发布"]
    stone = _decisive(notice)
    if stone is not None and stone.date is not None:
        day = stone.date.isoformat()
        if stone.replaces is not None:
            what = {"comment_deadline": "评议截止", "application": "适用日期"}.get(stone.kind, "生效日期")
            parts.append(f"{what}由{stone.replaces.isoformat()}改为{day}")
        elif stone.kind == "comment_deadline":
            parts.append(f"评议截止{day}")
        else:
            parts.append(f"{day}起{'适用' if stone.kind == 'application' else '生效'}")
    return "，".join(parts)


def _decisive(notice: Notice) -> Milestone | None:
    """The milestone a title tells: a draft's deadline, else the first day of application or of entry into force."""
    if notice.stage == "withdrawn" or acts.is_incident(notice):
        return None
    wanted: tuple[str, ...]
    if level.is_draft(notice):
        wanted, last = ("comment_deadline",), level.comment_deadline(notice)
    else:
        dates = level.application_dates(notice)
        wanted, last = ("application", "entry_into_force"), dates[0] if dates else None
    return next(
        (stone for kind in wanted for stone in notice.milestones if (stone.kind, stone.date) == (kind, last)), None
    )


# --- the briefs -------------------------------------------------------------------------------------------------------


def brief_zh(facts: Facts) -> str:
    """Some sentences for a reader who does not read the original; the original's own title stands in quotes."""
    notice = facts.notice
    symbol = f"（{notice.symbol}）" if notice.symbol else ""
    parts = [f"{notice.published.isoformat()}，{_who(notice, 'zh')}{_by(notice, 'zh')}{facts.act.told}{symbol}。"]
    product, _ = _product(facts, "zh")
    if product:
        parts.append(f"涉及产品：{product}{_codes(facts, 'zh')}。")
    if notice.origins:
        parts.append(f"原产地：{'、'.join(places.name(code, 'zh') for code in notice.origins[:6])}。")
    requirement, about = _asked(facts, "zh")
    if acts.is_incident(notice):
        parts += [f"涉及风险：{about}。"] if about else []
    elif requirement or about:
        told = "，涉及".join(part for part in (requirement, about) if part)
        parts.append(f"要求：{told}。" if requirement else f"内容涉及{about}。")
    if facts.severity.value != "none":
        basis = word("severity_basis", facts.severity.basis, "zh")
        parts.append(f"严重程度：{word('severity', facts.severity.value, 'zh')}（{basis}）。")
    if facts.measure.basis != "none":
        parts.append(f"措施：{word('measure', facts.measure.value, 'zh')}。")
    if facts.reach.value:
        parts.append(f"针对范围：{word('reach', facts.reach.value, 'zh')}。")
    parts += [f"{text}。" for text in _dates(notice, "zh")]
    if facts.levels:
        first = facts.levels[0]
        grounds = level.grounds_text(first, "zh")
        parts.append(f"通用级别（发布时）：{word('level', first.level, 'zh')}；依据：{grounds}。")
    return "".join(parts) + f"原题：{_quote(notice.title, QUOTED_ORIGINAL)}"


def brief_en(facts: Facts) -> str:
    """The same in English."""
    notice = facts.notice
    symbol = f" ({notice.symbol})" if notice.symbol else ""
    who = f"{_who(notice, 'en')}{_by(notice, 'en')}"
    parts = [f"{notice.published.isoformat()}: {facts.act.noun}{symbol} by {who}."]
    product, _ = _product(facts, "en")
    if product:
        parts.append(f"Products: {product}{_codes(facts, 'en')}.")
    if notice.origins:
        parts.append(f"Origin: {', '.join(places.name(code, 'en') for code in notice.origins[:6])}.")
    requirement, about = _asked(facts, "en")
    if acts.is_incident(notice):
        parts += [f"Hazard: {about}."] if about else []
    elif requirement or about:
        told = "; concerns ".join(part for part in (requirement, about) if part)
        parts.append(f"Requirement: {told}." if requirement else f"Concerns {about}.")
    if facts.severity.value != "none":
        basis = word("severity_basis", facts.severity.basis, "en")
        parts.append(f"Severity: {word('severity', facts.severity.value, 'en')} ({basis}).")
    if facts.measure.basis != "none":
        parts.append(f"Measure: {word('measure', facts.measure.value, 'en')}.")
    if facts.reach.value:
        parts.append(f"Reach: {word('reach', facts.reach.value, 'en')}.")
    parts += [f"{text[:1].upper()}{text[1:]}." for text in _dates(notice, "en")]
    if facts.levels:
        first = facts.levels[0]
        grounds = level.grounds_text(first, "en")
        parts.append(f"Base level when published: {word('level', first.level, 'en')}; grounds: {grounds}.")
    return " ".join(parts) + f" Original title: {_quote(notice.title, QUOTED_ORIGINAL)}"


def _codes(facts: Facts, lang: Lang) -> str:
    codes = ("、" if lang == "zh" else ", ").join(item.hs for item in facts.products[:5])
    if not codes:
        return ""
    if _predicted(facts.products[0]):
        return f"（HS编码预测 {codes}）" if lang == "zh" else f" (predicted HS {codes})"
    return f"（HS {codes}）" if lang == "zh" else f" (HS {codes})"


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


# --- the goods --------------------------------------------------------------------------------------------------------


def product_name(facts: Facts, lang: Lang) -> str:
    """The goods, by the most precise name that can be defended: the concepts of title and products, else the headings'
    names, else the chapters', else the group's."""
    return _product(facts, lang)[0]


def _product(facts: Facts, lang: Lang) -> tuple[str, bool]:
    """The name, and whether it names the goods themselves (a concept, a stated heading) and not only their kind."""
    if lang not in facts._names:
        facts._names[lang] = _name_of(facts, lang)
    return facts._names[lang]


def _name_of(facts: Facts, lang: Lang) -> tuple[str, bool]:
    named = [mention.concept for mention in facts.named if mention.in_head][:MOST_NAMED]
    if named and _fits(named[0], facts):
        return _join(_sharpest([concept for concept in named if _fits(concept, facts)], lang), lang), True
    # A predicted code is a suggestion to check (the brief shows it as one), not what the goods are called.
    known = [item.hs for item in facts.products if not _predicted(item)]
    names = _unique(hs.heading_name(code[:4], lang) for code in known if len(code) >= 4)
    if names:
        return _listed(names, lang), True
    names = _unique(hs.chapter_name(code, lang) for code in known)
    if names:
        return _listed(names, lang), False
    late = [mention.concept for mention in facts.named if _fits(mention.concept, facts)][:1]
    if late:
        return late[0].name(lang), True
    if facts.notice.kind == "news":
        return "", False  # whatever a guess says of a proclamation: its own words tell more than a trade's name
    groups = [word("industry", opinion.industry, lang) for opinion in facts.industries if opinion.industry != "other"]
    if not groups:
        return "", False
    return groups[0] + ("产品" if lang == "zh" and groups[0][-1] not in "品件" else ""), False


def _sharpest(concepts: Sequence[Concept], lang: Lang) -> list[str]:
    """The names without one that another says more precisely: 汽车 beside 电动汽车, 食品 (whole chapters) beside 大米."""
    narrow = [concept for concept in concepts if not concept.hs or any(len(code) > 2 for code in concept.hs)]
    names = _unique(concept.name(lang) for concept in narrow or concepts)
    return [name for name in names if not any(name != other and name in other for other in names)]


def _listed(names: Sequence[str], lang: Lang) -> str:
    """Two names, or one that is a list itself, and that there are more."""
    shown = names[:1] if any("、" in name or "," in name for name in names[:MOST_NAMED]) else names[:MOST_NAMED]
    more = ("等" if lang == "zh" else " and others") if len(names) > len(shown) else ""
    return _join(shown, lang) + more


def _predicted(product: Product) -> bool:
    return product.method in ("model", "retrieved")


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


# --- requirement and hazard -------------------------------------------------------------------------------------------


def _asked(facts: Facts, lang: Lang) -> tuple[str, str]:
    """(requirement, hazards and named measures)."""
    found = facts._content.get(lang)
    if found is None:
        requirement = _requirement(facts, lang)
        found = facts._content[lang] = requirement, _about(facts, requirement, lang)
    return found


def _requirement(facts: Facts, lang: Lang) -> str:
    """What an act asks for; nothing where no ground of the measure was found, or no goods of which it could be asked."""
    if acts.is_incident(facts.notice) or facts.measure.basis == "none" or not _product(facts, lang)[0]:
        return ""
    limited = _limited(facts)
    if limited:
        name = word("hazard", limited, lang)
        return f"{name}限量要求" if lang == "zh" else f"limits for {name}"
    return _REQUIREMENT[facts.measure.value][0 if lang == "zh" else 1]


def _limited(facts: Facts) -> str:
    first = facts.hazards[0].hazard if facts.hazards else ""
    return first if facts.measure.value == "standard" and first in _LIMITS else ""


def _about(facts: Facts, requirement: str, lang: Lang) -> str:
    """The hazards, with what causes them; of an act also the named measure it belongs to, and not what it says already."""
    hazards = [word("hazard", opinion.hazard, lang) for opinion in facts.hazards[:MOST_NAMED]]
    agents = _unique(concept.name(lang) for concept in facts.agents if concept.kind != "scheme")
    agents = [name for name in agents if name not in hazards][:MOST_NAMED]
    if acts.is_incident(facts.notice):
        if hazards and agents:
            return _join(hazards, lang) + (
                f"（{_join(agents, lang)}）" if lang == "zh" else f" ({_join(agents, lang)})"
            )
        return _join(hazards or agents, lang)
    said = requirement + _product(facts, lang)[0]
    measures = [_nickname(dossier, facts.notice, lang) for dossier in facts.dossiers[:MOST_NAMED]]
    topics = [name for name in (*hazards, *agents) if name not in said and not any(name in one for one in measures)]
    return _join([*measures, *topics[:MOST_NAMED]], lang)


def _nickname(dossier: Dossier, notice: Notice, lang: Lang) -> str:
    """`新电池法` in the Union's own notice, `欧盟新电池法` in another's; without what stands in brackets."""
    if lang == "en":
        return dossier.name_en.replace(";", ",").partition(",")[0]
    name = dossier.nickname_zh.partition("（")[0]
    return name.removeprefix(places.name(notice.market, "zh")) if len(name) > 5 else name


# --- small words ------------------------------------------------------------------------------------------------------


def _who(notice: Notice, lang: Lang) -> str:
    column: Literal["origin", "member"] = "member" if notice.kind == "notification" else "origin"
    return places.name(notice.market, lang, column)


def _by(notice: Notice, lang: Lang) -> str:
    """The agency in brackets, in its own words, where it is more than the place."""
    agency = notice.authority.strip()
    own = (places.name(notice.market, "en"), places.name(notice.market, "zh"))
    if not agency or notice.kind == "notification" or agency in own or len(agency) > 80:
        return ""
    return f"（{agency}）" if lang == "zh" else f" ({agency})"


def _quote(text: str, most: int) -> str:
    """The authority's own words in quotes, white space made one, cut with an ellipsis; never another word."""
    own = " ".join(text[: 4 * most].split())
    return f"“{own if len(own) <= most else own[: most - 1].rstrip() + '…'}”"


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name))


def _join(names: Sequence[str], lang: Lang) -> str:
    return ("、" if lang == "zh" else ", ").join(names)
