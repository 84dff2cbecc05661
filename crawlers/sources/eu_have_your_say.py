"""Have your say: initiatives of the European Commission whose feedback period is open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from scrapy import Request
from scrapy.http import Response

from crawlers.reading import Drift, Parsed, Record, clean, each, json_of, need, read_date, required, source_of

PAGE = "https://ec.europa.eu/info/law/better-regulation/have-your-say/initiatives/{}_en"


def parse(response: Response) -> Iterator[Parsed]:
    """One page of initiatives: a record for each that is open, and the next page."""
    answer, source = json_of(response, dict), source_of(response)
    older = (answer.get("_embedded") or {}).get("initiativeResultDtoes")
    page = {"content": older, "totalPages": 1} if older is not None else need(answer, "initiativeResultDtoPage")
    rows = need(page, "content")
    if not isinstance(rows, list):
        raise Drift(f"field 'content' is a {type(rows).__name__}, expected a list")

    def day(name: str, status: dict[str, Any]) -> Any:
        return read_date(name, need(status, name), source.date_formats)

    def read(row: dict[str, Any]) -> Record | None:
        statuses = need(row, "currentStatuses") or []
        current = next((status for status in statuses if status.get("isCurrent")), statuses[0] if statuses else {})
        if not current or need(current, "receivingFeedbackStatus") != "OPEN":
            return None
        number = required(row, "id").partition(".")[0]  # 14760.0 has been seen
        topics = tuple(clean(topic.get("label")) for topic in row.get("topics") or [])
        stage = clean(current.get("frontEndStage"))
        stated = {
            "initiativeStatus": clean(row.get("initiativeStatus")),
            "foreseenActType": clean(row.get("foreseenActType")),
            "frontEndStage": stage,
            "receivingFeedbackStatus": "OPEN",
            "topics": topics,
        }
        ends = clean(need(current, "feedbackEndDate"))
        return Record(
            number,
            {
                "stage": "draft",
                "symbol": clean(row.get("reference")),
                "document_type": stage or str(stated["foreseenActType"]),
                "title": required(row, "shortTitle"),
                "summary": clean(row.get("dossierSummary")),
                "products_text": required(row, "shortTitle"),
                "published": day("feedbackStartDate", current),
                "milestones": [{"kind": "comment_deadline", "date": day("feedbackEndDate", current), "text": ends}],
                "stated": {name: value for name, value in stated.items() if value},
                "url": PAGE.format(number),
            },
        )

    yield from each(rows, read)
    asked = int(re.search(r"\bpage=(\d+)", response.url)[1])  # type: ignore[index]
    if asked + 1 < int(need(page, "totalPages")):
        following = re.sub(r"\bpage=\d+", f"page={asked + 1}", response.url)
        yield Request(following, callback=parse, headers={"Accept": "application/json"}, dont_filter=True)
