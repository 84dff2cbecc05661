"""`Alert`: what is indexed, shown, fed and mailed = notice + assessment + versions + the analysts' overlay."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from crawlers.notice import Notice, NoticeId, Record
from nlp.assessment import Assessment
from nlp.level import time_line

#: Fields of the assessment an analyst may correct. The value is the field's JSON form.
Correctable = Literal[
    "products", "industries", "hazards", "severity", "measure", "reach", "levels", "regulations", "title_zh", "brief_zh"
]
Status = Literal["new", "reviewed", "returned", "published", "dismissed"]


class Correction(Record):
    """An analyst's value for one field. It keeps the value it replaced, and survives re-crawl and re-classification."""

    field: Correctable
    value: Any
    replaced: Any
    by: str
    at: AwareDatetime
    notice_hash: str  # the facts it was made on; other facts now → the alert returns to review
    reason: str = ""


class Note(Record):
    text: str
    by: str
    at: AwareDatetime


class Overlay(Record):
    """What people added: never lost by a rebuild."""

    corrections: tuple[Correction, ...] = ()  # in the order they were made; the last one of a field is effective
    status: Status = "new"
    notes: tuple[Note, ...] = ()


class Alert(Record):
    """`revision` counts changes of the facts, `version` changes of anything visible; both start at 1."""

    notice: Notice
    assessment: Assessment
    revision: Annotated[int, Field(ge=1)] = 1
    version: Annotated[int, Field(ge=1)] = 1
    event: Annotated[str, StringConstraints(min_length=1)] = ""  # id of the oldest member's notice
    overlay: Overlay = Overlay()

    @property
    def id(self) -> NoticeId:
        return self.notice.id

    @property
    def effective(self) -> Assessment:
        """The assessment with the analysts' values in place: what is indexed, filtered and counted."""
        if not self.overlay.corrections:
            return self.assessment
        body = self.assessment.model_dump(mode="json")
        for correction in self.overlay.corrections:
            body[correction.field] = correction.value
            if correction.field == "title_zh":
                body["title_zh_method"] = "analyst"
        corrected = {correction.field for correction in self.overlay.corrections}
        effective = Assessment.model_validate(body)
        if corrected & {"severity", "measure", "reach", "industries"} and "levels" not in corrected:
            # The base level follows from these (FIELD.md): an analyst who corrects them corrects it too.
            spans = time_line(
                self.notice,
                severity=effective.severity,
                measure=effective.measure,
                reach=effective.reach,
                industries=effective.industries,
            )
            effective = effective.model_copy(update={"levels": spans})
        return effective
