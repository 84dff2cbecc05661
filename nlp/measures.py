"""The measure ladder: how hard an act stops trade (FIELD.md): stated → mapped → found in the text → default of the kind.

What the text says is read from phrases in English, Chinese, Japanese and Arabic, hardest rung first: in what the
notice says it is about (title, products), else in its description. A phrase that is being lifted, withdrawn or
postponed is no measure: the act then informs. Action is not severity: under half of RASFF border rejections are serious.
"""

from __future__ import annotations

import re
from typing import Any

from nlp.assessment import Measure, MeasureOpinion
from nlp.document import Document
from nlp.meaning import Hit
from nlp.text import for_folded

#: What an act of a kind does where neither source nor text says more. A kind that is not here has no default.
DEFAULTS: dict[str, Measure] = {
    "recall": "recall",
    "border_rejection": "rejection",
    "refusal": "rejection",
    "violation": "rejection",
    "import_alert": "inspection",
    "inspection_order": "inspection",
    "standard": "standard",
}
#: An incident's kind is the measure; acts are read.
_FIXED = frozenset({"recall", "border_rejection", "refusal", "violation", "import_alert", "inspection_order"})

_IMPORT = r"(?:import(?:s|ation|ed|ing)?|entry|introduction|trade|marketing|sale|placing on the market)"
_STOP = r"(?:suspend|suspension|suspending|prohibit|prohibition|prohibiting|ban|bans|banned|banning|embargo|halt|forbid|restriction)"
_PATTERNS: tuple[tuple[Measure, re.Pattern[str]], ...] = (
    (
        "ban",
        for_folded(
            rf"\b{_STOP}(?:ed|s)?\b[^.;\x01]{{0,60}}\b{_IMPORT}\b|\b{_IMPORT}\b[^.;\x01]{{0,50}}\b(?:ban|prohibited|suspended|suspension|prohibition|banned|forbidden)\b"
            r"|\bprohibition (?:of|on)\b|\bban on\b|\bshall not be (?:imported|placed on the market|sold)\b|\bwithhold release order\b"
            r"|(?:禁止|暂停|停止|暂时禁止|中止)(?:从|自|对)?[^。；;\x01]{0,25}(?:进口|输入|入境|销售|上市|使用)|进口禁令|禁令|禁止进口|禁止使用|禁止销售|暂停进口"
            r"|輸入(?:禁止|停止)|使用を?禁止|販売を?禁止|製造等?の?禁止"
            r"|(?:حظر|منع|تعليق|وقف)\s(?:\S+\s){0,3}?(?:استيراد|دخول|تداول|الاستيراد)"
        ),
    ),
    (
        "inspection",
        for_folded(
            r"\b(?:inspection order|import alert|detention without physical examination|increased (?:frequency|controls|official controls|inspection)|"
            r"intensified (?:official )?(?:controls|checks)|reinforced checks|raised inspection|monitoring inspection|temporary increase of official controls|"
            r"pre-?shipment inspection|border (?:inspection|controls?)|batch[- ]by[- ]batch (?:inspection|testing))\b"
            r"|加强查验|加严查验|检查命令|命令检查|自动扣留|强化检查|逐批(?:检验|检查|查验)|加强(?:口岸)?(?:监管|检验|检查)|検査命令|モニタリング検査?の?強化|法定检验"
            r"|تشديد\s(?:الرقابه|الفحص)|زياده\s(?:الرقابه|الفحص)"
        ),
    ),
    (
        "conformity",
        for_folded(
            r"\b(?:conformity assessment|certificat(?:e|ion|es)\b(?! of analysis)|certify|type[- ]approval|homologation|accreditation|third[- ]party (?:testing|conformity)|"
            r"registration|pre-?market (?:approval|authori[sz]ation|notification)|authori[sz]ation procedure|licen[sc]ing|mandatory marking|ce marking|declaration of conformity|"
            r"product certificate|shipment certificate|saber|g-?mark|ecas|eqm|notified bod(?:y|ies)|import (?:licen[sc]e|permit|requirements?)|health certificate|veterinary certificate|phytosanitary certificate|equipment authorization)\b"
            r"|合格评定|认证|注册|备案|许可证|型式(?:批准|核准|认可)|检疫要求|卫生证书|检疫证书|准入|商品検査|適合性評価|認定|認証|型式指定|登録|届出"
            r"|شهاده\s(?:المطابقه|مطابقه|صحيه)|(?:تقييم|تقويم)\sالمطابقه|تسجيل|اعتماد|ترخيص"
        ),
    ),
    (
        "labelling",
        for_folded(
            r"\b(?:labell?ing|labels?|labelled|marking requirements?|country of origin mark|nutrition facts|warning statements?|instructions for use|energy label)\b"
            r"|标签|标识|标示|说明书|表示(?:基准|义务|方法)|品质表示|食品表示|ラベル|بطاقه|بطاقات|وسم|بيانات ايضاحيه"
        ),
    ),
    (
        "standard",
        for_folded(
            r"\b(?:maximum (?:residue )?(?:levels?|limits?)|mrls?|tolerances?|limits?|standards?|specifications?|requirements?|technical regulations?|test (?:procedures?|methods?)|"
            r"energy conservation|performance|safety rules?|ecodesign|criteria|restriction of)\b"
            r"|限量|标准|要求|规格|技术法规|规范|能效|测试程序|试验程序|基準"
            r"|لائحه فنيه|اللائحه الفنيه|مواصفه|مواصفات|اشتراطات|متطلبات|الحد الاقصى|الحدود القصوى"
        ),
    ),
)
_LIFTED = for_folded(
    r"\b(?:lift(?:s|ed|ing)?|revok(?:e|es|ed|ing)|revocation|rescind(?:s|ed|ing)?|rescission|remov(?:al|es?|ed|ing) (?:of )?(?:the )?(?:temporary )?(?:ban|suspension|restriction|prohibition)|"
    r"withdraw(?:n|s|al|ing)?|repeal(?:s|ed|ing)?|resum(?:e|es|ed|ption)|terminat(?:es?|ed|ion)|correct(?:ion|ing) amendment|delay of effective date)\b"
    r"|解除|撤销|取消|废止|恢复(?:进口|输入)|解禁|رفع\s(?:الحظر|حظر)|الغاء"
)

#: The ban itself need not be named where trade goes on again.
_RESUMED = for_folded(
    r"\bresum(?:e|es|ed|ing|ption)\b[^.;\x01]{0,30}\bimport|恢复[^。；;\x01]{0,8}(?:进口|输入)|輸入(?:の)?再開|استئناف\s(?:\S+\s)?استيراد"
)


def of(document: Document, stated: Hit | None, *, concerns_goods: bool) -> MeasureOpinion:
    """The measure of a notice. `concerns_goods`: whether an industry other than `other` was found - an act that says
    nothing and is about no goods (a radio frequency table, an air-quality plan) only informs."""
    if stated is not None:
        value: Any = stated.values[0]
        basis: Any = stated.basis
        return MeasureOpinion(value=value, basis=basis, evidence=tuple(stated.evidence.values())[:2])
    kind = document.notice.kind
    if kind in _FIXED:
        return MeasureOpinion(value=DEFAULTS[kind], basis="mapped")
    if kind == "news":
        return MeasureOpinion()
    for start, end in ((0, document.head), (document.head, len(document.text))):
        found = _first(document, start, end)
        if found is not None:
            return found
    if kind in DEFAULTS:
        return MeasureOpinion(value=DEFAULTS[kind], basis="mapped")
    if concerns_goods and kind in {"notification", "rule", "proposed_rule"}:
        return MeasureOpinion(value="standard", basis="mapped")
    return MeasureOpinion()


def _first(document: Document, start: int, end: int) -> MeasureOpinion | None:
    """The hardest rung that a stretch of the text names."""
    text = document.text
    resumed = _RESUMED.search(text, start, end)
    if resumed is not None:
        evidence = document.evidence(*resumed.span(), why="lifted")
        return MeasureOpinion(value="information", basis="extracted", evidence=(evidence,))
    for measure, pattern in _PATTERNS:
        match = pattern.search(text, start, end)
        if match is None:
            continue
        if measure in ("ban", "inspection"):
            around = text[max(0, match.start() - 60) : match.end() + 40]
            lifted = _LIFTED.search(around)
            if lifted:
                at = max(0, match.start() - 60) + lifted.start()
                return MeasureOpinion(
                    value="information",
                    basis="extracted",
                    evidence=(document.evidence(at, at + len(lifted[0]), why="lifted"),),
                )
        return MeasureOpinion(
            value=measure,
            basis="extracted",
            evidence=(document.evidence(match.start(), match.end(), why=f"measure:{measure}"),),
        )
    return None
