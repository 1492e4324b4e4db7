"""Books of one account cross what opposes; every share and every cent is accounted for."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.decimals import add, multiply, to_text
from algorithms.domain import AccountName, BookName, Kind, Measure, ParentId, Side, Symbol
from algorithms.netting import (
    RESIDUAL_BELOW_ONE_LOT,
    GroupResult,
    NettingOrder,
    Remainder,
    group_orders,
    net_group,
    savings,
)
from tests.algorithms.triple_loop import triple_loop

CASES = json.loads((Path(__file__).parents[1] / "vectors" / "netting.json").read_text())["cases"]


def order(
    name: str,
    side: Side,
    value: str,
    *,
    measure: Measure = Measure.QUANTITY,
    in_flight: str = "0",
    limit: str | None = None,
    reserved: str | None = None,
    book: str | None = None,
    account: str = "main",
    symbol: str = "TQQQ",
) -> NettingOrder:
    remain = Decimal(value)
    return NettingOrder(
        id=ParentId(name),
        book=BookName(book or name),
        account=AccountName(account),
        symbol=Symbol(symbol),
        side=side,
        measure=measure,
        remain=remain,
        free=remain - Decimal(in_flight),
        limit=None if limit is None else Decimal(limit),
        reserved_cash=None if reserved is None else Decimal(reserved),
    )


def cash_buy(
    name: str, cash: str, *, in_flight: str = "0", limit: str | None = None
) -> NettingOrder:
    return order(name, Side.BUY, cash, measure=Measure.CASH, in_flight=in_flight, limit=limit)


def sell(name: str, shares: str, *, in_flight: str = "0", book: str | None = None) -> NettingOrder:
    return order(name, Side.SELL, shares, in_flight=in_flight, book=book)


def net(*orders: NettingOrder, price: str = "100", lot: str = "1") -> GroupResult:
    return net_group(orders, Decimal(price), Decimal(lot))


def pairs(result: GroupResult) -> list[tuple[str, str, str]]:
    return [(p.buy.id, p.sell.id, to_text(p.quantity)) for p in result.pairs]


def after(result: GroupResult, name: str) -> Remainder:
    (found,) = [left for left in result.remaining if left.order.id == name]
    return found


def outcome(result: GroupResult, name: str) -> tuple[str, str, str | None, str]:
    """How an order stands: status, what remains, reason, cash returned."""
    left = after(result, name)
    status = "done" if left.done else "open"
    return status, to_text(left.remain), left.reason, to_text(left.cash_returned)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_published_cases_hold(case: dict[str, object]) -> None:
    listed = case["orders"]
    assert isinstance(listed, list)
    orders = []
    for row in listed:
        side = Kind(row["kind"]).side
        measure = Measure.CASH if side is Side.BUY else Measure.QUANTITY
        account = row.get("account", "default")
        orders.append(
            order(
                row["book"],
                side,
                row["value"],
                measure=measure,
                symbol=row["symbol"],
                account=account,
            )
        )
    results = [
        net_group(group, Decimal(str(case["price"])), Decimal(1))
        for group in group_orders(orders).values()
    ]
    found = [[p.buy.id, p.sell.id, int(p.quantity)] for result in results for p in result.pairs]
    assert found == case["pairs"]
    expected_after = case.get("after", {})
    assert isinstance(expected_after, dict)
    for name, expected in expected_after.items():
        (left,) = [left for r in results for left in r.remaining if left.order.id == name]
        moved = int(left.netted) if left.order.side is Side.BUY else -int(left.netted)
        seen = {
            "remain_value": to_text(left.remain),
            "status": "done" if left.done else "open",
            "reason": left.reason,
            "cash_returned": to_text(left.cash_returned),
            "position_change": moved,
        }
        assert {key: seen[key] for key in expected} == expected


def test_a_sell_of_50_netted_for_30_leaves_20_to_sell() -> None:
    result = net(cash_buy("bot1", "3000"), sell("bot2", "50"))
    assert pairs(result) == [("bot1", "bot2", "30")]
    assert outcome(result, "bot1") == ("done", "0", None, "0")
    assert outcome(result, "bot2") == ("open", "20", None, "0")


def test_binary_floats_would_buy_two_shares_here() -> None:
    result = net(cash_buy("A", "329.7"), sell("B", "3"), price="109.9")
    assert pairs(result) == [("A", "B", "3")]
    assert outcome(result, "A") == ("done", "0", None, "0")


def test_cash_that_buys_no_further_lot_goes_back_to_the_book() -> None:
    result = net(cash_buy("A", "3050"), sell("B", "50"))
    assert outcome(result, "A") == ("done", "0", RESIDUAL_BELOW_ONE_LOT, "50")


def test_cash_that_buys_one_more_lot_is_still_to_be_worked() -> None:
    result = net(cash_buy("A", "3100"), sell("B", "30"))
    assert outcome(result, "A") == ("open", "100", None, "0")


def test_a_cash_buy_too_small_for_a_lot_stays_open_if_nothing_of_it_was_netted() -> None:
    result = net(cash_buy("A", "99"), sell("B", "30"))
    assert outcome(result, "A") == ("open", "99", None, "0")


def test_only_what_no_child_order_may_still_fill_is_netted() -> None:
    result = net(cash_buy("A", "3000", in_flight="1000"), sell("B", "50", in_flight="35"))
    assert pairs(result) == [("A", "B", "15")]
    assert outcome(result, "A") == ("open", "1500", None, "0")
    assert outcome(result, "B") == ("open", "35", None, "0")


def test_an_order_with_a_child_at_the_broker_does_not_end_though_all_its_rest_was_netted() -> None:
    result = net(cash_buy("A", "3000", in_flight="2000"), sell("B", "15", in_flight="5"))
    assert pairs(result) == [("A", "B", "10")]
    assert outcome(result, "A") == ("open", "2000", None, "0")
    assert outcome(result, "B") == ("open", "5", None, "0")


def test_a_small_rest_of_cash_is_not_returned_while_a_child_may_spend_it() -> None:
    result = net(cash_buy("A", "2050", in_flight="50"), sell("B", "50"))
    assert outcome(result, "A") == ("open", "50", None, "0")


def test_a_quantity_buy_takes_no_more_than_its_reserved_cash_pays_for() -> None:
    buy = order("A", Side.BUY, "10", reserved="799")
    result = net(buy, sell("B", "10"))
    assert pairs(result) == [("A", "B", "7")]
    assert after(result, "A").remain == 3


def test_a_quantity_buy_whose_reserve_is_overspent_takes_nothing() -> None:
    assert pairs(net(order("A", Side.BUY, "10", reserved="-1"), sell("B", "10"))) == []


def test_a_quantity_buy_that_is_netted_wholly_is_done_without_cash_to_return() -> None:
    result = net(order("A", Side.BUY, "10", reserved="1050"), sell("B", "10"))
    assert outcome(result, "A") == ("done", "0", None, "0")


@pytest.mark.parametrize(
    ("side", "limit", "bought"),
    [
        (Side.BUY, "99.99", []),
        (Side.BUY, "100", ["5"]),
        (Side.BUY, "101", ["5"]),
        (Side.SELL, "100.01", []),
        (Side.SELL, "100", ["5"]),
        (Side.SELL, "99", ["5"]),
    ],
)
def test_a_limit_order_nets_only_at_a_price_its_limit_allows(
    side: Side, limit: str, bought: list[str]
) -> None:
    limited = order("L", side, "5", limit=limit)
    market = order("M", side.opposite, "5")
    assert [quantity for _, _, quantity in pairs(net(limited, market))] == bought


def test_a_limit_order_that_may_not_trade_leaves_its_partner_to_others() -> None:
    waiting = order("L", Side.BUY, "5", limit="90")
    assert pairs(net(waiting, order("A", Side.BUY, "5"), sell("B", "5"))) == [("A", "B", "5")]


def test_sells_of_one_book_never_give_more_than_it_holds() -> None:
    orders = [
        order("A", Side.BUY, "100"),
        sell("first", "10", book="bot"),
        sell("second", "10", book="bot"),
        sell("other", "10"),
    ]
    held = {BookName("bot"): Decimal("12.5"), BookName("elsewhere"): Decimal(99)}
    result = net_group(orders, Decimal(100), Decimal(1), held)
    assert pairs(result) == [("A", "first", "10"), ("A", "second", "2")]


def test_a_book_that_is_short_gives_nothing() -> None:
    held = {BookName("B"): Decimal(-3)}
    orders = [order("A", Side.BUY, "5"), sell("B", "5")]
    assert net_group(orders, Decimal(100), Decimal(1), held).pairs == ()


def test_two_orders_of_one_book_never_net() -> None:
    buy = order("buy", Side.BUY, "5", book="bot")
    assert net(buy, sell("sell", "5", book="bot")).pairs == ()


def test_coins_net_in_lots_of_a_satoshi() -> None:
    result = net(cash_buy("A", "100"), sell("B", "1"), price="60123.45", lot="0.00000001")
    assert pairs(result) == [("A", "B", "0.00166324")]
    assert outcome(result, "A") == ("done", "0", RESIDUAL_BELOW_ONE_LOT, "0.000273022")


def test_a_rest_of_shares_below_one_lot_stays_with_the_sell() -> None:
    result = net(cash_buy("A", "9000"), sell("B", "2.5"))
    assert outcome(result, "B") == ("open", "0.5", None, "0")


def test_orders_of_two_groups_are_refused() -> None:
    with pytest.raises(ValueError, match="one account and symbol"):
        net(cash_buy("A", "1"), order("B", Side.SELL, "1", account="other"))
    with pytest.raises(ValueError, match="one account and symbol"):
        net(cash_buy("A", "1"), order("B", Side.SELL, "1", symbol="SOXL"))


@pytest.mark.parametrize(("price", "lot"), [("0", "1"), ("-1", "1"), ("1", "0"), ("1", "-1")])
def test_there_is_no_netting_without_price_or_lot(price: str, lot: str) -> None:
    with pytest.raises(ValueError, match="no netting at price"):
        net(price=price, lot=lot)


def test_a_sell_by_cash_and_more_free_than_remains_are_mistakes_of_the_caller() -> None:
    with pytest.raises(ValueError, match="not cash"):
        order("A", Side.SELL, "1", measure=Measure.CASH)
    with pytest.raises(ValueError, match="part of what remains"):
        order("A", Side.SELL, "1", in_flight="-1")
    with pytest.raises(ValueError, match="part of what remains"):
        order("A", Side.SELL, "1", in_flight="2")


def test_groups_and_their_orders_keep_the_order_of_creation() -> None:
    orders = [
        order("1", Side.BUY, "1", symbol="B"),
        order("2", Side.BUY, "1", symbol="A"),
        order("3", Side.SELL, "1", symbol="B"),
        order("4", Side.SELL, "1", symbol="B", account="other"),
    ]
    groups = group_orders(orders)
    assert list(groups) == [("main", "B"), ("main", "A"), ("other", "B")]
    assert [o.id for o in groups[AccountName("main"), Symbol("B")]] == ["1", "3"]


def test_a_pair_that_ends_both_orders_saves_two_broker_orders() -> None:
    saved = savings([net(cash_buy("A", "3000"), sell("B", "30"))], Decimal("0.25"))
    assert saved.broker_orders == 2
    assert to_text(saved.value) == "3000"
    assert to_text(saved.commission) == "15"


def test_an_order_that_is_still_worked_afterwards_saves_no_broker_order() -> None:
    results = [
        net(cash_buy("A", "3000"), sell("B", "50")),
        net(cash_buy("C", "3050"), sell("D", "30")),
        net(cash_buy("E", "10"), sell("F", "30")),
    ]
    saved = savings(results, Decimal("0.1"))
    assert saved.broker_orders == 1 + 2
    assert saved.value == 6000
    assert to_text(saved.commission) == "12"
    assert savings([], Decimal(1)).value == 0


@st.composite
def groups(draw: st.DrawFn) -> tuple[list[NettingOrder], Decimal, Decimal]:
    """Orders of a few books by cash and by quantity, some in flight, many of equal size."""
    price = draw(st.sampled_from(["100", "109.9", "0.0007", "33333.33"]))
    lot = draw(st.sampled_from(["1", "0.01", "10", "0.00000001"]))
    orders = []
    for at in range(draw(st.integers(0, 8))):
        side = draw(st.sampled_from(Side))
        by_cash = side is Side.BUY and draw(st.booleans())
        unit = Decimal(price) * Decimal(lot) if by_cash else Decimal(lot)
        remain = unit * draw(st.integers(1, 6)) + draw(st.sampled_from([Decimal(0), unit / 4]))
        limit = draw(st.none() | st.sampled_from([Decimal(price), Decimal(price) * 2]))
        reserved = draw(st.none() | st.just(remain * Decimal(price) / 2))
        orders.append(
            NettingOrder(
                id=ParentId(str(at)),
                book=BookName(draw(st.sampled_from("abcd"))),
                account=AccountName("main"),
                symbol=Symbol("X"),
                side=side,
                measure=Measure.CASH if by_cash else Measure.QUANTITY,
                remain=remain,
                free=draw(st.sampled_from([remain, remain / 2, Decimal(0)])),
                limit=limit,
                reserved_cash=None if by_cash or side is Side.SELL else reserved,
            )
        )
    return orders, Decimal(price), Decimal(lot)


def plain_lots(order: NettingOrder, price: Decimal, lot: Decimal) -> int:
    """The lots of an order by the words of the rule, in fractions."""
    if not order.allows(price):
        return 0
    free, p, one = Fraction(order.free), Fraction(price), Fraction(lot)
    if order.measure is Measure.CASH:
        return free // (p * one)
    if order.reserved_cash is None:
        return free // one
    return min(free // one, Fraction(order.reserved_cash) // (p * one))


@given(groups())
def test_a_group_nets_as_the_triple_loop_says(
    market: tuple[list[NettingOrder], Decimal, Decimal],
) -> None:
    orders, price, lot = market
    buys = [o for o in orders if o.side is Side.BUY]
    sells = [o for o in orders if o.side is Side.SELL]
    expected = triple_loop(
        [plain_lots(o, price, lot) for o in buys],
        [plain_lots(o, price, lot) for o in sells],
        [o.book for o in buys],
        [o.book for o in sells],
    )
    found = net_group(orders, price, lot).pairs
    assert [(p.buy.id, p.sell.id, Fraction(p.quantity)) for p in found] == [
        (buys[b].id, sells[s].id, lots * Fraction(lot)) for b, s, lots in expected
    ]


@given(groups())
def test_every_share_and_every_cent_is_accounted_for(
    market: tuple[list[NettingOrder], Decimal, Decimal],
) -> None:
    orders, price, lot = market
    result = net_group(orders, price, lot)
    netted: defaultdict[str, Fraction] = defaultdict(Fraction)
    for pair in result.pairs:
        assert pair.price == price
        assert pair.buy.book != pair.sell.book
        netted[pair.buy.id] += Fraction(pair.quantity)
        netted[pair.sell.id] += Fraction(pair.quantity)
    assert [left.order for left in result.remaining] == orders
    for left in result.remaining:
        assert Fraction(left.netted) == netted[left.order.id]
        spent = left.netted if left.order.measure is Measure.QUANTITY else price * left.netted
        assert add(add(left.remain, left.cash_returned), spent) == left.order.remain
        assert spent <= left.order.free
        if left.order.reserved_cash is not None:
            assert multiply(left.netted, price) <= left.order.reserved_cash
        assert not left.done or left.remain == 0
        assert left.netted or not left.done
        assert (left.reason == RESIDUAL_BELOW_ONE_LOT) == (left.cash_returned > 0)


@given(groups())
def test_netting_again_finds_nothing_more(
    market: tuple[list[NettingOrder], Decimal, Decimal],
) -> None:
    orders, price, lot = market
    result = net_group(orders, price, lot)
    rest = []
    for left in result.remaining:
        o = left.order
        spent = left.netted if o.measure is Measure.QUANTITY else multiply(price, left.netted)
        paid = multiply(price, left.netted)
        rest.append(
            NettingOrder(
                id=o.id,
                book=o.book,
                account=o.account,
                symbol=o.symbol,
                side=o.side,
                measure=o.measure,
                remain=left.remain,
                free=Decimal(0) if left.done else o.free - spent,
                limit=o.limit,
                reserved_cash=None if o.reserved_cash is None else o.reserved_cash - paid,
            )
        )
    assert net_group(rest, price, lot).pairs == ()
