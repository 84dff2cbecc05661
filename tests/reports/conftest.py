"""Alerts made by hand for the bulletin: a week in November 2026, with every case that section rules speak of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from crawlers.notice import HsCode, Milestone, Notice, Provenance
from index.alert import Alert, Overlay
from nlp.assessment import (
    Assessment,
    HazardOpinion,
    IndustryOpinion,
    MeasureOpinion,
    Model,
    Product,
    ReachOpinion,
    SeverityOpinion,
)
from nlp.level import time_line
from reports.edition import Edition, SourceState
from reports.period import week
from reports.subscription import Subscription
from reports.words import Words

MODEL = Model(name="test", version="1", taxonomy="1")
TERMS = {
    "wto_eping_bulk": "World Trade Organization, ePing",
    "eu_safety_gate": "© European Union, Safety Gate",
    "eu_rasff": "© European Union, RASFF",
    "us_cpsc": "U.S. Consumer Product Safety Commission",
    "us_federal_register": "Office of the Federal Register",
    "jp_mhlw_violations": "厚生労働省（加工して作成）",
}


def build(
    ident: str = "wto:G/TBT/N/USA/1",
    *,
    market: str = "US",
    kind: str = "notification",
    published: str = "2026-11-10",
    title: str = "Draft on lithium-ion batteries",
    products: Any = (),
    industries: Any = (),
    hazards: tuple[str, ...] = (),
    severity: str = "none",
    measure: str | None = None,
    reach: str | None = None,
    milestones: tuple[dict[str, Any], ...] = (),
    event: str = "",
    status: str = "new",
    version: int = 1,
    **facts: Any,
) -> Alert:
    """One alert. `products` are (hs, method) or Product; `industries` (industry, method); levels by the real rule."""
    register = ident.partition(":")[0]
    source = facts.pop("source", {"wto": "wto_eping_bulk"}.get(register, register))
    opinion = {key: facts.pop(key) for key in ("title_zh", "title_zh_method", "brief_zh", "brief_en") if key in facts}
    goods = tuple(one if isinstance(one, Product) else Product(hs=one[0], method=one[1]) for one in products)
    notice = Notice(
        id=ident,
        source=source,
        market=market,
        kind=kind,
        authority=facts.pop("authority", {"wto": "WTO"}.get(register, register.replace("_", " ").upper())),
        symbol=facts.pop("symbol", ident.partition(":")[2] if register == "wto" else ""),
        title=title,
        published=dt.date.fromisoformat(published),
        milestones=tuple(Milestone(**one) for one in milestones),
        hs_codes=tuple(HsCode(code=one.hs) for one in goods if one.method == "stated"),
        url=facts.pop("url", f"https://example.org/{ident.partition(':')[2]}"),
        provenance=Provenance(
            url="https://example.org/raw",
            fetched_at=dt.datetime(2026, 11, 16, 5, tzinfo=dt.UTC),
            body_sha256="0" * 64,
            source_version="1",
            attribution=TERMS.get(source, ""),
        ),
        **facts,
    )
    fields = {
        "severity": SeverityOpinion(value=severity, basis="mapped" if severity != "none" else "none"),
        "measure": MeasureOpinion(value=measure, basis="mapped") if measure else MeasureOpinion(),
        "reach": ReachOpinion(value=reach),
        "industries": tuple(IndustryOpinion(industry=name, method=method) for name, method in industries),
    }
    assessment = Assessment(
        notice_id=notice.id,
        notice_hash=notice.hash,
        products=goods,
        hazards=tuple(HazardOpinion(hazard=name, method="mapped") for name in hazards),
        levels=time_line(notice, **fields),
        model=MODEL,
        **fields,
        **opinion,
    )
    return Alert(
        notice=notice, assessment=assessment, event=event or notice.id, version=version, overlay=Overlay(status=status)
    )


@pytest.fixture(scope="session")
def make() -> Callable[..., Alert]:
    return build


def deadline(day: str, replaces: str | None = None) -> dict[str, Any]:
    return {"kind": "comment_deadline", "date": day, "replaces": replaces}


GULF = {"SA": "SAU", "AE": "ARE", "KW": "KWT", "QA": "QAT", "BH": "BHR", "OM": "OMN", "YE": "YEM"}


def a_week() -> list[Alert]:
    """2026-W46, what came before it, and the same week a year earlier."""
    gulf = tuple(f"G/TBT/N/{code}/{600 + n}" for n, code in enumerate(GULF.values()))
    return [
        build(
            "wto:G/TBT/N/EU/1201",
            market="EU",
            title="Draft Commission Regulation on performance and durability of portable lithium-ion batteries",
            title_zh="欧盟便携式锂离子电池性能与耐久性法规草案：新增循环寿命与标签要求",
            title_zh_method="composed",
            brief_zh="拟对便携式锂离子电池规定循环寿命和标签要求，意见提至2027年1月11日。",
            brief_en="Would set cycle life and labelling for portable lithium-ion batteries; comments until 11 January 2027.",
            document_type="Regular notification",
            products=[("850760", "stated"), Product(hs="8507", method="stated", partial=True)],
            industries=[("nev_battery", "mapped")],
            measure="standard",
            reach="all_origins",
            milestones=(
                deadline("2027-01-11"),
                {"kind": "adoption", "date": "2027-06-30"},
                {"kind": "entry_into_force", "text": "20 days after publication"},
            ),
        ),
        build(
            "wto:G/SPS/N/USA/3501/Add.1",
            title="Chlorpyrifos; Tolerances in tea; extension of the comment period",
            title_zh="美国延长茶叶中毒死蜱限量草案评议期",
            title_zh_method="machine",
            document_type="Addendum to Regular Notification",
            parent_symbol="G/SPS/N/USA/3501",
            event="wto:G/SPS/N/USA/3501",
            products=[("0902", "stated")],
            industries=[("agri_food", "mapped")],
            hazards=("pesticide_residue",),
            measure="standard",
            reach="all_origins",
            milestones=(deadline("2026-12-10", replaces="2026-11-20"),),
        ),
        build(
            "wto:G/SPS/N/USA/3501",
            published="2026-09-21",
            title="Chlorpyrifos; Tolerances in tea",
            document_type="Regular notification",
            event="wto:G/SPS/N/USA/3501",
            products=[("0902", "stated")],
            industries=[("agri_food", "mapped")],
            hazards=("pesticide_residue",),
            measure="standard",
            milestones=(deadline("2026-11-20"),),
        ),
        *[
            build(
                f"wto:{symbol}",
                market=state,
                title="Draft Gulf technical regulation on energy labels of electric ovens",
                title_zh="海湾电烤箱能效标签技术法规草案",
                title_zh_method="composed",
                document_type="Regular notification",
                joint_symbols=gulf,
                products=[("851660", "stated")],
                industries=[("appliances_electrical", "mapped")],
                hazards=("energy_performance",),
                measure="labelling",
                reach="all_origins",
                milestones=(deadline("2027-01-08"),),
            )
            for (state, _), symbol in zip(GULF.items(), gulf, strict=True)
        ],
        build(
            "wto:G/TBT/N/JPN/901",
            market="JP",
            published="2026-11-12",
            title="Partial amendment of the technical standards for power conversion equipment",
            document_type="Regular notification",
            products=[Product(hs="850440", method="retrieved", probability=0.71)],
            industries=[("nev_battery", "model")],
            milestones=(deadline("2027-01-12"),),
        ),
        build(
            "wto:G/SPS/N/TPKM/700",
            market="TW",
            title="Amendment of quarantine requirements for <plants> & seeds",
            document_type="Regular notification",
            products=[("0602", "stated")],
            industries=[("agri_food", "mapped")],
            hazards=("plant_pest",),
            milestones=(deadline("2027-01-10"),),
        ),
        build(
            "wto:G/SPS/N/THA/900",
            market="TH",
            title="Temporary suspension of importation of poultry carcasses from France",
            document_type="Emergency notification (SPS)",
            products=[("0207", "stated")],
            industries=[("agri_food", "mapped")],
            hazards=("animal_disease",),
            measure="ban",
            reach="other_origins",
        ),
        build(
            "us_federal_register:2026-24001",
            kind="rule",
            title="Certification of connected vehicle hardware",
            title_zh="美国网联汽车硬件合格声明最终规则",
            title_zh_method="analyst",
            document_type="Rule",
            symbol="15 CFR 791",
            products=[("8708", "stated"), ("851762", "extracted")],
            industries=[("nev_battery", "mapped"), ("optoelectronics", "mapped")],
            hazards=("cybersecurity",),
            measure="conformity",
            reach="names_china",
            stage="adopted",
            milestones=({"kind": "application", "date": "2027-03-01"},),
        ),
        build(
            "us_federal_register:2026-24050",
            kind="proposed_rule",
            title="Energy conservation standards for battery chargers",
            document_type="Proposed Rule",
            symbol="10 CFR 430",
            products=[("850440", "extracted")],
            industries=[("nev_battery", "mapped")],
            hazards=("energy_performance",),
            measure="standard",
            reach="all_origins",
            stage="draft",
            milestones=(deadline("2026-11-27"),),
        ),
        build(
            "eu_safety_gate:30001",
            market="EU",
            kind="recall",
            published="2026-11-13",
            title="Power bank – ACME PB-20",
            title_zh="移动电源（ACME PB-20）召回",
            title_zh_method="composed",
            symbol="SR/04111/26",
            event="eu_safety_gate:30001",
            origins=("CN",),
            products=[("850760", "mapped")],
            industries=[("nev_battery", "mapped")],
            hazards=("fire", "burns"),
            severity="high",
            measure="recall",
            reach="names_china",
            stated={
                "riskType": ("Fire", "Burns"),
                "level": "Serious risk",
                "notifyingCountry": "Germany",
                "measures": "Recall of the product from end users",
            },
        ),
        build(
            "us_cpsc:10900",
            kind="recall",
            published="2026-11-12",
            title="ACME Recalls PB-20 Power Banks Due to Fire Hazard",
            symbol="27-044",
            event="eu_safety_gate:30001",
            origins=("CN",),
            products=[("850760", "mapped")],
            industries=[("nev_battery", "mapped")],
            hazards=("fire",),
            severity="medium",
            measure="recall",
            reach="names_china",
        ),
        build(
            "us_cpsc:10901",
            kind="recall",
            title="Hankook Cell recalls home battery modules due to fire hazard",
            symbol="27-045",
            origins=("KR",),
            products=[("850760", "mapped")],
            industries=[("nev_battery", "mapped")],
            hazards=("fire",),
            severity="medium",
            measure="recall",
            reach="other_origins",
        ),
        build(
            "us_cpsc:10902",
            kind="recall",
            title="Prairie Mills recalls wooden high chairs due to fall hazard",
            symbol="27-046",
            origins=("US",),
            products=[("9401", "mapped")],
            industries=[("toys_children", "mapped")],
            hazards=("fall",),
            severity="medium",
            measure="recall",
            reach="other_origins",
        ),
        build(
            "eu_rasff:2026.9001",
            market="EU",
            kind="border_rejection",
            title="chloramphenicol in honey from China",
            symbol="2026.9001",
            origins=("CN",),
            products=[("0409", "mapped")],
            industries=[("agri_food", "mapped")],
            hazards=("veterinary_drug",),
            severity="high",
            measure="rejection",
            reach="names_china",
            stated={
                "PRODUCT_CATEGORY_DESC": "honey and royal jelly",
                "HAZARD_CATEGORY_NAME": "chloramphenicol - {residues of veterinary medicinal products}",
                "NOTIFICATION_CLASSIFICAT_DESC": "border rejection notification",
                "RISK_DECISION_DESC": "serious",
                "NOTIFYNG_COUNTRY_DESC": "Belgium",
            },
        ),
        build(
            "jp_mhlw_violations:2026-11-7",
            market="JP",
            kind="violation",
            title="冷凍ほうれんそう",
            language="ja",
            title_zh="冷冻菠菜：农药残留超标",
            title_zh_method="composed",
            origins=("CN",),
            products=[("0710", "mapped")],
            industries=[("agri_food", "mapped")],
            hazards=("pesticide_residue",),
            severity="medium",
            measure="rejection",
            reach="names_china",
            stated={
                "ITEM": "冷凍ほうれんそう",
                "ARTICLE": "第13条第3項",
                "DISPOSAL OF THE CARGO": "廃棄、積戻し等を指示",
            },
        ),
        # what came before: an open draft whose internal collection date is near, the week before, a year before
        build(
            "wto:G/TBT/N/GBR/90",
            market="GB",
            published="2026-10-05",
            title="Draft regulation on lithium-ion batteries of light vehicles",
            document_type="Regular notification",
            products=[("850760", "stated")],
            industries=[("nev_battery", "mapped")],
            milestones=(deadline("2026-12-04"),),
        ),
        build("wto:G/TBT/N/USA/2001", published="2026-11-03", document_type="Regular notification"),
        build(
            "eu_safety_gate:29001",
            market="EU",
            kind="recall",
            published="2026-11-06",
            title="LED chain",
            origins=("CN",),
            hazards=("electric_shock",),
            severity="medium",
            measure="recall",
            reach="names_china",
        ),
        build("wto:G/TBT/N/USA/1700", published="2025-11-12", document_type="Regular notification"),
        build("wto:G/SPS/N/JPN/1300", market="JP", published="2025-11-13", document_type="Regular notification"),
    ]


BATTERY = {
    "id": "optics-valley-battery",
    "name": "光谷电池有限公司",
    "email": "trade@example.com",
    "markets": ["欧洲", "美国", "日本"],
    "hs": ["8507.60.00.90", "8504.40"],
    "industries": ["nev_battery"],
    "keywords": ["充电宝"],
}


@pytest.fixture(scope="session")
def constructed() -> Callable[[], list[Alert]]:
    return a_week


@pytest.fixture
def the_week() -> list[Alert]:
    return a_week()


@pytest.fixture
def battery() -> Subscription:
    return Subscription.model_validate(BATTERY)


@pytest.fixture
def arguments() -> dict[str, Any]:
    """What `compose` is called with, beside alerts and subscription."""
    at = dt.datetime(2026, 11, 16, 6, tzinfo=dt.UTC)
    return {
        "period": week("2026-W46"),
        "as_of": dt.date(2026, 11, 16),
        "cut_off": at,
        "edition": Edition(
            city=Words("江城", "River City"),
            publisher=Words("江城技贸预警", "River City trade watch"),
            enquiry_point=Words("国家通报咨询中心", "national enquiry centre"),
            enquiry_point_checked="2026-11-02",
            contact="desk@example.com",
        ),
        "sources": [
            SourceState(
                "wto_eping_bulk", Words("WTO通报", "WTO notifications"), "ok", at, url="https://eping.wto.org/"
            ),
            SourceState("eu_safety_gate", Words("欧盟Safety Gate", "EU Safety Gate"), "ok", at),
            SourceState(
                "us_fsis",
                Words("美国FSIS", "US FSIS"),
                "down",
                dt.datetime(2026, 11, 9, 6, tzinfo=dt.UTC),
                "HTTP 403, 3 runs",
            ),
        ],
    }
