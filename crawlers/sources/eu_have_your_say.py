"""Have your say: initiatives of the European Commission whose feedback period is open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scrapy.http import Response

from crawlers.paging import number_in, page
from crawlers.reading import Parsed, Record, clean, day_of, each, json_of, listed, need, required
from crawlers.wording import filled

PAGE = "https://ec.europa.eu/info/law/better-regulation/have-your-say/initiatives/{}_en"


def parse(response: Response) -> Iterator[Parsed]:
    """One page of initiatives: a record for each that is open, and the next page."""
    answer = json_of(response, dict)
    older = (answer.get("_embedded") or {}).get("initiativeResultDtoes")
    found = {"content": older, "totalPages": 1} if older is not None else need(answer, "initiativeResultDtoPage")

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
        ends = need(current, "feedbackEndDate")
        deadline = day_of(response, "feedbackEndDate", ends)
        return Record(
            number,
            {
                "stage": "draft",
                "symbol": clean(row.get("reference")),
                "document_type": stage or str(stated["foreseenActType"]),
                "title": required(row, "shortTitle"),
                "summary": clean(row.get("dossierSummary")),
                "products_text": required(row, "shortTitle"),
                "published": day_of(response, "feedbackStartDate", need(current, "feedbackStartDate")),
                "milestones": [{"kind": "comment_deadline", "date": deadline, "text": clean(ends)}],
                "stated": filled(stated),
                "url": PAGE.format(number),
            },
        )

    yield from each(listed(found, "content"), read)
    following = number_in(response, "page") + 1
    if following < int(need(found, "totalPages")):
        yield page(response, "page", following, parse)
