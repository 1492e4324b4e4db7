"""What the HTTP side asks of the rest of the daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import date
    from decimal import Decimal

    from algorithms.bookkeeping import Ratio
    from algorithms.domain import AccountName, StrategyName, Symbol
    from algorithms.rebalancing.targets import TargetFault, Targets
    from daemon.api.decode import Json
    from daemon.api.ledger import BookReport, EntryAnswer, PaperAnswer
    from daemon.api.marks import SeenMark
    from daemon.execution.answers import RequestStatus
    from daemon.execution.commands import Cancel, CancelAll, Submission
    from daemon.execution.desk import Reply
    from daemon.execution.entries import Record
    from daemon.execution.halts import Scope
    from daemon.rebalancing.planner import StoredTargets, StoredThresholds


class DeskPort(Protocol):
    """Takes the requests of strategies."""

    def submit_soon(
        self, submission: Submission, answered: Callable[[Reply | Exception], None]
    ) -> bool:
        """Take a request that needs nothing but the database, if it is one.

        Then ``answered`` hears, once, what ``submit`` would have returned or raised. False: it has
        to go through ``submit``. Raises StorageError when nothing can be stored now.
        """
        ...

    async def submit(self, submission: Submission) -> Reply:
        """Store and work a request; answer when it is settled, or when its time to wait is over.

        Raises KeyReusedError, and StorageError when it could not be stored; then nothing was.
        """
        ...

    async def request_status(self, strategy: StrategyName, request_id: str) -> Reply | None:
        """Return what is known of a request of this strategy; None if there is none."""
        ...


class LedgerPort(Protocol):
    """What a person may enter into the ledger, and ask of it."""

    async def enter(self, record: Record) -> EntryAnswer:
        """Make an entry, once. Raises NotPossibleError, EntryKeyReusedError and StorageError."""
        ...

    async def adjust_paper(
        self, account: str, key: str, asset: str | None, amount: Decimal
    ) -> PaperAnswer:
        """Let money or units reach a paper account. Raises Refused and NotPossibleError."""
        ...

    async def split_paper(
        self, account: str, key: str, symbol: Symbol, ratio: Ratio
    ) -> PaperAnswer:
        """Split a symbol at the paper exchange. Raises Refused and NotPossibleError."""
        ...

    async def move_paper(
        self, account: str, key: str, symbol: Symbol, price: Decimal
    ) -> PaperAnswer:
        """Let a symbol trade at a price there. Raises Refused and NotPossibleError."""
        ...

    async def reports(
        self, day: date | None, account: str | None, book: str | None
    ) -> list[BookReport]:
        """Sum up a market day, book by book."""
        ...


class AdminPort(Protocol):
    """What a person may do, and what the daemon says of itself."""

    def names(self, scope: Scope) -> Collection[str]:
        """Return the names a halt of this scope may carry; for ``Scope.ALL`` there are none."""
        ...

    async def halt(self, scope: Scope, name: str, reason: str) -> None:
        """Stop new orders; cancels stay allowed. ``name`` is empty for ``Scope.ALL``."""
        ...

    async def resume(self, scope: Scope, name: str, reason: str) -> bool:
        """Let new orders pass again; return whether there was such a halt.

        Raises Refused while the halt of a restored database must stay.
        """
        ...

    def book(self, name: str) -> tuple[StrategyName, AccountName] | None:
        """Return whose book this is and in which account; None if there is no such book."""
        ...

    async def stored_request(
        self, request_id: str
    ) -> tuple[StrategyName, RequestStatus, str] | None:
        """Return whose request this is, how it stands and its body; None if there is none."""
        ...

    async def strategy_of(self, order_id: str) -> StrategyName | None:
        """Return whose order this is, by our id of it or of one of its children."""
        ...

    async def preview_cancel(
        self, strategy: StrategyName, commands: Sequence[Cancel | CancelAll]
    ) -> Mapping[str, object]:
        """Answer what a cancel would end, and what else lives in those accounts; change nothing."""
        ...

    async def cancel_standing(self, request_id: str) -> bytes | None:
        """Return how the cancels of a request stand now, as JSON; None if it has none."""
        ...

    async def run_netting(self, account: str | None, symbol: Symbol | None) -> Mapping[str, object]:
        """Have orders netted now, all or some; answer what was crossed."""
        ...

    async def preview_live_netting(self, body: Mapping[str, Json]) -> Mapping[str, object]:
        """Answer what would be crossed now, and change nothing. Raises BadInput."""
        ...

    async def loc_sheet(self, account: str, symbol: str) -> Mapping[str, object]:
        """Answer what the live LOC orders of an account come to. Raises BadInput."""
        ...

    async def approve(self, order_id: str) -> None:
        """Let an order be worked that waits for a yes.

        Raises UnknownOrderError, NotWaitingError.
        """
        ...

    async def settle(self, child_id: str, number: str | None) -> None:
        """Take an order of unknown fate for the broker's of a number; None: it never had it.

        Raises UnknownOrderError, NotUnknownError, BrokerUnavailableError.
        """
        ...

    async def reject(self, order_id: str) -> None:
        """End an order that waits for a yes. Raises UnknownOrderError, NotWaitingError."""
        ...

    async def see(self, ids: Sequence[str], by: str) -> list[SeenMark]:
        """Mark alarms as seen, all or none; return what they bear. Raises Refused."""
        ...


class RebalancingPort(Protocol):
    """What rebalancing goes by, as it is stored."""

    def accounts(self) -> Collection[str]:
        """Return the names of the configured accounts."""
        ...

    async def thresholds(self) -> StoredThresholds:
        """Return the thresholds in force."""
        ...

    async def set_thresholds(self, mp: Decimal | None, sub_mp: Decimal | None) -> StoredThresholds:
        """Change one or both."""
        ...

    async def targets(self, account: str) -> list[StoredTargets]:
        """Return an account's targets, newest first."""
        ...

    async def unknown_tickers(self, account: str, targets: Targets) -> list[TargetFault]:
        """Name the tickers that the account's broker does not trade. Raises Refused."""
        ...

    async def set_targets(self, account: str, targets: Targets, set_by: str) -> StoredTargets:
        """Store targets that were checked before."""
        ...
