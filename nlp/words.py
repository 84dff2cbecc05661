"""The field's words for our own values, in Chinese and English: one table for titles, pages, bulletins and exports (FIELD.md)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import yaml

Lang = Literal["zh", "en"]
Pair = tuple[str, str]

#: value set → value → (zh, en).
WORDS: dict[str, dict[str, Pair]] = {
    "kind": {
        "notification": ("通报", "notification"),
        "proposed_rule": ("拟议法规", "proposed rule"),
        "rule": ("法规", "rule"),
        "standard": ("标准", "standard"),
        "consultation": ("公开征求意见", "consultation"),
        "recall": ("召回", "recall"),
        "border_rejection": ("拒绝入境通报", "border rejection"),
        "refusal": ("拒绝进口", "import refusal"),
        "import_alert": ("进口警示", "import alert"),
        "violation": ("违规通报", "violation"),
        "inspection_order": ("检查命令", "inspection order"),
        "news": ("综合资讯", "news"),
    },
    "stage": {
        "draft": ("草案", "draft"),
        "adopted": ("已通过", "adopted"),
        "published": ("已公布", "published"),
        "in_force": ("已生效", "in force"),
        "postponed": ("推迟", "postponed"),
        "withdrawn": ("撤销", "withdrawn"),
    },
    "milestone": {
        "comment_deadline": ("提意见截止日期", "final date for comments"),
        "adoption": ("拟批准日期", "proposed date of adoption"),
        "entry_into_force": ("拟生效日期", "entry into force"),
        "application": ("适用日期", "date of application"),
        "other": ("其他日期", "other date"),
    },
    "severity": {
        "high": ("高", "high"),
        "medium": ("中", "medium"),
        "low": ("低", "low"),
        "none": ("未判定/不适用", "none"),
    },
    "severity_basis": {
        "official": ("监管机构原文", "the regulator's own words"),
        "mapped": ("按对照表换算", "mapped from the regulator's categories"),
        "model": ("模型估计", "estimated by a model"),
        "none": ("无依据", "no basis"),
    },
    "measure": {
        "information": ("信息", "information"),
        "labelling": ("标签/文件要求", "labelling or documentation"),
        "standard": ("标准或限量", "standard or limit"),
        "conformity": ("合格评定/注册/认证", "conformity assessment, registration, certification"),
        "inspection": ("加强查验/检查命令/自动扣留", "raised inspection, inspection order, import alert, detention"),
        "recall": ("召回/撤出市场", "recall or withdrawal"),
        "rejection": ("拒绝入境/拒绝进口", "border rejection or refusal"),
        "ban": ("禁止", "ban"),
    },
    "reach": {
        "names_china": ("涉华", "names China"),
        "all_origins": ("针对所有来源", "all origins"),
        "other_origins": ("仅针对其他国家（地区）", "other origins only"),
    },
    "level": {
        "red": ("红色", "red"),
        "yellow": ("黄色", "yellow"),
        "green": ("一般关注", "general attention"),
    },
    "method": {
        "stated": ("官方载明", "stated"),
        "extracted": ("原文编码", "extracted from the text"),
        "mapped": ("类别对照", "mapped from the category"),
        "model": ("模型预测", "predicted by the model"),
        "retrieved": ("检索预测", "predicted by retrieval"),
        "inherited": ("沿用原通报", "inherited from the parent"),
    },
    "match": {
        "direct": ("直接相关", "direct"),
        "broad": ("范围相关", "broad"),
        "possible": ("可能相关", "possible"),
    },
    "industry": {
        "nev_battery": ("新能源汽车与动力电池", "new-energy vehicles and batteries"),
        "optoelectronics": ("光电子信息", "optoelectronics"),
        "health": ("大健康", "medicine and health"),
        "agri_food": ("农产品食品", "food and farm produce"),
        "vehicles": ("汽车、摩托车及零部件", "vehicles and parts"),
        "machinery": ("机械", "machinery"),
        "appliances_electrical": ("家电与电气", "appliances and electrical goods"),
        "textiles_apparel": ("纺织服装", "textiles and apparel"),
        "toys_children": ("玩具与儿童用品", "toys and children's goods"),
        "chemicals": ("化工", "chemicals"),
        "materials_construction": ("材料与建材", "materials and construction"),
        "other": ("其他", "other"),
    },
    "review": {
        "no_product": ("未能确定产品", "no product could be determined"),
        "low_margin": ("判别差距小", "small margin"),
        "conflict": ("编码与文本不一致", "code and text disagree"),
        "new_source": ("新来源", "new source"),
        "unmapped": ("类别尚无对照", "category not mapped yet"),
        "drift": ("来源分布变化", "the source has drifted"),
        "random": ("随机抽查", "random sample"),
        "facts_changed": ("事实已变更", "the facts have changed"),
    },
    "status": {
        "new": ("新", "new"),
        "reviewed": ("已审核", "reviewed"),
        "returned": ("退回复核", "returned for review"),
        "published": ("已发布", "published"),
        "dismissed": ("不采用", "dismissed"),
    },
    "health": {
        "ok": ("正常", "ok"),
        "late": ("延迟", "late"),
        "down": ("中断", "down"),
        "never": ("尚未采集", "never crawled"),
    },
}


@cache
def hazards() -> dict[str, dict[str, str]]:
    """The hazard taxonomy: id → zh, en, kind (and Safety Gate's word)."""
    table: dict[str, dict[str, str]] = yaml.safe_load(
        Path(__file__).with_name("hazards.yml").read_text(encoding="utf-8")
    )
    return table


def word(values: str, value: str | None, lang: Lang = "zh") -> str:
    """The word for `value` of the set `values` ('kind', 'severity', 'hazard', …). An unknown value stands as it is."""
    if not value:
        return ""
    if values == "hazard":
        entry = hazards().get(value)
        return entry[lang] if entry else value
    pair = WORDS[values].get(value)
    return pair[0 if lang == "zh" else 1] if pair else value
