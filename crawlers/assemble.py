"""From what a parser yields to a `Notice`: the declaration fills in what every record of a source shares."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

from pydantic import ValidationError
from scrapy.http import Response

from crawlers.notice import Notice, Provenance
from crawlers.reading import Record, Reject, as_json
from crawlers.source import Source


def provenance(source: Source, response: Response, fetched_at: dt.datetime) -> Provenance:
    """Where a record of this response came from. `meta["original_url"]`, when set, is the URL before any replay."""
    return Provenance(
        url=str(response.meta.get("original_url") or response.url),
        fetched_at=fetched_at,
        body_sha256=hashlib.sha256(response.body).hexdigest(),
        source_version=source.version,
        attribution=source.terms.attribution,
    )


def notice(source: Source, record: Record, where: Provenance) -> Notice | Reject:
    """The notice of `record`, or a `Reject` that names the field at fault and keeps the record whole."""
    fields: dict[str, Any] = {"authority": source.authority, "language": source.language}
    if source.market is not None:
        fields["market"] = source.market
    if len(source.kinds) == 1:
        fields["kind"] = source.kinds[0]
    fields |= record.fields
    if not record.id.strip():
        return Reject(raw=as_json(fields), name="id", reason="the record has no id")
    if not record.id.isprintable():  # a control character: PostgreSQL refuses NUL, and nobody could type the id
        return Reject(
            raw=as_json(fields), name="id", reason=f"the id {record.id!r} cannot be printed", id=ascii(record.id)
        )
    try:
        return Notice(id=f"{source.register_name}:{record.id}", source=source.id, provenance=where, **fields)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"])) or "record"
        reason = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'record'}: {e['msg']}" for e in error.errors()[:5])
        return Reject(raw=as_json(fields), name=name, reason=reason, id=record.id)
    except TypeError as error:  # a field twice: a parser set `id`, `source` or `provenance` itself
        return Reject(raw=as_json(fields), name="record", reason=str(error), id=record.id)


def facts(item: Notice) -> dict[str, Any]:
    """What a sample's `expected.jsonl` holds of a notice: the facts `Notice.hash` is taken over."""
    return item.model_dump(mode="json", exclude={"source", "provenance"}, exclude_defaults=True)
