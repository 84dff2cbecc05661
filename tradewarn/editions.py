"""From settings, index and source health to the plain arguments the bulletin is composed of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from pathlib import Path

from crawlers import health
from crawlers import source as sources
from index.alert import Alert
from index.query import parse
from reports import searching, subscription, writing
from reports.bulletin import REMINDED_FOR, Bulletin, compose
from reports.edition import Edition, Figures, SourceState
from reports.period import Period
from reports.subscription import Subscription
from reports.words import Words
from tradewarn import schedule
from tradewarn.workshop import Workshop

LAST_YEAR = dt.timedelta(weeks=52)


def edition(shop: Workshop) -> Edition:
    """Whose bulletin it is, from the settings."""
    settings = shop.settings
    return Edition(
        city=Words(settings.city, settings.city_en),
        publisher=Words(settings.publisher, settings.publisher_en),
        comment_lead_days=settings.comment_lead_days,
        enquiry_point=Words(*settings.enquiry_points),
        enquiry_point_checked=settings.enquiry_point_checked,
        alert_url=settings.alert_url,
        contact=settings.contact,
    )


def source_states(shop: Workshop) -> list[SourceState]:
    """How each source was at the data cut-off; in a replay only those the folder answers."""
    here = set(schedule.default_ids(shop.replay))
    states = []
    for source in sources.all_sources():
        if source.id not in here:
            continue
        state = health.health(shop.engine, source, shop.as_of)
        states.append(
            SourceState(
                id=source.id,
                name=Words(source.name_zh, source.name),
                state=state.state,
                last_success=state.last_success,
                note=state.note,
                url=source.home,
                attribution=source.terms.attribution,
                figures=Figures(
                    lag_days=state.lag_days,
                    days=int(state.window[:-1] or 7),
                    count=state.count,
                    usual=state.usual,
                    error_share=state.error_share,
                    drifted=state.drifted,
                ),
            )
        )
    return states


def alerts(shop: Workshop, period: Period) -> Iterator[Alert]:
    """What a bulletin needs: the period, half a year before it (reminders, time lines), and the same days last year."""
    for start, end in ((period.start - REMINDED_FOR, period.end), (period.start - LAST_YEAR, period.end - LAST_YEAR)):
        yield from shop.store.scan(parse(f"published:{start}..{end}"), as_of=shop.today)


def subscriptions(shop: Workshop, only: str = "") -> list[Subscription | None]:
    """Those of the subscription file; the general edition (None) first, or alone where there is no file."""
    path: Path = shop.settings.subscription_file
    known = subscription.load(path) if path.exists() else []
    if not only:
        return [None, *known]
    chosen = [one for one in known if one.id == only]
    if not chosen:
        raise subscription.SubscriptionError(
            f"no subscription {only!r} in {path}; there are: {', '.join(one.id for one in known) or 'none'}"
        )
    return list(chosen)


def bulletins(shop: Workshop, period: Period, only: str = "") -> Iterator[Bulletin]:
    """One bulletin for each subscription."""
    held = list(alerts(shop, period))
    states, whose = source_states(shop), edition(shop)
    for one in subscriptions(shop, only):
        found = searching.found(one, shop.store, period, shop.today) if one else None
        yield compose(
            held,
            period=period,
            as_of=shop.today,
            cut_off=shop.as_of,
            edition=whose,
            subscription=one,
            found=found,
            sources=states,
        )


def write(made: Iterable[Bulletin], out: Path) -> Iterator[tuple[Bulletin, list[Path]]]:
    """Each bulletin with the files it was written to: HTML and text, in the reader's language (general: both)."""
    for bulletin in made:
        yield bulletin, writing.write(bulletin, out)
