from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from daemon.config.trading import LocMode, Weekday
from tests.daemon.config.loading import ONE_BOOK, complaints, load

if TYPE_CHECKING:
    from pathlib import Path


def test_orders_are_crossed_and_limits_are_off_unless_told(tmp_path: Path) -> None:
    config = load(tmp_path, "")
    assert config.netting.enabled is True
    assert config.netting.max_price_age_seconds == 10
    assert config.netting.max_deviation_percent == 20
    assert config.twap.price_offset_percent == Decimal("0.5")
    assert config.loc.mode is LocMode.SHEET
    assert config.schedule.weekdays == tuple(Weekday)
    assert config.risk.market_margin_percent == 5
    limits = config.risk.model_dump(exclude={"market_margin_percent"})
    assert set(limits.values()) == {None}


def test_limits_are_exact_amounts(tmp_path: Path) -> None:
    text = "[risk]\nmax_order_value = '0.1'\nmax_orders_per_minute = 60\n"
    risk = load(tmp_path, text).risk
    assert (risk.max_order_value, risk.max_orders_per_minute) == (Decimal("0.1"), 60)


def test_one_book_that_adopts_orphans_needs_no_brackets(tmp_path: Path) -> None:
    for value in ("'bot'", "['bot']"):
        config = load(tmp_path, f"{ONE_BOOK}[reconcile]\nadopt_orphans = {value}\n")
        assert config.reconcile.adopt_orphans == ("bot",)


def test_what_trading_cannot_be(tmp_path: Path) -> None:
    text = """
    [netting]
    enabled = 1
    max_price_age_seconds = 0
    max_deviation_percent = 0
    [twap]
    price_offset_percent = 100.5
    fill_timeout_seconds = "soon"
    [loc]
    mode = "stairs"
    [rebalancing]
    cash_buffer_percent = 0
    keep = [1]
    rounding = "up"
    confirm_days = 0
    slices_days = 1.0
    [cancel]
    timeout = 5
    [reconcile]
    seconds = 0
    adopt_orphans = true
    [schedule]
    weekdays = ["mon", "Tue"]
    catch_up_minutes = -1
    [risk]
    max_order_value = 0
    max_orders_per_minute = "60"
    price_collar_percent = false
    max_daily_loss = "1e18"
    """
    found = complaints(tmp_path, text)
    assert found.keys() == {
        "netting.enabled", "netting.max_price_age_seconds", "netting.max_deviation_percent",
        "twap.price_offset_percent", "twap.fill_timeout_seconds", "loc.mode",
        "rebalancing.cash_buffer_percent", "rebalancing.keep.0", "rebalancing.rounding",
        "rebalancing.confirm_days", "rebalancing.slices_days", "cancel.timeout",
        "reconcile.seconds", "reconcile.adopt_orphans", "schedule.weekdays.1",
        "schedule.catch_up_minutes", "risk.max_order_value", "risk.max_orders_per_minute",
        "risk.price_collar_percent", "risk.max_daily_loss",
    }  # fmt: skip
    assert "did you mean timeout_seconds?" in found["cancel.timeout"]
