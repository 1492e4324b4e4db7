"""The job that tells of each book's day: trades, profit, fees, what netting saved."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

import orjson

from algorithms.decimals import ZERO, add, multiply, to_text
from algorithms.domain import FillSource, Side
from daemon.notices import raise_notice
from daemon.storage.rows import to_us

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from algorithms.domain import AccountName
    from daemon.execution.services import Services
    from daemon.jobs.runs import JobRun
    from daemon.registry import Account
    from daemon.storage.tx import Tx, View


@dataclass(slots=True)
class DayReport:
    """A book's market day, in its account's currency.

    ``saved`` is the commission that crossed trades did not cost. Fees in another asset than the
    currency are not in ``fees``.
    """

    trades: int = 0
    crossed: int = 0
    bought: Decimal = ZERO
    sold: Decimal = ZERO
    profit: Decimal = ZERO
    fees: Decimal = ZERO
    saved: Decimal = ZERO

    def texts(self) -> dict[str, str]:
        """Spell every number."""
        return {
            name: to_text(value) if isinstance(value, Decimal) else str(value)
            for name, value in asdict(self).items()
        }


def reports_of(view: View, account: Account, day: str) -> dict[str, DayReport]:
    """Sum up the fills of a market day, book by book."""
    reports: defaultdict[str, DayReport] = defaultdict(DayReport)
    for row in view.fetch("report_of_day", account=account.name, day=day):
        report = reports[row["book"]]
        value = multiply(Decimal(row["quantity"]), Decimal(row["price"]))
        report.trades += 1
        if row["side"] == Side.BUY:
            report.bought = add(report.bought, value)
        else:
            report.sold = add(report.sold, value)
            report.profit = add(report.profit, Decimal(row["profit"]))
        if row["fee_asset"] == account.currency:
            report.fees = add(report.fees, Decimal(row["fee"]))
        if row["source"] == FillSource.NETTING:
            report.crossed += 1
            saved = multiply(value, account.commission_percent.scaleb(-2))
            report.saved = add(report.saved, saved)
    return reports


class Reports:
    """Tells of the day."""

    once_a_day = False

    def __init__(self, services: Services) -> None:
        self._services = services

    async def run(self, run: JobRun) -> Callable[[Tx], str]:
        return partial(self._report, run=run, now=self._services.clock.now())

    def _report(self, tx: Tx, run: JobRun, now: datetime) -> str:
        registry = self._services.registry
        books = registry.books_of_account.get(run.account, ())
        day = run.day.isoformat()
        found = reports_of(tx, registry.accounts[run.account], day)
        for book in books:
            self._tell(tx, run.account, book.name, day, found.get(book.name, DayReport()), now)
        return f"{len(books)} books"

    def _tell(
        self, tx: Tx, account: AccountName, book: str, day: str, report: DayReport, now: datetime
    ) -> None:
        texts = report.texts()
        tx.execute(
            "save_daily_report",
            account=account,
            book=book,
            day=day,
            report=orjson.dumps(texts).decode(),
            at=to_us(now),
        )
        new = self._services.ids.new()
        raise_notice(tx, new, "daily_report", now, account=account, book=book, day=day, **texts)
