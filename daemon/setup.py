"""What the configuration means for those who work by it, and the one place that holds it.

A ``Setup`` is made whole from one ``Config`` and never changes. A reload replaces it whole, by one
assignment, so nobody ever sees half of a change. Whoever needs it asks ``Current`` each time, and
keeps nothing of it across an ``await``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.decimals import HUNDRED, ONE
from algorithms.netting_price import PriceLimits
from daemon.execution.desk import DeskSettings
from daemon.execution.netter import NetterSettings
from daemon.execution.risk import Risk, limits_of
from daemon.execution.slicer import SlicerSettings
from daemon.roster import registry_of

if TYPE_CHECKING:
    from datetime import datetime

    from daemon.config import Config
    from daemon.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """One configuration, ready for use.

    ``worst_price`` is what a buy without limit is reckoned to cost at worst, as a multiple of the
    current price: one, and ``risk.market_margin_percent``.
    """

    config: Config
    registry: Registry
    desk: DeskSettings
    netting: NetterSettings
    slicing: SlicerSettings
    risk: Risk
    worst_price: Decimal


class Current:
    """The setup in force."""

    __slots__ = ("setup",)

    def __init__(self, setup: Setup) -> None:
        self.setup = setup

    @property
    def registry(self) -> Registry:
        """Who is who, as of now."""
        return self.setup.registry


def setup_of(config: Config, at: datetime) -> Setup:
    """Make everything that follows from a configuration, with the commissions of a day."""
    max_age = _seconds(config.webhook.max_age_seconds)
    margin = Decimal(config.risk.market_margin_percent)
    return Setup(
        config=config,
        registry=registry_of(config, at),
        desk=DeskSettings(
            wait=_seconds(config.webhook.wait_seconds),
            max_age=max_age,
            dedup=_seconds(config.webhook.dedup_seconds),
            cancel_timeout=_seconds(config.cancel.timeout_seconds),
        ),
        netting=NetterSettings(
            enabled=config.netting.enabled,
            limits=PriceLimits(
                max_age=_seconds(config.netting.max_price_age_seconds),
                max_deviation_percent=config.netting.max_deviation_percent,
            ),
            order_max_age=max_age,
        ),
        slicing=SlicerSettings(
            max_age=max_age,
            price_offset_percent=config.twap.price_offset_percent,
            fill_timeout=_seconds(config.twap.fill_timeout_seconds),
            market_margin_percent=margin,
        ),
        risk=Risk(limits=limits_of(config.risk), live=config.daemon.live),
        worst_price=ONE + margin / HUNDRED,
    )


def _seconds(number: float) -> timedelta:
    return timedelta(seconds=float(number))
