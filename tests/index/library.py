"""The alerts that the contract is told by, and what a query finds of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from index.alert import Alert
from index.query import Query, parse
from index.store import Store

Make = Callable[..., Alert]

#: Red until 2026-11-20, then yellow, then green for ever.
STAGED = {
    "levels": [
        {"level": "red", "from": "2026-11-10", "until": "2026-11-20"},
        {"level": "yellow", "from": "2026-11-20", "until": "2026-12-20"},
        {"level": "green", "from": "2026-12-20"},
    ]
}


def library(make: Make) -> list[Alert]:
    return [
        make(
            "cells",
            title="Lithium-ion cells catch fire",
            products_text="Power banks",
            origins=["CN"],
            stated={"Brand": "Voltix", "Model": "VX-200"},
            opinion={
                "products": [{"hs": "850760", "method": "stated"}],
                "industries": [{"industry": "nev_battery", "method": "model"}],
                "hazards": [{"hazard": "fire", "method": "mapped"}, {"hazard": "burns", "method": "mapped"}],
                "severity": {"value": "high", "basis": "mapped"},
                "measure": {"value": "recall"},
                "reach": {"value": "names_china"},
                "title_zh": "美国召回移动电源",
                "title_zh_method": "composed",
                **STAGED,
            },
        ),
        make(
            "denchi",
            title="リチウムイオン電池の発火について",
            language="ja",
            market="JP",
            published="2026-11-03",
            opinion={"products": [{"hs": "8507", "method": "model"}], "severity": {"value": "medium"}},
        ),
        make("dianchi", title="锂电池召回通知", language="zh", market="CN", published="2026-10-05"),
        make(
            "tea",
            title="Tea with pesticide residues refused",
            kind="refusal",
            origins=["CN", "IN"],
            market="EU",
            opinion={
                "products": [{"hs": "0902", "method": "stated"}],
                "industries": [{"industry": "agri_food", "method": "model"}],
                "severity": {"value": "low"},
                "measure": {"value": "rejection"},
                "reach": {"value": "all_origins"},
            },
        ),
        make(
            "chargers",
            title="Battery chargers: draft requirements for the marking of batteries",
            kind="notification",
            stage="draft",
            market="DE",
            symbol="G/TBT/N/DEU/12",
            milestones=[
                {"kind": "comment_deadline", "date": "2026-12-01"},
                {"kind": "application", "date": "2027-06-01"},
                {"kind": "application", "date": "2028-06-01"},
            ],
            opinion={"products": [{"hs": "85", "method": "model"}], "regulations": ["eu_batteries"]},
        ),
        make(
            "gulf",
            title="اللائحة الفنية للبطاريات",
            language="ar",
            kind="notification",
            stage="draft",
            market="GCC",
            symbol="G/TBT/N/SAU/5/Add.1",
            parent_symbol="G/TBT/N/SAU/5",
            joint_symbols=["G/TBT/N/SAU/5/Add.1", "G/TBT/N/BHR/7/Add.1"],
            milestones=[{"kind": "comment_deadline", "date": "2026-11-10"}],
        ),
        make(
            "jouets",
            title="Rappel de jouets dangereux pour les enfants",
            summary="Les jouets peuvent être avalés.",
            language="fr",
            market="FR",
        ),
        make("juguetes", title="Juguetes peligrosos retirados", language="es", market="ES", published="2026-11-15"),
    ]


def ids(alerts: Iterable[Alert]) -> list[str]:
    return [alert.id.removeprefix("test:") for alert in alerts]


def found(store: Store, query: str | Query, as_of: dt.date, **options: Any) -> list[str]:
    asked = parse(query) if isinstance(query, str) else query
    return ids(hit.alert for hit in store.search(asked, as_of=as_of, **options).hits)
