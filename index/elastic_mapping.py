"""What Elasticsearch holds and is asked: the template of the index, the document, and a plan as its query.

Only what every official distribution 8.19+ and 9.x has is used: keyword, text by the `whitespace` and `standard` analyzers, dates,
date ranges. No script, no plug-in. The terms are ours (`index.analysis`); `text` is there for people who look with Kibana.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from index import analysis, documents
from index.columns import tie
from index.documents import OPEN, Document
from index.expression import Filter
from index.fields import DATE_FIELDS, VALUE_FIELDS, Facet
from index.plan import Both, Literal, Maybe, Part, Plan, Some, Term, Without
from index.store import LEVEL_BONUS, WORD_FOUND, Sort

VERSION = "1"
LEVELS = ("red", "yellow", "green")
#: More than a facet has values; the largest is the heading (1,229).
BUCKETS = 5_000
_PIVOT = "3650d"  # of the nearness of a deadline: scores of two days differ enough for a float up to thirty years away

Json = dict[str, Any]


def built_by() -> Json:
    """What the index must have been built with, kept in the mapping's `_meta`."""
    return {"mapping": VERSION, "analysis": analysis.VERSION, "documents": documents.VERSION}


def template(alias: str) -> Json:
    """The composable template of every index behind the alias."""
    keyword: Json = {"type": "keyword"}
    return {
        "index_patterns": [f"{alias}-v*"],
        "priority": 200,
        "template": {
            "settings": {
                "number_of_shards": 1,  # a million alerts are 2-3 GB: one shard keeps BM25's statistics whole
                "auto_expand_replicas": "0-1",
                "refresh_interval": "30s",  # a load refreshes when it waits
                "index.unassigned.node_left.delayed_timeout": "0",
            },
            "mappings": {
                "dynamic": "strict",
                "_meta": built_by(),
                "_source": {"excludes": ["terms", "exact", "text"]},  # they can be made again from `body`
                "properties": {
                    "terms": {"type": "text", "analyzer": "whitespace"},
                    "exact": {"type": "text", "analyzer": "whitespace", "norms": False},
                    "text": {"type": "text", "analyzer": "standard", "norms": False},
                    **dict.fromkeys(VALUE_FIELDS, keyword),
                    "hs": keyword,
                    "hs_at": keyword,
                    **{field: {"type": "date", "format": "strict_date||epoch_millis"} for field in DATE_FIELDS},
                    **{f"level_{level}": {"type": "date_range", "format": "strict_date"} for level in LEVELS},
                    "tie": {"type": "long"},
                    "version": {"type": "long"},
                    "body": {"type": "object", "enabled": False},  # as an object: read once with the answer
                },
            },
        },
    }


def key(alert_id: str) -> str:
    """`_id`: the alert's, or its hash where that is longer than the 512 bytes Elasticsearch takes."""
    encoded = alert_id.encode()
    return alert_id if len(encoded) <= 512 else hashlib.sha256(encoded).hexdigest()


def source(document: Document, text: str) -> Json:
    """The JSON document. Days are ISO dates; fields without a value are left out."""
    body: Json = {
        "terms": document.terms,
        "exact": document.exact,
        "text": text,
        **{field: list(values) for field, values in document.values.items() if values},
        "published": _day(document.published),
        "tie": tie(document.id),
        "version": document.version,
        "body": json.loads(document.body),
    }
    if document.hs_at:
        body |= {"hs": list(document.hs), "hs_at": list(document.hs_at)}
    if document.deadline:
        body["deadline"] = _day(document.deadline)
    if document.applies:
        body["applies"] = [_day(day) for day in document.applies]
    for level, since, until in document.levels:
        span = {} if since == 0 else {"gte": _day(since)}
        if until != OPEN:
            span["lt"] = _day(until)
        body.setdefault(f"level_{level}", []).append(span)
    return body


def _day(ordinal: int) -> str:
    return dt.date.fromordinal(ordinal).isoformat()


def request(
    plan: Plan,
    *,
    as_of: dt.date,
    sort: Sort,
    facets: Sequence[Facet],
) -> Json:
    """The search body without paging. A condition on a counted facet filters after counting, so that the facet ignores it."""
    counted = set(facets)
    apart = [condition for condition in plan.conditions if condition.field in counted]
    fixed = [condition for condition in plan.conditions if condition.field not in counted]
    body: Json = {
        "query": _ranked(plan, [_filter(condition, as_of) for condition in fixed], as_of, sort),
        "sort": _order(sort),
        "track_scores": True,
        "track_total_hits": True,
        "_source": ["body"],
    }
    if apart:
        body["post_filter"] = {"bool": {"filter": [_filter(condition, as_of) for condition in apart]}}
    if facets:
        body["aggs"] = {
            facet: {
                "filter": _every([_filter(c, as_of) for c in apart if c.field != facet]),
                "aggs": {"values": _counts(facet, as_of)},
            }
            for facet in facets
        }
    return body


def matching(plan: Plan, as_of: dt.date) -> Json:
    """Only which documents match, for counts and exports."""
    filters = [_filter(condition, as_of) for condition in plan.conditions]
    root = [] if plan.root is None else [_query(plan.root, as_of)]
    return {"bool": {"filter": [*root, *filters]}} if root or filters else {"match_all": {}}


def _ranked(plan: Plan, filters: list[Json], as_of: dt.date, sort: Sort) -> Json:
    root = [] if plan.root is None else [_query(plan.root, as_of)]
    if sort == "deadline":
        # Still open: 10 and more; over: below 1, the nearest first in both; none: 0. Scores, since scripts are not everywhere.
        # The origin in milliseconds: a bare day would be rounded to its end, nearer to the next day than to itself.
        midnight = int(dt.datetime.combine(as_of, dt.time(), dt.UTC).timestamp() * 1000)
        to_come = {"range": {"deadline": {"gte": as_of.isoformat()}}}
        should: list[Json] = [
            {"constant_score": {"filter": to_come, "boost": 10}},
            {"distance_feature": {"field": "deadline", "origin": midnight, "pivot": _PIVOT}},
        ]
        return {"bool": {"filter": [*root, *filters, {"match_all": {}}], "should": should}}
    if sort == "level":
        should = [_in_force(level, as_of, boost=3 - rank) for rank, level in enumerate(LEVELS)]
        return {"bool": {"filter": [*root, *filters, {"match_all": {}}], "should": should}}
    bonus = [_in_force(level, as_of, boost=LEVEL_BONUS[level]) for level in LEVELS if LEVEL_BONUS[level]]
    return {"bool": {"must": root, "filter": [*filters, {"match_all": {}}], "should": bonus}}


def _order(sort: Sort) -> list[Json]:
    newest, last = {"published": "desc"}, {"tie": "asc"}
    if sort == "date":
        return [newest, last]
    return [{"_score": "desc"}, last] if sort == "deadline" else [{"_score": "desc"}, newest, last]


def _in_force(level: str, as_of: dt.date, *, boost: float) -> Json:
    return {"constant_score": {"filter": {"term": {f"level_{level}": as_of.isoformat()}}, "boost": boost}}


def _counts(facet: Facet, as_of: dt.date) -> Json:
    if facet == "level":
        return {"filters": {"filters": {level: {"term": {f"level_{level}": as_of.isoformat()}} for level in LEVELS}}}
    return {"terms": {"field": facet, "size": BUCKETS, "order": [{"_count": "desc"}, {"_key": "asc"}]}}


def _every(filters: list[Json]) -> Json:
    return {"bool": {"filter": filters}} if filters else {"match_all": {}}


def _query(part: Part, as_of: dt.date) -> Json:
    if isinstance(part, Filter):
        return {"bool": {"filter": [_filter(part, as_of)]}}
    if isinstance(part, Term):
        return _term(part, "terms")
    if isinstance(part, Literal):
        literal = _term(Term((part.words,), part.prefix), "exact")
        return {"bool": {"must": [_term(part.scored, "terms")], "filter": [literal]}}
    if isinstance(part, Without):
        return {"bool": {"filter": [{"bool": {"must_not": [_query(part.item, as_of)]}}]}}
    if isinstance(part, Maybe):
        return {"bool": {"should": [_query(part.item, as_of), {"bool": {"filter": [{"match_all": {}}]}}]}}
    parts = [_query(item, as_of) for item in part.items]
    if isinstance(part, Some):
        found: Json = {"constant_score": {"filter": {"match_all": {}}, "boost": WORD_FOUND}}
        words = [{"bool": {"must": [item, found]}} for item in parts]
        return {"bool": {"should": words, "minimum_should_match": part.least}}
    return {"bool": {"must": parts}} if isinstance(part, Both) else _either(parts)


def _either(parts: list[Json]) -> Json:
    return parts[0] if len(parts) == 1 else {"bool": {"should": parts, "minimum_should_match": 1}}


def _term(term: Term, field: str) -> Json:
    return _either([_sequence(sequence, field, prefix=term.prefix) for sequence in term.sequences])


def _sequence(sequence: Sequence[str], field: str, *, prefix: bool) -> Json:
    if not prefix:
        if len(sequence) == 1:
            return {"term": {field: sequence[0]}}
        return {"match_phrase": {field: {"query": " ".join(sequence)}}}
    begun: Json = {"prefix": {field: sequence[-1]}}
    if len(sequence) > 1:
        whole: list[Json] = [{"span_term": {field: word}} for word in sequence[:-1]]
        begun = {"span_near": {"clauses": [*whole, {"span_multi": {"match": begun}}], "slop": 0, "in_order": True}}
    return {"constant_score": {"filter": begun, "boost": 1.0}}


def _filter(wanted: Filter, as_of: dt.date) -> Json:
    field = wanted.field
    if field == "level":
        levels: Sequence[str] = LEVELS if wanted.filled is not None else wanted.values
        holds = _either([{"term": {f"level_{level}": as_of.isoformat()}} for level in levels])
        return {"bool": {"must_not": [holds]}} if wanted.filled is False else holds
    if wanted.filled is not None:
        exists: Json = {"exists": {"field": "hs_at" if field == "hs" else field}}
        return exists if wanted.filled else {"bool": {"must_not": [exists]}}
    if field in DATE_FIELDS:
        assert wanted.days is not None  # noqa: S101 - a filter on a date has days or filled
        low, high = wanted.days.resolve(field, as_of)
        return {"range": {field: {"gte": low.isoformat(), "lte": high.isoformat()}}}
    if field == "hs":
        codes = sorted({code[:6] for code in wanted.values})
        parents = sorted({code[:end] for code in codes for end in range(2, len(code) + 1)})
        return _either([{"terms": {"hs": codes}}, {"terms": {"hs_at": parents}}])
    return {"terms": {field: list(wanted.values)}}


def counts(facet: Facet, result: Mapping[str, Any]) -> list[tuple[str, int]]:
    """(value, n) of one facet's aggregation, values without hits left out."""
    values = result["values"]["buckets"]
    if facet == "level":
        return [(level, bucket["doc_count"]) for level, bucket in values.items() if bucket["doc_count"]]
    return [(str(bucket["key"]), bucket["doc_count"]) for bucket in values]
