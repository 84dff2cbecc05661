"""A small index for the portal's tests: every case the pages speak of, loaded as `index` loads lines, with no model."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from crawlers.notice import Document, Milestone, Notice, Provenance
from nlp.assessment import (
    Assessment,
    Evidence,
    HazardOpinion,
    IndustryOpinion,
    MeasureOpinion,
    Model,
    Product,
    ReachOpinion,
    SeverityOpinion,
)
from nlp.level import time_line
from tradewarn.portal.app import create
from tradewarn.settings import Settings
from tradewarn.workshop import Workshop

AS_OF = dt.datetime(2026, 11, 16, 6, tzinfo=dt.UTC)
HOSTILE = """<script>alert(1)</script> "><img src=x onerror=alert(2)> {{ 7*7 }} & 'quoted'""" + " " + "Schifffahrt" * 12
Line = tuple[int, Notice, Assessment]


def line(ident: str, **given: Any) -> Line:
    """One line of an assessments file; levels by the real rule. Evidence is found by its words in its field."""
    opinion: dict[str, Any] = {
        "products": (),
        "hazards": (),
        "industries": given.pop("industries", ()),
        "severity": given.pop("severity", SeverityOpinion()),
        "measure": given.pop("measure", MeasureOpinion()),
        "reach": given.pop("reach", ReachOpinion()),
    }
    for name in ("products", "hazards", "regulations", "title_zh", "brief_zh", "brief_en"):
        if name in given:
            opinion[name] = given.pop(name)
    facts: dict[str, Any] = {
        "market": "US",
        "kind": "notification",
        "authority": "WTO",
        "title": ident,
        "published": dt.date(2026, 11, 10),
        "url": f"https://example.org/{ident}",
        "language": "en",
    }
    facts.update(given)
    notice = Notice(
        id=ident,
        source=facts.pop("source", "wto_eping_bulk"),
        symbol=facts.pop("symbol", ident.partition(":")[2]),
        provenance=Provenance(
            url="https://example.org/raw", fetched_at=AS_OF, body_sha256="0" * 64, source_version="1", attribution="WTO"
        ),
        **facts,
    )
    levels = time_line(notice, **{k: opinion[k] for k in ("severity", "measure", "reach", "industries")})
    return (
        1,
        notice,
        Assessment(
            notice_id=notice.id,
            notice_hash=notice.hash,
            levels=levels,
            title_zh_method="composed" if opinion.get("title_zh") else None,
            model=Model(name="test", version="1", taxonomy="1"),
            **opinion,
        ),
    )


def a_week() -> list[Line]:
    """A draft with its addendum, a red recall, a violation in Japanese, a hostile one, and enough others for two pages."""
    battery = "Draft rules for lithium-ion batteries of light vehicles"
    summary = "The draft asks makers of lithium-ion cells to test every cell against overcharge and fire before sale."
    draft: dict[str, Any] = {
        "market": "EU",
        "title": battery,
        "stage": "draft",
        "industries": (IndustryOpinion(industry="nev_battery", method="mapped"),),
        "measure": MeasureOpinion(value="conformity", basis="mapped"),
        "reach": ReachOpinion(value="all_origins", evidence=(Evidence(field="kind", text="notification"),)),
    }
    return [
        line(
            "wto:G/TBT/N/EU/1201",
            **draft,
            summary=summary,
            title_zh="欧盟通报草案：锂电池 火灾合格评定要求（2026-11-10发布，评议截止2026-11-24）",
            brief_zh="2026-11-10，欧盟发布通报（G/TBT/N/EU/1201）。涉及产品：锂电池（HS 850760）。要求：火灾合格评定要求。原题：“x”",
            brief_en="2026-11-10: notification by European Union. Products: lithium battery (HS 850760). Original title: “x”",
            products=(
                Product(hs="850760", method="stated", evidence=(Evidence(field="hs_codes", text="850760"),)),
                Product(hs="8506", method="retrieved", probability=0.41),
            ),
            hazards=(
                HazardOpinion(
                    hazard="fire",
                    method="extracted",
                    evidence=(Evidence(field="summary", start=summary.index("fire"), end=summary.index("fire") + 4, text="fire"),),
                ),
            ),
            regulations=("eu_batteries",),
            milestones=(
                Milestone(kind="comment_deadline", date=dt.date(2026, 11, 24), replaces=dt.date(2026, 11, 20)),
                Milestone(kind="application", date=dt.date(2027, 6, 1)),
                Milestone(kind="entry_into_force", text="20 days from publication in the Official Journal of the Union"),
            ),
            documents=(Document(url="javascript:alert(3)", title="a trap"), Document(url="https://example.org/a.pdf")),
        ),
        line(
            "wto:G/TBT/N/EU/1201/Add.1",
            **draft,
            parent_symbol="G/TBT/N/EU/1201",
            document_type="Addendum",
            published=dt.date(2026, 11, 13),
            products=(Product(hs="850760", method="inherited"),),
            milestones=(Milestone(kind="comment_deadline", date=dt.date(2026, 12, 20)),),
        ),
        line(
            "us_cpsc:27044",
            source="us_cpsc",
            kind="recall",
            authority="CPSC",
            title="Lumora Recalls Power Banks Due to Fire Hazard",
            published=dt.date(2026, 11, 12),
            origins=("CN",),
            title_zh="美国召回充电宝——火灾（2026-11-12发布）",
            products=(Product(hs="8507", method="mapped"),),
            hazards=(HazardOpinion(hazard="fire", method="mapped"),),
            industries=(IndustryOpinion(industry="nev_battery", method="mapped"),),
            severity=SeverityOpinion(value="high", basis="mapped", rule="CPSC: serious injury reported"),
            measure=MeasureOpinion(value="recall", basis="stated"),
            reach=ReachOpinion(value="names_china", evidence=(Evidence(field="origins", text="CN"),)),
        ),
        line(
            "jp_mhlw_violations:7",
            source="jp_mhlw_violations",
            market="JP",
            kind="violation",
            authority="MHLW",
            language="ja",
            title="ウーロン茶：リチウム電池ではない",
            origins=("CN",),
            severity=SeverityOpinion(value="medium", basis="mapped"),
            products=(Product(hs="0902", method="mapped"),),
        ),
        line("us_fr:1", source="us_federal_register", kind="rule", title=HOSTILE, title_zh=HOSTILE, summary=HOSTILE,
             brief_zh=HOSTILE, brief_en=HOSTILE, authority=HOSTILE, url="javascript:alert(4)", stage="withdrawn",
             products_text=HOSTILE, stated={"<b>label</b>": HOSTILE}),
        *[
            line(f"wto:G/SPS/N/USA/{n}", title=f"Tolerance no. {n} for apples", published=dt.date(2026, 10, 1 + n))
            for n in range(24)
        ],
    ]  # fmt: skip


@pytest.fixture(scope="session")
def week_lines() -> Callable[[], list[Line]]:
    return a_week


def workshop(home: Path, lines: list[Line], **settings: Any) -> Workshop:
    shop = Workshop(Settings(_env_file=None, home=home, **settings), as_of=AS_OF)
    loaded = shop.catalogue.load(lines)
    assert (loaded.new, loaded.rejected) == (len(lines), 0)
    return shop


@pytest.fixture(scope="session")
def portal_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """Read only: for every test that changes nothing."""
    shop = workshop(tmp_path_factory.mktemp("portal"), a_week())
    yield shop
    shop.close()


@pytest.fixture
def own_shop(tmp_path: Path) -> Iterator[Workshop]:
    """For a test that changes something."""
    shop = workshop(tmp_path / "home", a_week()[:5])
    yield shop
    shop.close()


@pytest.fixture(scope="module")
def client(portal_shop: Workshop) -> Iterator[TestClient]:
    with TestClient(create(portal_shop)) as opened:
        yield opened
