"""Whom an act touches: 涉华 `names_china` · 针对所有来源 `all_origins` · 仅针对其他国家(地区) `other_origins` (FIELD.md).

From the origins of the goods (incidents), the countries named as affected, and the text: a ban after an animal disease
names its origins ("poultry from Brazil", 来自巴西的, ブラジル産) while the field "countries affected" is often empty.
China is CN alone: goods of Hong Kong, Macao and Taiwan have codes of their own and are counted apart (不含港澳台).
"""

from __future__ import annotations

import functools
import re
from typing import Any

from crawlers import places
from crawlers.notice import INCIDENT_KINDS
from nlp.assessment import Evidence, MeasureOpinion, ReachOpinion
from nlp.document import Document
from nlp.meaning import Hit
from nlp.text import fold, for_folded

_CHINA = for_folded(
    r"\b(?:from|in|of|by|exported by|against|to)\s(?:the\s)?(?:people'?s\srepublic\sof\s|p\.?\s?r\.?\s?(?:of\s)?|mainland\s)?china\b(?!\s?sea|\s?[,(]?\s?(?:taipei|(?:hong kong|macao|macau|taiwan) (?:sar|special|province)))"
    r"|\bchinese[- ](?:origin|made|manufactured|exporters?|producers?|manufacturers?|products?|goods|imports?|suppliers?|companies|entities|connected vehicles?)\b|\bmade in (?:p\.?r\.?c|china)\b"
    r"|\bpeople'?s republic of china\b|\buyghur\b|\bxinjiang\b"
    r"|(?:来自|自|从|原产于?|产自|产地[:：为]?|输自|针对|对)(?:中国|中华人民共和国)(?!台湾|香港|澳门|台北)(?!.{0,6}(?:通报|成员))"
    r"|(?:中国|中华人民共和国)(?:大陆)?(?:产|制造|生产|输|出口|原产|企业|籍|から|[産制製])"
    r"|(?:من|في|منشا)\s(?:جمهوريه\s)?(?:ال)?صين\b|الصيني[هن]?\b|صينيه?\sالمنشا"
)
#: Words that make a country's name an origin.
_BEFORE = r"(?:(?:from|originating in|originated in|produced in|manufactured in|exported from|imported from|origin(?:ating)?:?|outbreaks? (?:of [^.;\x01]{0,60})?in|detected in|occurrence (?:of [^.;\x01]{0,60})?in)\s(?:the\s)?(?:state of\s|republic of\s|certain (?:areas|regions|parts) of\s)?)"
_ALL = for_folded(
    r"\ball (?:trading partners|countries|origins|imported|exporting countries|third countries|wto members)\b|\ball countries exporting\b"
    r"|所有(?:来源|贸易伙伴|国家|原产地|出口国)|全部贸易伙伴|全ての国|すべての国|جميع (?:الدول|البلدان|الشركاء)"
)
_CJK = re.compile("[\u3040-\u9fff]")
#: Acts that bind goods whatever their origin, unless they name origins.
_GENERAL = frozenset({"notification", "proposed_rule", "rule", "standard", "consultation", "inspection_order"})


@functools.cache
def _names() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], dict[str, str]]:
    """Patterns of other countries' names behind (or, in Chinese and Japanese, around) words of origin; name → code."""
    table: dict[str, str] = {}
    for place in places.table().values():
        if place.code in {"CN", "EU", "GCC"}:
            continue
        for spelling in place.spellings:
            folded = fold(spelling).text.strip()
            if len(folded) > 3 or (_CJK.search(folded) and len(folded) > 1):
                table.setdefault(folded, place.code)
    latin = sorted((n for n in table if n.isascii()), key=len, reverse=True)
    cjk = sorted((n for n in table if _CJK.search(n)), key=len, reverse=True)
    arabic = sorted((n for n in table if re.search("[\u0620-\u064a]", n)), key=len, reverse=True)
    return (
        re.compile(rf"\b{_BEFORE}(?P<name>{'|'.join(map(re.escape, latin))})\b"),
        re.compile(
            rf"(?:来自|自|从|原产于?|产自|输自|针对|对)(?P<a>{'|'.join(map(re.escape, cjk))})"
            rf"|(?P<b>{'|'.join(map(re.escape, cjk))})(?:产|[産]|から|における|で(?:の)?発生|发生|境内|暴发|爆发|[^，。\x01]{{0,12}}(?:发生|暴发|爆发))"
        ),
        re.compile(rf"(?:من|في|منشا)\s(?:جمهوريه\s)?(?P<name>{'|'.join(map(re.escape, arabic)) or '(?!)'})"),
        table,
    )


def of(document: Document, stated: Hit | None, measure: MeasureOpinion) -> ReachOpinion:
    """The reach of a notice; value None where nothing says."""
    notice = document.notice
    if stated is not None:
        value: Any = stated.values[0]
        return ReachOpinion(value=value, evidence=tuple(stated.evidence.values())[:2])
    for name in ("origins", "affected"):
        codes: tuple[str, ...] = getattr(notice, name)
        if codes:
            value = "names_china" if "CN" in codes else "other_origins"
            field: Any = "origins" if name == "origins" else "stated"
            return ReachOpinion(
                value=value, evidence=(Evidence(field=field, text=", ".join(codes)[:200], why=f"{name}"),)
            )
    text = document.text
    china = _CHINA.search(text) if _MENTIONS.search(text) else None
    if china is not None:
        return ReachOpinion(value="names_china", evidence=(document.evidence(*china.span(), why="China"),))
    if notice.kind in INCIDENT_KINDS or notice.kind in {"import_alert", "news"}:
        return ReachOpinion()
    everyone = _ALL.search(text)
    if everyone is not None:
        return ReachOpinion(value="all_origins", evidence=(document.evidence(*everyone.span(), why="all origins"),))
    if measure.value == "ban" or _DISEASE.search(text):
        other = _other(document)
        if other is not None:
            return other
    if notice.kind in _GENERAL and measure.value != "information":
        return ReachOpinion(
            value="all_origins", evidence=(Evidence(field="kind", text=notice.kind, why="no origin named"),)
        )
    return ReachOpinion()


_MENTIONS = for_folded("china|chinese|中国|中华|صين|uyghur|xinjiang|prc")
_DISEASE = for_folded(
    r"\b(?:avian influenza|foot[- ]and[- ]mouth|newcastle disease|swine fever|bluetongue|lumpy skin|bovine spongiform|sheep pox|anthrax|glanders|african horse sickness)\b"
    r"|禽流感|口蹄疫|新城疫|猪瘟|疯牛病|蓝舌病|结节性皮肤病|疫情|[鸟鳥]いんふるえんざ|انفلونزا الطيور|الحمي القلاعيه"
)


def _other(document: Document) -> ReachOpinion | None:
    latin, cjk, arabic, table = _names()
    text = document.text
    hits = [m for m in (latin.search(text), arabic.search(text)) if m is not None]
    if _CJK.search(text):
        match = cjk.search(text)
        hits += [match] if match is not None else []
    if not hits:
        return None
    first = min(hits, key=lambda m: m.start())
    name = next(group for group in first.groupdict().values() if group)
    return ReachOpinion(value="other_origins", evidence=(document.evidence(*first.span(), why=table[name]),))
