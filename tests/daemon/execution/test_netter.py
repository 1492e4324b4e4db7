"""Opposite orders of one account and symbol meet inside; only what is left goes to the broker."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from adapters.paper import Fault
from algorithms.domain import AccountName, BookName, Kind, Measure, OrderType, Side, Symbol
from daemon.execution.halts import Scope
from daemon.signals import WorkArrived
from tests.support.books import (
    MAIN,
    Wish,
    all_is_well,
    children,
    fills,
    make,
    paper,
    parents,
    select,
    told,
)
from tests.support.world import START, THREE_BOOKS, World, buy, cancel_all, sell, world

if TYPE_CHECKING:
    from adapters.broker import Broker, Quote
    from adapters.paper import PaperBroker
    from algorithms.instruments import Instrument
    from daemon.storage.tx import Tx

LIMIT, TWAP = OrderType.LIMIT, OrderType.TWAP
SLICED: dict[str, Any] = {"kind": TWAP, "slices": 4, "minutes": "60"}
VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "netting.json").read_text())["cases"]
TQQQ = Symbol("TQQQ")
FAR = START + timedelta(days=1)


async def stocked(here: World, *holdings: tuple[str, str], symbol: str = "TQQQ") -> None:
    """Let strategies buy what they will sell later."""
    for strategy, quantity in holdings:
        await here.submit(strategy, buy(symbol, quantity, nets=False))
    await here.pass_time(1)


def sent(here: World, side: Side) -> list[tuple[str, str]]:
    """Return book and quantity of every order that went to the broker on one side."""
    return [
        (row["book"], row["quantity"])
        for row in children(here, f"side = '{side.value}' AND sent_at IS NOT NULL")
    ]


async def set_price(here: World, price: str) -> None:
    """Move the market, and wait until nobody goes by the old price any more."""
    await paper(here).exchange.set_price(TQQQ, Decimal(price))
    await here.pass_time(6)


def pairs(here: World) -> list[tuple[str, str]]:
    rows = select(here, "SELECT * FROM netting_pairs ORDER BY id")
    return [(row["quantity"], row["price"]) for row in rows]


async def test_a_market_sell_meets_a_waiting_twap_and_nothing_goes_out(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await stocked(here, ("beta", "30"))
        await here.submit("alpha", buy("TQQQ", "50", **SLICED))
        reply = await here.submit("beta", sell("TQQQ", "30"))
        assert reply.http_status == 200
        assert pairs(here) == [("30", "100")]
        assert sent(here, Side.SELL) == []
        assert await here.held("a", "TQQQ") == 30
        assert await here.held("b", "TQQQ") == 0
        buyer, seller = parents(here)[-2:]
        assert (buyer["total"], buyer["remain"], buyer["slices_left"]) == ("50", "20", 4)
        assert (seller["status"], seller["reason"]) == ("done", "netted")
        await all_is_well(here)


async def test_both_sides_of_a_pair_carry_one_price_one_quantity_and_no_commission(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        await stocked(here, ("beta", "30"))
        cash = await here.held("b", "USD")
        await set_price(here, "110")
        await here.submit("alpha", buy("TQQQ", "30", **SLICED))
        await here.submit("beta", sell("TQQQ", "30"))
        sold, bought = sorted(fills(here, "source = 'netting'"), key=lambda row: row["side"])[::-1]
        assert sold["pair_id"] == bought["pair_id"] is not None
        assert (sold["quantity"], sold["price"], sold["fee"]) == ("30", "110", "0")
        assert (bought["quantity"], bought["price"], bought["fee"]) == ("30", "110", "0")
        assert (sold["profit"], bought["profit"]) == ("300", None)
        assert bought["average_cost"] == "110"
        assert await here.held("b", "USD") == cash + 3300
        assert await here.held("a", "USD") == 100_000 - 3300
        await all_is_well(here)


async def test_the_remainder_of_a_market_order_goes_to_the_broker(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await stocked(here, ("beta", "50"))
        await here.submit("alpha", buy("TQQQ", "20", **SLICED))
        await here.submit("beta", sell("TQQQ", "50"))
        await here.pass_time(1)
        assert pairs(here) == [("20", "100")]
        assert sent(here, Side.SELL) == [("b", "30")]
        seller = parents(here)[-1]
        assert (seller["status"], seller["remain"]) == ("done", "0")
        await all_is_well(here)


async def test_several_orders_pair_by_the_greedy_rule_the_oldest_first_on_ties(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        await stocked(here, ("gamma", "50"))
        first = await here.submit("alpha", buy("TQQQ", "20", **SLICED))
        second = await here.submit("beta", buy("TQQQ", "40", **SLICED))
        await here.submit("gamma", sell("TQQQ", "50"))
        assert pairs(here) == [("40", "100"), ("10", "100")]
        left = {row["request_id"]: row["remain"] for row in parents(here)}
        assert left[first.body["id"]] == "10"
        assert left[second.body["id"]] == "0"
        await all_is_well(here)


@pytest.mark.parametrize(
    ("limit", "crossed"), [("100", 1), ("99.99", 0)], ids=["at the price", "a cent below"]
)
async def test_a_limit_order_nets_only_where_its_limit_allows_the_price(
    tmp_path: Path, limit: str, crossed: int
) -> None:
    async with world(tmp_path) as here:
        await stocked(here, ("beta", "10"))
        await here.submit("beta", sell("TQQQ", "10", **SLICED))
        await here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price=limit))
        assert len(pairs(here)) == crossed
        assert bool(sent(here, Side.BUY)[1:]) is not bool(crossed)
        await all_is_well(here)


async def test_two_orders_of_one_book_never_net(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await stocked(here, ("alpha", "10"))
        await here.submit("alpha", buy("TQQQ", "10", **SLICED))
        await here.submit("alpha", sell("TQQQ", "10"))
        assert pairs(here) == []
        assert sent(here, Side.SELL) == [("a", "10")]
        await all_is_well(here)


async def test_books_of_different_accounts_never_net(tmp_path: Path) -> None:
    other = """
[accounts.other]
broker = "paper"
market = "24/7"
currency = "USD"
[accounts.other.paper]
prices = { TQQQ = "100" }
[strategies.delta]
[books.d]
strategy = "delta"
account = "other"
capital = "10000"
"""
    text = THREE_BOOKS.replace("[instruments.TQQQ]", other + "[instruments.TQQQ]")
    async with world(tmp_path, text) as here:
        await stocked(here, ("delta", "10"))
        await here.submit("alpha", buy("TQQQ", "10", **SLICED))
        await here.submit("delta", sell("TQQQ", "10"))
        assert pairs(here) == []
        assert sent(here, Side.SELL) == [("d", "10")]
        await all_is_well(here)


@pytest.mark.parametrize("who", ["buyer", "seller", "book", "everything"])
async def test_who_does_not_want_netting_goes_to_the_broker(tmp_path: Path, who: str) -> None:
    text = THREE_BOOKS
    if who == "book":
        text = text.replace("[books.b]\n", "[books.b]\nnet = false\n")
    if who == "everything":
        text = "[netting]\nenabled = false\n" + text
    async with world(tmp_path, text) as here:
        await stocked(here, ("beta", "10"))
        refused = False if who == "buyer" else None
        await here.submit("alpha", buy("TQQQ", "10", nets=refused, **SLICED))
        await here.submit("beta", sell("TQQQ", "10", nets=False if who == "seller" else None))
        assert pairs(here) == []
        assert sent(here, Side.SELL) == [("b", "10")]
        await all_is_well(here)


async def test_others_that_net_do_not_take_along_who_does_not(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await stocked(here, ("beta", "30"))
        await here.submit("alpha", buy("TQQQ", "20", nets=False, **SLICED))
        await here.submit("gamma", buy("TQQQ", "10", **SLICED))
        await here.submit("beta", sell("TQQQ", "30"))
        await here.pass_time(1)
        assert pairs(here) == [("10", "100")]
        assert sent(here, Side.SELL) == [("b", "20")]
        await all_is_well(here)


async def test_a_book_that_was_switched_off_crosses_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await stocked(here, ("beta", "10"))
        await here.submit("alpha", buy("TQQQ", "10", **SLICED))
        assert await here.reload(THREE_BOOKS.replace("[books.a]\n", "[books.a]\nactive = false\n"))
        await here.submit("beta", sell("TQQQ", "10"))
        assert pairs(here) == []
        assert sent(here, Side.SELL) == [("b", "10")]
        await all_is_well(here)


@pytest.mark.parametrize(
    ("kind", "terms"),
    [
        (OrderType.STOP_MARKET, {"stop": "90"}),
        (OrderType.STOP_LIMIT, {"stop": "90", "price": "89"}),
        (OrderType.LOC, {"price": "90"}),
        (OrderType.MOC, {}),
    ],
)
async def test_a_stop_and_an_order_for_the_close_never_net(
    tmp_path: Path, kind: OrderType, terms: dict[str, Any]
) -> None:
    async with world(tmp_path) as here:
        await stocked(here, ("beta", "10"))
        await here.submit("alpha", buy("TQQQ", "10", **SLICED))
        await here.submit("beta", sell("TQQQ", "10", kind=kind, nets=True, **terms))
        assert pairs(here) == []
        assert sent(here, Side.SELL) == [("b", "10")]
        await all_is_well(here)


async def test_a_resting_order_is_spoken_for_and_does_not_net(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await stocked(here, ("beta", "40"))
        await here.submit("alpha", buy("TQQQ", "40", kind=LIMIT, price="99"))
        await make(here, Wish(book="b", side=Side.SELL, value="40", due_at=FAR))
        await set_price(here, "99.5")
        assert pairs(here) == []
        await all_is_well(here)


async def test_a_sell_meets_the_free_part_of_a_buy_whose_slice_is_unanswered(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        await stocked(here, ("beta", "40"))
        await here.submit("alpha", buy("TQQQ", "40", kind=TWAP, slices=4, minutes="40"))
        paper(here).faults.script("place", Fault.ANSWER_LOST_BEFORE)
        await here.pass_time(5 * 60 + 1)
        (slice_,) = children(here, "book = 'a'")
        assert (slice_["state"], slice_["quantity"]) == ("sending", "10")
        await make(here, Wish(book="b", side=Side.SELL, value="40", due_at=FAR))
        await here.pass_time(1)
        assert pairs(here) == [("30", "100")]
        await all_is_well(here)
        await here.pass_time(60)
        assert pairs(here) == [("30", "100"), ("10", "100")], "the slice never arrived: it is free"
        await all_is_well(here)


class OldPrices:
    """A broker whose prices stopped ten minutes ago."""

    def __init__(self, broker: PaperBroker) -> None:
        self.broker = broker

    async def quote(self, symbol: Symbol) -> Quote:
        quote = await self.broker.quote(symbol)
        return replace(quote, at=quote.at - timedelta(minutes=10))

    async def instrument(self, symbol: Symbol) -> Instrument:
        return await self.broker.instrument(symbol)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ("silent", "no price: the connection was reset"),
        ("old", "price_stale"),
        ("far", "price_deviates"),
    ],
)
async def test_without_a_price_to_trust_a_group_is_skipped_with_one_notice(
    tmp_path: Path, trouble: str, reason: str
) -> None:
    async with world(tmp_path) as here:
        await stocked(here, ("beta", "10"))
        if trouble == "far":
            await set_price(here, "150")
        await here.pass_time(10)
        if trouble == "old":
            broker = paper(here)
            here.engine.services.brokers[MAIN] = cast("Broker", OldPrices(broker))
        wishes = (
            Wish(book="b", side=Side.SELL, value="10", due_at=FAR),
            Wish(book="a", side=Side.BUY, value="10", reserve_price="200", due_at=FAR),
        )
        if trouble == "silent":
            for _ in range(4):
                paper(here).faults.script("quote", Fault.RESET_BEFORE)
        await make(here, *wishes)
        await here.pass_time(2)
        for account in here.engine.accounts.values():
            assert account.worker is not None
            account.worker.arrived(WorkArrived(MAIN, TQQQ))  # look once more
        await here.pass_time(2)
        notices = told(here, "netting_skipped")
        here.engine.services.brokers[MAIN] = getattr(paper(here), "broker", paper(here))
        assert len(notices) == 1, notices
        assert reason in notices[0]["reason"]
        assert pairs(here) == []
        await all_is_well(here)


async def test_a_pair_whose_book_is_halted_meanwhile_leaves_nothing_and_the_next_is_tried(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        await stocked(here, ("gamma", "30"))
        netter = here.engine.accounts[AccountName("main")].worker._netter  # type: ignore[union-attr]  # noqa: SLF001
        basis = netter._basis  # noqa: SLF001

        async def halted_meanwhile(
            account: AccountName, symbol: Symbol
        ) -> tuple[Decimal, Decimal] | None:
            found = await basis(account, symbol)
            await here.engine.halts.halt(Scope.BOOK, "a", "by hand", here.clock.now())
            return found

        netter._basis = halted_meanwhile  # type: ignore[method-assign]  # noqa: SLF001
        await make(
            here,
            Wish(book="a", side=Side.BUY, value="20", reserve_price="110", due_at=FAR),
            Wish(book="b", side=Side.BUY, value="10", reserve_price="110", due_at=FAR),
            Wish(book="c", side=Side.SELL, value="30", due_at=FAR),
        )
        await here.pass_time(1)
        (failed,) = told(here, "pair_failed")
        assert failed["buyer"] == "a"
        assert "halted" in failed["reason"]
        assert pairs(here) == [("10", "100")]
        assert [row["remain"] for row in parents(here)[-3:]] == ["20", "0", "20"]
        assert await here.held("a", "TQQQ") == 0
        assert await here.reserved("a", "USD") == 2200
        await all_is_well(here)


async def test_a_cancelled_order_is_not_crossed(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await stocked(here, ("beta", "10"))
        await here.submit("alpha", buy("TQQQ", "10", **SLICED))
        await here.submit("alpha", cancel_all())
        await here.submit("beta", sell("TQQQ", "10"))
        assert pairs(here) == []
        await all_is_well(here)


async def test_cash_that_buys_less_than_one_more_lot_goes_back_to_the_book(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await stocked(here, ("beta", "50"))
        await make(
            here,
            Wish(book="a", side=Side.BUY, value="3050", measure=Measure.CASH, due_at=FAR),
            Wish(book="b", side=Side.SELL, value="50", due_at=FAR),
        )
        await here.pass_time(1)
        buyer, seller = parents(here)[-2:]
        assert (buyer["status"], buyer["reason"]) == ("done", "residual_below_one_lot")
        assert (buyer["total"], buyer["remain"], buyer["reserved"]) == ("3050", "50", "0")
        assert (seller["status"], seller["remain"], seller["reserved"]) == ("open", "20", "20")
        assert await here.reserved("a", "USD") == 0
        assert await here.held("a", "USD") == 97_000
        await all_is_well(here)


async def test_a_run_tells_what_it_saved(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await stocked(here, ("beta", "30"))
        await here.submit("alpha", buy("TQQQ", "50", **SLICED))
        await here.submit("beta", sell("TQQQ", "30"))
        await here.pass_time(1)
        (saved,) = told(here, "netting_done")
        # 3000 crossed at 0.25 percent on both sides; the seller's order needs no broker any more.
        assert saved["pairs"] == "1"
        assert saved["value"] == "3000"
        assert saved["commission"] == "15"
        assert saved["broker_orders"] == "1"
        (pair,) = told(here, "pair_crossed")
        assert (pair["buyer"], pair["seller"], pair["value"]) == ("a", "b", "3000")


async def test_a_book_never_gives_more_than_it_still_holds(tmp_path: Path) -> None:
    """A late fill may have sold what an order had set aside."""
    async with world(tmp_path) as here:
        await stocked(here, ("beta", "10"))
        await make(here, Wish(book="b", side=Side.SELL, value="10", due_at=FAR, nets=True))

        def shrink(tx: Tx) -> None:
            tx.position(AccountName("main"), BookName("b"), "TQQQ").quantity = Decimal(4)

        await here.engine.store.write(shrink)
        await here.submit("alpha", buy("TQQQ", "10", **SLICED))
        await here.pass_time(1)
        assert pairs(here) == [("4", "100")]
        assert await here.held("b", "TQQQ") == 0


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["name"])
async def test_the_engine_nets_as_the_vectors_say(tmp_path: Path, case: dict[str, Any]) -> None:
    async with world(tmp_path, vector_world(case), seed=3) as here:
        sells = [order for order in case["orders"] if order["kind"].startswith("SELL")]
        for order in sells:
            await here.submit(
                order["book"].lower(), buy(order["symbol"], order["value"], nets=False)
            )
        await here.pass_time(1)
        before = {
            (order["book"], order["symbol"]): await held_of(here, order) for order in case["orders"]
        }
        made = await make(here, *(wish_of(order) for order in case["orders"]))
        await here.pass_time(1)
        book_of = {
            made_id: order["book"] for made_id, order in zip(made, case["orders"], strict=True)
        }
        found = [
            [book_of[row["buy_parent"]], book_of[row["sell_parent"]], int(row["quantity"])]
            for row in select(here, "SELECT * FROM netting_pairs ORDER BY id")
        ]
        assert found == case["pairs"]
        rows = {row["id"]: row for row in parents(here)}
        for made_id, order in zip(made, case["orders"], strict=True):
            row, after = rows[made_id], case.get("after", {}).get(order["book"], {})
            assert row["kind"] == order["kind"]
            assert row["total"] == order["value"]
            assert row["status"] == after.get("status", row["status"])
            assert row["reason"] == after.get("reason", row["reason"])
            returned = after.get("cash_returned")
            assert row["remain"] == after.get("remain_value", returned or row["remain"])
            if "position_change" in after:
                change = await held_of(here, order) - before[order["book"], order["symbol"]]
                assert change == after["position_change"]
        await all_is_well(here)


def vector_world(case: dict[str, Any]) -> str:
    """A configuration with the accounts and books of a case."""
    books = {order["book"].lower(): order.get("account", "main") for order in case["orders"]}
    prices = f'prices = {{ TQQQ = "{case["price"]}", SOXL = "{case["price"]}" }}'
    accounts = "".join(
        f'[accounts.{name}]\nbroker = "paper"\nmarket = "24/7"\ncurrency = "USD"\n'
        f"[accounts.{name}.paper]\n{prices}\n"
        for name in sorted(set(books.values()))
    )
    rest = "".join(
        f'[strategies.{book}]\n[books.{book}]\nstrategy = "{book}"\naccount = "{account}"\n'
        'capital = "100000"\n'
        for book, account in books.items()
    )
    lots = "".join(
        f'[instruments.{symbol}]\nlot = "1"\ntick = "0.1"\n' for symbol in ("TQQQ", "SOXL")
    )
    return accounts + rest + lots


def wish_of(order: dict[str, str]) -> Wish:
    kind = Kind(order["kind"])
    return Wish(
        book=order["book"].lower(),
        account=order.get("account", "main"),
        symbol=order["symbol"],
        side=kind.side,
        kind=kind,
        value=order["value"],
        measure=Measure.CASH if kind.side is Side.BUY else Measure.QUANTITY,
        due_at=FAR,
    )


async def held_of(here: World, order: dict[str, str]) -> Decimal:
    return await here.held(
        order["book"].lower(), order["symbol"], account=order.get("account", "main")
    )
