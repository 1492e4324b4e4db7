"""``nettingd demo``: a trading session of three bots in one account, played on the real daemon.

Everything shown is read from the daemon's answers, its database and the exchange's own; every
claim is checked, and the exit code is 0 only if all of them hold.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from adapters.clock import SystemClock
from adapters.tasks import TaskSupervisor
from algorithms.decimals import ZERO, to_text, total
from daemon.cli.demo_books import Books, money
from daemon.cli.demo_stage import Stage
from daemon.cli.process import DaemonFailedError
from daemon.cli.screen import Screen
from daemon.service.exits import Exit

if TYPE_CHECKING:
    import sqlite3

    from daemon.cli.demo_stage import Answer

SLICES, TWAP_S = 6, 18.0
STARTS_IN_TWAP = 6
"""On a slow machine the order takes longer: as long as so many starts, since one falls into it."""
ASKED, NETTED, IN_FLIGHT = 50, 30, 10
RESTING_SIGNALS, RESTING_BETA = 3, 2
SLICES_BEFORE_KILL = 2
WAIT_S = 10.0
READ_S = 0.8
"""Time to read what was just said."""


class UnexpectedAnswerError(Exception):
    """An order that the story needs was not accepted."""


def demo() -> int:
    """Play the session on a temporary database; nothing of it is left behind."""
    screen = Screen(sys.stdout, coloured=sys.stdout.isatty())
    with tempfile.TemporaryDirectory(prefix="nettingd-demo-") as folder:
        try:
            return asyncio.run(_play(Path(folder), screen))
        except asyncio.CancelledError:
            return Exit.INTERRUPTED


async def _play(folder: Path, screen: Screen) -> int:
    clock = SystemClock()
    stage = Stage(folder, clock)
    playing = asyncio.current_task()
    assert playing is not None  # this coroutine's own
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, playing.cancel)
    began = clock.monotonic()
    try:
        await Session(stage, screen).play()
    except (DaemonFailedError, UnexpectedAnswerError, aiohttp.ClientError, TimeoutError) as error:
        screen.claim(f"the session can go on ({error!r})", holds=False)
        screen.show(stage.daemon.log_tail())
    finally:
        await stage.close()
    if screen.false_claims:
        screen.heading(f"{len(screen.false_claims)} of what was claimed is not so.")
        return Exit.FAILED
    screen.heading(f"All of it is so; it took {clock.monotonic() - began:.0f} seconds.")
    return Exit.OK


class Session:
    """The story, act by act."""

    def __init__(self, stage: Stage, screen: Screen) -> None:
        self._stage = stage
        self._screen = screen
        self._books = Books(stage)
        self._twap = ""
        self._twap_s = TWAP_S
        self._slices_shown = 0

    async def play(self) -> None:
        """Play every act in its order."""
        for act in (
            self.open,
            self.trade_alone,
            self._net,
            self._isolate,
            self._kill,
            self._go_on,
            self._close,
            self._verify,
        ):
            await act()
            await self._stage.pause(READ_S)

    async def open(self) -> None:
        self._screen.heading("One account, three bots")
        self._screen.say(
            "The broker knows one account, 'main'. Three bots trade in it, alpha, beta and gamma, "
            "and a webhook strategy, signals. Each has a book of its own: its cash, its positions."
        )
        seconds = await self._stage.open()
        self._twap_s = max(TWAP_S, STARTS_IN_TWAP * seconds)
        self._screen.show(f"nettingd ready {self._stage.daemon.url}")
        self._screen.show(f"({seconds:.1f} s after its process was started)")

    async def trade_alone(self) -> None:
        self._screen.heading("Nobody opposes: orders go to the broker")
        for bot, symbol, quantity in (("gamma", "TQQQ", 60), ("beta", "SOXL", 40)):
            answer = await self._order(bot, "MARKET", "buy", quantity, symbol)
            order = _only(answer)
            await self._ended(order)
            held = self._books.held(bot, symbol)
            self._screen.claim(
                f"{bot} holds {to_text(held)} {symbol}",
                holds=self._books.filled(order) == held == quantity,
            )

    async def _net(self) -> None:
        self._screen.heading("Opposite orders are crossed inside")
        self._screen.say(
            f"alpha buys {ASKED} TQQQ, spread over {SLICES} slices. gamma wants to sell {NETTED} "
            "of its TQQQ now. What one sells the other buys: no broker, no commission, no spread."
        )
        minutes = f"{self._twap_s / 60:.2g}"
        twap = await self._order("alpha", "TWAP", "buy", ASKED, slices=SLICES, minutes=minutes)
        self._twap = _only(twap)
        sale = _only(await self._order("gamma", "MARKET", "sell", NETTED))
        self._screen.table(self._books.pairs_table())
        pairs, sides = self._books.pairs(), self._books.netting_fills()
        crossed = total(Decimal(pair["quantity"]) for pair in pairs)
        self._screen.claim(
            f"{to_text(crossed)} shares went from gamma to alpha", holds=crossed == NETTED
        )
        self._screen.claim(
            "nothing of gamma's sale was sent to the broker", holds=not self._books.children(sale)
        )
        self._screen.claim(
            "both sides have the same price, and neither paid commission",
            holds=len(sides) == 2 * len(pairs)
            and all(Decimal(fill["fee"]) == ZERO for fill in sides)
            and {fill["price"] for fill in sides} == {pair["price"] for pair in pairs},
        )

    async def _isolate(self) -> None:
        self._screen.heading("A strategy cancels exactly its own")
        self._screen.say(
            "signals and beta both have limit orders for SOXL waiting at the broker. Then signals "
            "says: cancel all. The broker's own 'cancel all' would have ended the orders of both."
        )
        for bot, orders in (("signals", RESTING_SIGNALS), ("beta", RESTING_BETA)):
            for price in range(40, 40 + orders):
                await self._order(bot, "LIMIT", "buy", 4, "SOXL", price=str(price))
        before = self._books.waiting()
        answer = await self._send("signals", "CANCEL_ALL_ORDER")
        after = self._books.waiting()
        self._screen.claim(
            f"the {RESTING_SIGNALS} orders of signals ended, and the exchange confirms it",
            holds=answer.cancelled_orders == len(before["signals"]) == RESTING_SIGNALS
            and not after["signals"],
        )
        self._screen.claim(
            f"beta's {RESTING_BETA} orders still wait there",
            holds=after["beta"] == before["beta"] and len(after["beta"]) == RESTING_BETA,
        )

    async def _kill(self) -> None:
        self._screen.heading("kill -9, in the middle of it")
        enough = SLICES_BEFORE_KILL
        await self._stage.until(lambda: self._show_slices() >= enough, self._twap_s)
        self._screen.say(
            f"beta buys {IN_FLIGHT} SOXL. The exchange has the order, its answer is on the way, "
            "and at that moment the daemon is killed: it cannot know."
        )
        held = self._books.at_exchange()["SOXL"]
        sending = TaskSupervisor().spawn(self._send_in_vain(), name="the order in flight")
        await self._stage.until(lambda: self._books.at_exchange()["SOXL"] > held, WAIT_S)
        await self._stage.daemon.kill()
        unanswered = await sending
        child = self._books.newest_child("beta")
        self._screen.claim(
            f"killed: the exchange has filled it, the books say '{child['state']}'",
            holds=self._books.at_exchange()["SOXL"] == held + IN_FLIGHT
            and child["state"] == "sending"
            and unanswered,
        )
        await self._restart(child, held)

    async def _send_in_vain(self) -> bool:
        """Send the order in flight; return whether its sender was left without an answer."""
        try:
            await self._stage.send("beta", "MARKET", symbol="SOXL", side="buy", qty=IN_FLIGHT)
        except aiohttp.ClientError:
            return True
        return False

    async def _restart(self, killed: sqlite3.Row, held: Decimal) -> None:
        """Start again; see that the order in flight is found, not sent again."""
        seconds = await self._stage.open()
        self._screen.show(f"nettingd ready {self._stage.daemon.url} (after {seconds:.1f} s)")
        await self._ended(killed["parent_id"])
        child = self._books.newest_child("beta")
        self._screen.claim(
            f"the exchange was asked about it; the books say '{child['state']}'",
            holds=(child["id"], child["state"]) == (killed["id"], "filled"),
        )
        self._screen.claim(
            "it is at the exchange once: nothing was lost, nothing was sent again",
            holds=len(self._books.sent(child["id"])) == 1
            and self._books.at_exchange()["SOXL"] == held + IN_FLIGHT,
        )

    async def _go_on(self) -> None:
        self._screen.heading("The slices go on where they stood")

        def ended() -> bool:
            self._show_slices()
            return self._books.has_ended(self._twap)

        await self._stage.until(ended, self._twap_s + WAIT_S)
        status = self._books.parent(self._twap)["status"]
        self._screen.claim(
            f"alpha's order is {status}: {NETTED} netted and {ASKED - NETTED} in slices are the "
            f"{ASKED} it asked for",
            holds=status == "done"
            and self._books.filled(self._twap) == self._books.held("alpha", "TQQQ") == ASKED,
        )
        answer = await self._send("beta", "CANCEL_ALL_ORDER")
        self._screen.claim(
            "beta's orders from before the kill could be cancelled after it",
            holds=answer.cancelled_orders == RESTING_BETA
            and not any(self._books.waiting().values()),
        )

    async def _close(self) -> None:
        self._screen.heading("The close")
        self._screen.table(self._books.closing_table())
        inside, outside = self._books.inside(), self._books.at_exchange()
        for asset, quantity in sorted(outside.items()):
            self._screen.claim(
                f"the books together hold what the exchange says: {to_text(quantity)} {asset}",
                holds=inside.get(asset) == quantity,
            )
        saved = self._books.saved()
        self._screen.claim(
            f"netting crossed {money(saved.value)} USD: {saved.broker_orders} fewer orders "
            f"at the broker, {money(saved.commission)} USD less commission",
            holds=saved.broker_orders > 0 and saved.commission > ZERO,
        )
        self._screen.say(f"The daemon's address, for pages and programs: {self._stage.daemon.url}/")

    async def _verify(self) -> None:
        self._screen.heading("nettingd verify")
        code = await self._stage.daemon.stop()
        self._screen.claim("the daemon has stopped in order", holds=code == Exit.OK)
        code, output = await self._stage.command("verify")
        self._screen.table(output)
        self._screen.claim("every invariant holds", holds=code == Exit.OK)

    async def _order(
        self,
        bot: str,
        kind: str,
        side: str,
        quantity: int,
        symbol: str = "TQQQ",
        **terms: str | int,
    ) -> Answer:
        return await self._send(bot, kind, symbol=symbol, side=side, qty=quantity, **terms)

    async def _send(self, bot: str, kind: str, **terms: str | int) -> Answer:
        """Send a webhook and show it with its answer."""
        answer = await self._stage.send(bot, kind, **terms)
        words = [bot, kind, *(f"{key} {value}" for key, value in terms.items())]
        self._screen.show(" ".join(words))
        self._screen.show(f"  -> {answer.status} {answer.word}: {answer.message}")
        return answer

    async def _ended(self, parent_id: str) -> None:
        """Wait for the end of an order; whether it came is for the claims to say."""
        await self._stage.until(lambda: self._books.has_ended(parent_id), WAIT_S)

    def _show_slices(self) -> int:
        """Show slices that ended since; return how many have in all."""
        slices = self._books.ended_slices(self._twap)
        for child in slices[self._slices_shown :]:
            self._slices_shown += 1
            self._screen.show(
                f"alpha, slice {self._slices_shown}: {child['quantity']} TQQQ at most "
                f"{child['limit_price']}: {child['state']}"
            )
        return len(slices)


def _only(answer: Answer) -> str:
    """Return our id of the one order an answer is about."""
    if len(answer.order_ids) != 1:
        raise UnexpectedAnswerError(f"{answer.status} {answer.word}: {answer.message}")
    return answer.order_ids[0]
