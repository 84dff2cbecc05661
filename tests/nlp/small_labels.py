"""A small folder of labelled tables composed here: goods of four groups in the columns of two real tables, two years each."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

GOODS = {
    "Toys": ["plush toy", "toy car", "doll", "building blocks", "slime", "rattle", "magnetic toy", "puzzle"],
    "Cosmetics": ["hair dye", "skin cream", "perfume", "nail polish", "lipstick", "shampoo", "tattoo ink", "soap"],
    "Motor vehicles": ["passenger car", "motorcycle", "brake hose", "tyre", "airbag", "truck", "trailer", "seat belt"],
    "Electrical appliances and equipment": ["kettle", "hair dryer", "lamp", "socket", "toaster", "fan", "iron", "plug"],
}
RISKS = {"Toys": "Choking", "Cosmetics": "Chemical", "Motor vehicles": "Injuries"}
COLOURS = ["red", "blue", "green", "large", "small", "new", "old", "grey", "round"]
FOODS = ["pistachios", "chicken breast", "dried figs", "frozen shrimp", "sesame seeds", "paprika", "rice", "honey"]


def write(folder: Path) -> Path:
    """`eu_safety_gate.csv` (288 rows) and `eu_rasff_decisions.csv` (288 rows) in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    gate = []
    for number, (category, goods, colour) in enumerate(
        (category, goods, colour) for category, names in GOODS.items() for goods in names for colour in COLOURS
    ):
        risk = RISKS.get(category, "Electric shock")
        day = f"{2023 + number % 2}-{1 + number % 12:02}-{1 + number % 28:02}"
        gate.append([day, category, f"{colour} {goods}", "", "", f"A {goods} of {colour} make.", f"Risk: {risk}", risk])
    columns = ["date", "category", "product", "name", "brand", "description", "danger", "riskType"]
    _table(folder / "eu_safety_gate.csv", columns, gate)
    decisions = []
    places = ("poland", "india", "brazil", "turkey")
    for number, (food, colour, place) in enumerate(itertools.product(FOODS, COLOURS, places)):
        serious = "serious" if number % 2 else "not serious"
        hazard = "salmonella" if number % 2 else "too high content of colour"
        day = f"2024-{1 + number % 12:02}-{1 + number % 28:02}"
        decisions.append([f"{hazard} in {colour} {food} from {place}", day, "fruits and vegetables", serious])
    _table(folder / "eu_rasff_decisions.csv", ["subject", "date", "category", "risk_decision"], decisions)
    return folder


def _table(path: Path, columns: list[str], rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
