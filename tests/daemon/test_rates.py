"""The configured percentages of an account, by the day where it trades."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.domain import AccountName
from daemon.config import load_config
from daemon.rates import rate_at, rates_of

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.config.accounts import AccountConfig

TEXT = """
[accounts.seoul]
market = "XKRX"
commission_percent = "0.015"
sell_tax_percent = "0.20"
[accounts.seoul.rates]
2028-01-01 = { commission_percent = "0.01" }
2027-01-01 = { sell_tax_percent = "0.15" }
"""


def seoul(folder: Path) -> AccountConfig:
    (folder / "config.toml").write_text(TEXT)
    return load_config(folder / "config.toml", {}).accounts[AccountName("seoul")]


def test_what_a_later_rate_leaves_out_stays(tmp_path: Path) -> None:
    told = [
        (each.since, str(each.commission_percent), str(each.sell_tax_percent))
        for each in rates_of(seoul(tmp_path))
    ]
    assert told == [
        (None, "0.015", "0.20"),
        (date(2027, 1, 1), "0.015", "0.15"),
        (date(2028, 1, 1), "0.01", "0.15"),
    ]


def test_a_day_begins_where_the_account_trades(tmp_path: Path) -> None:
    account = seoul(tmp_path)
    just_before = datetime(2026, 12, 31, 14, 59, tzinfo=UTC)
    assert rate_at(account, just_before).sell_tax_percent == Decimal("0.20")
    midnight = datetime(2026, 12, 31, 15, 0, tzinfo=UTC)
    assert rate_at(account, midnight).sell_tax_percent == Decimal("0.15")
