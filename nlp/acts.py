"""What an authority does, in the words of a title and a brief: one template per kind of act.

A kind is coarse (`recall` holds all that is done against goods on the market); the words are those the notice's own
fields support: a withdrawal from shelves is not called a recall, an alert of RASFF is an alert, an addendum says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from crawlers.notice import INCIDENT_KINDS, Notice
from nlp import level
from nlp.words import word


@dataclass(frozen=True, slots=True)
class Act:
    """`title`: {who}, {goods}; `told`: the predicate of a brief; `noun`: the English one's subject."""

    title: str
    told: str
    noun: str


_KINDS: dict[str, Act] = {
    "notification": Act("{who}通报：{goods}", "发布通报", "notification"),
    "proposed_rule": Act("{who}拟议法规：{goods}", "发布拟议法规", "proposed rule"),
    "rule": Act("{who}发布法规：{goods}", "发布法规", "rule"),
    "standard": Act("{who}发布标准：{goods}", "发布标准", "standard"),
    "consultation": Act("{who}公开征求意见：{goods}", "公开征求意见", "consultation"),
    "recall": Act("{who}召回{goods}", "通报召回", "recall"),
    "border_rejection": Act("{who}拒绝{goods}入境", "通报拒绝入境", "border rejection"),
    "refusal": Act("{who}拒绝{goods}进口", "拒绝进口", "import refusal"),
    "import_alert": Act("{who}进口警示：{goods}", "发布进口警示", "import alert"),
    "violation": Act("{who}通报{goods}违规", "通报违规", "violation"),
    "inspection_order": Act("{who}检查命令：{goods}", "发布检查命令", "inspection order"),
    "news": Act("{who}资讯：{goods}", "发布资讯", "news"),
}
#: A document's own type, where it says more than the kind (in small letters).
_TYPES: dict[str, Act] = {
    "alert notification": Act("{who}预警通报：{goods}", "发布预警通报", "alert notification"),
    "information notification for attention": Act(
        "{who}注意信息通报：{goods}", "发布注意信息通报", "information notification for attention"
    ),
    "information notification for follow-up": Act(
        "{who}后续信息通报：{goods}", "发布后续信息通报", "information notification for follow-up"
    ),
    "public health alert": Act("{who}公共卫生警示：{goods}", "发布公共卫生警示", "public health alert"),
    "withhold release order": Act("{who}暂扣令：{goods}", "发布暂扣令", "withhold release order"),
    "covered list entry": Act("{who}列入受管制清单：{goods}", "列入受管制清单", "entry of the Covered List"),
    "candidate list": Act(
        "{who}列入REACH高度关注物质清单：{goods}", "列入REACH候选清单", "entry of the REACH candidate list"
    ),
}
#: What is done against goods on the market where it is no recall, by the authority's own words for its measures.
_MARKET: tuple[tuple[re.Pattern[str], Act], ...] = (
    (re.compile(r"recall|geri çağ"), _KINDS["recall"]),
    (
        re.compile(r"withdr[ae]w|remov|toplat"),
        Act("{who}通报{goods}下架", "通报下架", "withdrawal from the market"),
    ),
    (
        re.compile(r"\bban\b|ban-|prohibit|stop|yasak"),
        Act("{who}通报禁售{goods}", "通报禁止销售", "marketing ban"),
    ),
)
_NOTIFIED = Act("{who}通报问题产品：{goods}", "通报问题产品", "notification of a product")
_CAUTION = Act("{who}安全提示：{goods}", "发布安全提示", "safety notice")
_CAUTIONS = re.compile(r"注意喚起\s*\Z")
#: The fields in which registers name their measures; where one of them stands, it decides.
_MEASURES = ("measures", "product_measure_type", "ALINAN ÖNLEM")
#: The rest of a WTO symbol, or the document's type, says what a notification is to an earlier one.
_LATER: tuple[tuple[str, str, str, str], ...] = (
    ("/corr.", "corrigendum", "勘误", "corrigendum"),
    ("/add.", "addendum", "补遗", "addendum"),
    ("/suppl.", "supplement", "增补", "supplement"),
    ("/rev.", "revision", "修订", "revision"),
)


def is_incident(notice: Notice) -> bool:
    """Whether it is told as goods and their hazard (not as a measure and what it asks)."""
    return notice.kind in INCIDENT_KINDS or notice.kind == "import_alert"


def of(notice: Notice) -> Act:
    """What a notice is told as."""
    if notice.kind == "notification":
        return _notification(notice)
    special = _TYPES.get(notice.document_type.strip().lower())
    if special is not None:
        return special
    if notice.kind == "recall":
        return _on_the_market(notice)
    plain = _KINDS[notice.kind]
    if notice.withdrawn or notice.stage == "withdrawn":
        if notice.kind == "proposed_rule":
            return Act("{who}撤回拟议法规：{goods}", "撤回拟议法规", "withdrawal of a proposed rule")
        what = word("kind", notice.kind, "zh")
        return Act(f"{{who}}撤销{what}：{{goods}}", f"撤销{what}", f"withdrawal: {plain.noun}")
    if notice.stage == "postponed" and notice.kind == "rule":
        return Act("{who}推迟法规适用：{goods}", "推迟法规适用", "postponement of a rule")
    return plain


def _notification(notice: Notice) -> Act:
    if notice.withdrawn or notice.stage == "withdrawn":
        return Act("{who}撤销通报：{goods}", "撤销通报", "withdrawal of a notification")
    kind, symbol = notice.document_type.lower(), notice.symbol.lower()
    tail = symbol[symbol.rfind("/") :]
    for mark, name, zh, en in _LATER:
        if tail.startswith(mark) or (name in kind and not tail.startswith(("/add", "/corr", "/rev", "/suppl"))):
            return Act(f"{{who}}通报{zh}：{{goods}}", f"发布通报{zh}", f"{en} to a notification")
    if kind.startswith("emergency"):
        return Act("{who}紧急通报：{goods}", "发布紧急通报", "emergency notification")
    if level.is_draft(notice) and level.comment_deadline(notice) is not None:  # final rules are notified too
        return Act("{who}通报草案：{goods}", "通报草案", "notification of a draft")
    return _KINDS["notification"]


def _on_the_market(notice: Notice) -> Act:
    stated = [notice.stated[name] for name in _MEASURES if name in notice.stated]
    if not stated and notice.register_name not in _WITH_MEASURES:
        return _CAUTION if _CAUTIONS.search(notice.title) else _KINDS["recall"]
    words = " ".join(value if isinstance(value, str) else " ".join(value) for value in stated).replace("İ", "i").lower()
    return next((act for pattern, act in _MARKET if pattern.search(words)), _NOTIFIED)


#: Registers that hold more than recalls and say which: without their field nothing is known of the measure.
_WITH_MEASURES = frozenset({"eu_safety_gate"})
