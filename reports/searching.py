"""Which of a subscriber's words find which alerts: each keyword and the query is asked of the index on its own.

So a match can say which word it rests on. The rest of the room takes the answer as a plain argument (`found`).
"""

from __future__ import annotations

import datetime as dt

from index.expression import Days, Filter
from index.query import Query
from index.store import Store
from reports.bulletin import REMINDED_FOR
from reports.period import Period
from reports.subscription import Subscription


def found(subscription: Subscription, store: Store, period: Period, as_of: dt.date) -> dict[str, tuple[str, ...]]:
    """alert id → the subscriber's words that find it, in the order they were given.

    Looks at what the bulletin of `period` may tell: what was published in it, and in the half year before (reminders).
    Raises StoreError where the index cannot answer, and QueryError for words it cannot understand.
    """
    within = Filter(field="published", days=Days(low=period.start - REMINDED_FOR, high=period.end))
    hits: dict[str, list[str]] = {}
    for words in asked(subscription):
        for alert in store.scan(Query(text=words, filters=(within,)), as_of=as_of):
            hits.setdefault(alert.id, []).append(words)
    return {alert_id: tuple(words) for alert_id, words in sorted(hits.items())}


def asked(subscription: Subscription) -> tuple[str, ...]:
    """The keywords, then the query, each once."""
    return tuple(dict.fromkeys([*subscription.keywords, *([subscription.query] if subscription.query else [])]))
