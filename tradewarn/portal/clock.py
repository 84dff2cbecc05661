"""The day a page speaks of: the workshop's clock when it was given one (a replay, `--as-of`), else today in UTC."""

from __future__ import annotations

import datetime as dt

from fastapi import Request

from tradewarn.workshop import Workshop


def shop_of(request: Request) -> Workshop:
    shop: Workshop = request.app.state.shop
    return shop


def today(request: Request) -> dt.date:
    shop = shop_of(request)
    return shop.today if shop.fixed_clock else dt.datetime.now(dt.UTC).date()
