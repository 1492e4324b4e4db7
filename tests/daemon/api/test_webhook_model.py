"""A signal means exactly what it says, or every fault of it is told at once."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.domain import AccountName, OrderType, Side, Symbol
from daemon.api.auth import digest
from daemon.api.decode import decode_json
from daemon.api.problems import BadInput
from daemon.api.webhook_model import (
    ORDERS_MAX,
    WARNINGS_MAX,
    Signal,
    commands_from_stored,
    read_signal,
)
from daemon.execution.commands import Cancel, CancelAll, Place, Venue
from tests.daemon.api.fakes import ALPHA_TOKEN, signal

if TYPE_CHECKING:
    from daemon.execution.commands import Command

MAIN = AccountName("main")
ENVELOPE = {"group_name": "alpha", "token": ALPHA_TOKEN}


def read(document: object, header_key: str | None = None) -> Signal:
    """Read a body as it comes over the wire."""
    body = json.dumps(document).encode()
    return read_signal(decode_json(body, fold_keys=True), header_key)


def faults(document: object, header_key: str | None = None) -> list[str]:
    with pytest.raises(BadInput) as refused:
        read(document, header_key)
    return [str(problem) for problem in refused.value.problems]


def paths(document: object) -> set[str]:
    return {fault.partition(":")[0] for fault in faults(document)}


def place(**changes: object) -> Place:
    """Return what ``signal()`` means, changed."""
    whole: dict[str, object] = {
        "order_type": OrderType.MARKET,
        "symbol": Symbol("BTCUSDT"),
        "side": Side.BUY,
        "quantity": Decimal("0.5"),
        "percent": None,
        "price": None,
        "stop_price": None,
        "slices": None,
        "minutes": None,
        "nets": None,
        "venue": Venue(),
    }
    return Place(**(whole | changes))  # type: ignore[arg-type] # each test names its own


class TestOneOrder:
    @pytest.mark.parametrize(
        ("given", "means"),
        [
            ({}, place()),
            ({"order_type": "market", "side": "LONG"}, place()),
            ({"price": 100}, place(price=Decimal(100))),
            (
                {"order_type": "LIMIT", "price": "99.5"},
                place(order_type=OrderType.LIMIT, price=Decimal("99.5")),
            ),
            (
                {"order_type": "STOP_MARKET", "stop_price": 110},
                place(order_type=OrderType.STOP_MARKET, stop_price=Decimal(110)),
            ),
            (
                {"order_type": "STOP_LIMIT", "stopPrice": 110, "PRICE": "110.5"},
                place(
                    order_type=OrderType.STOP_LIMIT,
                    stop_price=Decimal(110),
                    price=Decimal("110.5"),
                ),
            ),
            (
                {"order_type": "LOC", "price": 7},
                place(order_type=OrderType.LOC, price=Decimal(7)),
            ),
            ({"order_type": "MOC"}, place(order_type=OrderType.MOC)),
            ({"order_type": "MOO"}, place(order_type=OrderType.MOO)),
            (
                {"order_type": "TWAP", "slices": 10, "minutes": 0.5},
                place(order_type=OrderType.TWAP, slices=10, minutes=Decimal("0.5")),
            ),
            (
                {"order_type": "TWAP", "slices": "10", "minutes": "30", "price": "100"},
                place(
                    order_type=OrderType.TWAP,
                    slices=10,
                    minutes=Decimal(30),
                    price=Decimal(100),
                ),
            ),
            ({"qty": None, "qty_per": -100}, place(quantity=None, percent=Decimal(-100))),
            ({"net": False}, place(nets=False)),
            (
                {"account": "main", "exchange": "PAPER", "market_type": "Spot", "currency": "usd"},
                place(
                    venue=Venue(account=MAIN, exchange="paper", market_type="spot", currency="USD")
                ),
            ),
        ],
    )
    def test_each_order_type_has_its_keys(self, given: dict[str, object], means: Command) -> None:
        assert read(signal(**given)).commands == (means,)

    @pytest.mark.parametrize(
        ("order_type", "missing"),
        [
            ("MARKET", {"symbol", "side", "qty"}),
            ("LIMIT", {"symbol", "side", "qty", "price"}),
            ("STOP_MARKET", {"symbol", "side", "qty", "stop_price"}),
            ("STOP_LIMIT", {"symbol", "side", "qty", "stop_price", "price"}),
            ("LOC", {"symbol", "side", "qty", "price"}),
            ("MOC", {"symbol", "side", "qty"}),
            ("LOO", {"symbol", "side", "qty", "price"}),
            ("TWAP", {"symbol", "side", "qty", "slices", "minutes"}),
            ("CANCEL", {"order_id"}),
        ],
    )
    def test_every_missing_key_is_told(self, order_type: str, missing: set[str]) -> None:
        assert paths({**ENVELOPE, "order_type": order_type}) == missing

    @pytest.mark.parametrize(
        ("order_type", "extra"),
        [
            ("MARKET", {"stop_price": 1}),
            ("LIMIT", {"price": 1, "slices": 3}),
            ("LIMIT", {"price": 1, "order_id": "x"}),
            ("STOP_MARKET", {"stop_price": 1, "price": 1}),
            ("TWAP", {"slices": 3, "minutes": 3, "stop_price": 1}),
            ("MOC", {"minutes": 3}),
        ],
    )
    def test_a_key_of_another_order_type_is_a_fault_that_names_who_takes_it(
        self, order_type: str, extra: dict[str, object]
    ) -> None:
        (fault,) = faults(signal(order_type=order_type, **extra))
        assert f"does not go with {order_type}, only with " in fault

    def test_a_cancel_takes_no_size(self) -> None:
        refused = {**ENVELOPE, "order_type": "CANCEL", "order_id": "x", "qty": 1, "net": True}
        assert paths(refused) == {"qty", "net"}

    def test_every_fault_of_a_signal_is_told_at_once(self) -> None:
        assert faults(
            {"order_type": "LIMIT", "side": "up", "qty": True, "price": -1, "token": 7, "id": ""}
        ) == [
            "side: must be buy or sell (long and short mean the same)",
            'qty: must be a number such as 10 or "0.5"',
            "price: must be above zero",
            "token: must be a text of 1 to 512 printable characters",
            "id: must be a text of 1 to 128 printable characters, or a whole number",
            "symbol: is missing: LIMIT needs it",
            "group_name: is missing",
        ]

    def test_an_unknown_order_type_is_answered_with_the_known_ones(self) -> None:
        (fault,) = faults(signal(order_type="ICEBERG"))
        assert fault == (
            "order_type: must be one of MARKET, LIMIT, STOP_MARKET, STOP_LIMIT, LOC, MOC, LOO, "
            "MOO, TWAP, CANCEL, CANCEL_ALL_ORDER"
        )

    def test_a_size_is_given_once(self) -> None:
        assert faults(signal(qty_per=10)) == ["qty: is given beside qty_per: give one of them"]
        assert faults(signal(qty=None)) == [
            "qty: is missing: give qty (units) or qty_per (percent)"
        ]

    def test_slices_are_at_least_a_second_apart(self) -> None:
        twap = signal(order_type="TWAP", slices=61, minutes=1)
        assert faults(twap) == ["minutes: is too short: 61 slices need a second each"]
        assert read(twap | {"slices": 60}).commands

    def test_a_gap_is_judged_even_if_something_else_is_wrong(self) -> None:
        twap = signal(order_type="TWAP", slices=61, minutes=1, side="up")
        assert paths(twap) == {"minutes", "side"}

    @pytest.mark.parametrize("document", [[], "MARKET", 7, None, True])
    def test_a_signal_is_an_object(self, document: object) -> None:
        assert faults(document) == ["body: must be a JSON object"]

    def test_an_empty_object_lacks_who_and_what(self) -> None:
        assert paths({}) == {"order_type", "group_name", "token"}

    def test_two_words_for_one_key_are_a_fault(self) -> None:
        assert faults(signal(user_token="x")) == [
            "user_token: is another word for token: give one of them"
        ]
        stops = signal(order_type="STOP_MARKET", stop_price=1, stopprice=1)
        assert faults(stops) == ["stopprice: is another word for stop_price: give one of them"]

    def test_the_token_is_known_by_its_older_name(self) -> None:
        assert read(signal(token=None, user_token=ALPHA_TOKEN)).token_digest == digest(ALPHA_TOKEN)


class TestCancels:
    def test_a_cancel_names_its_order(self) -> None:
        got = read({**ENVELOPE, "order_type": "CANCEL", "order_id": "01J", "account": "main"})
        assert got.commands == (Cancel(order_id="01J", venue=Venue(account=MAIN)),)

    def test_the_symbol_of_a_cancel_by_id_is_ignored_with_a_warning(self) -> None:
        got = read({**ENVELOPE, "order_type": "CANCEL", "order_id": "01J", "symbol": "TQQQ"})
        assert got.warnings == ("symbol: not needed by CANCEL, ignored",)

    def test_cancelling_all_may_be_narrowed(self) -> None:
        everything = read({**ENVELOPE, "order_type": "CANCEL_ALL_ORDER"})
        assert everything.commands == (CancelAll(symbol=None, side=None, venue=Venue()),)
        narrow = {"symbol": "eth/usdt", "side": "short", "account": "main"}
        got = read({**ENVELOPE, "order_type": "cancel_all_order", **narrow})
        assert got.commands == (
            CancelAll(symbol=Symbol("ETHUSDT"), side=Side.SELL, venue=Venue(account=MAIN)),
        )


class TestBatches:
    def test_cancels_and_market_orders_come_first_and_keep_their_order(self) -> None:
        got = read(
            {
                **ENVELOPE,
                "symbol": "TQQQ",
                "orders": [
                    {"order_type": "LIMIT", "side": "buy", "qty": 1, "price": 10},
                    {"order_type": "MARKET", "side": "sell", "qty": 2},
                    {"order_type": "TWAP", "side": "buy", "qty": 3, "slices": 2, "minutes": 2},
                    {"order_type": "CANCEL_ALL_ORDER"},
                    {"order_type": "LIMIT", "side": "buy", "qty": 4, "price": 10},
                ],
            }
        )
        kinds = [
            command.quantity if isinstance(command, Place) else type(command)
            for command in got.commands
        ]
        assert kinds == [2, CancelAll, 1, 3, 4]

    def test_the_symbol_of_the_whole_narrows_a_cancel_in_it(self) -> None:
        got = read({**ENVELOPE, "symbol": "TQQQ", "orders": [{"order_type": "CANCEL_ALL_ORDER"}]})
        assert got.commands == (CancelAll(symbol=Symbol("TQQQ"), side=None, venue=Venue()),)

    def test_the_symbol_may_stand_in_each_order_instead(self) -> None:
        order = {"order_type": "MARKET", "side": "buy", "qty": 1, "symbol": "tqqq"}
        got = read({**ENVELOPE, "orders": [order, order]})
        assert len(got.commands) == 2

    def test_what_is_shared_must_be_the_same(self) -> None:
        order = {"order_type": "MARKET", "side": "buy", "qty": 1}
        batch = {
            **ENVELOPE,
            "symbol": "TQQQ",
            "orders": [
                order,
                {**order, "symbol": "SOXL"},
                {**order, "token": "another"},
                {**order, "group_name": "beta"},
                {**order, **ENVELOPE, "symbol": "TQQQ"},
            ],
        }
        assert paths(batch) == {"orders[1].symbol", "orders[2].token", "orders[3].group_name"}

    def test_a_fault_says_in_which_order_it_is(self) -> None:
        batch = {
            **ENVELOPE,
            "symbol": "TQQQ",
            "orders": [
                {"order_type": "LIMIT", "side": "buy", "qty": 1},
                7,
                {"side": "buy"},
                {"order_type": "MARKET", "side": "buy", "qty": "x", "id": "1", "orders": []},
            ],
        }
        assert paths(batch) == {
            "orders[0].price",
            "orders[1]",
            "orders[2].order_type",
            "orders[3].qty",
            "orders[3].id",
            "orders[3].orders",
        }

    def test_an_order_s_keys_do_not_stand_beside_the_batch(self) -> None:
        order = {"order_type": "MARKET", "side": "buy", "qty": 1, "symbol": "TQQQ"}
        assert faults({**ENVELOPE, "orders": [order], "price": 5, "account": "main"}) == [
            "price: belongs into each of orders",
            "account: belongs into each of orders",
        ]

    @pytest.mark.parametrize("orders", [[], [{}] * (ORDERS_MAX + 1), {}, "MARKET"])
    def test_a_batch_holds_one_to_thirty_orders(self, orders: object) -> None:
        assert faults({**ENVELOPE, "symbol": "TQQQ", "orders": orders}) == [
            "orders: must be a list of 1 to 30 orders"
        ]

    def test_thirty_orders_are_taken(self) -> None:
        order = {"order_type": "MARKET", "side": "buy", "qty": 1}
        got = read({**ENVELOPE, "symbol": "TQQQ", "orders": [order] * ORDERS_MAX})
        assert len(got.commands) == ORDERS_MAX


class TestWarnings:
    def test_unknown_keys_are_named_and_not_stored(self) -> None:
        got = read(signal(comment="golden cross", api_secret="hunter2"))
        assert got.warnings == (
            "comment: unknown key, ignored",
            "api_secret: unknown key, ignored",
        )
        assert "hunter2" not in got.body
        assert orjson.loads(got.body)["warnings"] == list(got.warnings)

    def test_a_flood_of_unknown_keys_is_cut_and_counted(self) -> None:
        got = read(signal(**{f"k{number}": number for number in range(WARNINGS_MAX + 5)}))
        assert len(got.warnings) == WARNINGS_MAX + 1
        assert got.warnings[-1] == "and 5 more"

    def test_an_unknown_key_in_a_batch_has_its_place(self) -> None:
        order = {"order_type": "MARKET", "side": "buy", "qty": 1, "my note": "x", "secret": "s3"}
        got = read({**ENVELOPE, "symbol": "TQQQ", "orders": [order]})
        assert got.warnings[0] == 'orders[0]["my note"]: unknown key, ignored'
        assert "s3" not in got.body


class TestIdempotencyKey:
    def test_it_stands_in_the_body_or_in_the_header(self) -> None:
        assert read(signal()).key is None
        assert read(signal(id="one")).key == "one"
        assert read(signal(id=1732)).key == "1732"
        assert read(signal(), "one").key == "one"
        assert read(signal(id="one"), "one").key == "one"

    def test_two_different_ones_are_a_fault(self) -> None:
        assert faults(signal(id="one"), "two") == [
            "id: must be the same as the header Idempotency-Key, or left out"
        ]

    @pytest.mark.parametrize("key", ["", "x" * 129, "a\tb", "\udce9"])
    def test_the_header_is_held_to_the_same_rules(self, key: str) -> None:
        (fault,) = faults(signal(), key)
        assert fault.startswith("Idempotency-Key: must be a text")


numbers = st.decimals("0.000001", "1000000", places=6).map(str)
venues = st.fixed_dictionaries(
    {}, optional={"account": st.just("main"), "exchange": st.just("paper"), "net": st.booleans()}
)
sizes = st.one_of(
    st.fixed_dictionaries({"qty": numbers | st.integers(1, 10**6)}),
    st.fixed_dictionaries({"qty_per": st.integers(-100, -1) | st.integers(1, 10_000)}),
)
sides = st.sampled_from(["buy", "SELL", "Long", "short"])
kinds = st.one_of(
    st.fixed_dictionaries({"order_type": st.sampled_from(["MARKET", "moc"])}),
    st.fixed_dictionaries({"order_type": st.sampled_from(["LIMIT", "LOC"]), "price": numbers}),
    st.fixed_dictionaries({"order_type": st.just("STOP_MARKET"), "stopPrice": numbers}),
    st.fixed_dictionaries(
        {
            "order_type": st.just("TWAP"),
            "slices": st.integers(1, 60),
            "minutes": st.floats(1, 1440, width=16),
        }
    ),
)
orders = st.builds(
    lambda kind, size, side, venue: {**kind, **size, **venue, "side": side},
    kinds,
    sizes,
    sides,
    venues,
)


words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)


@given(st.lists(orders, min_size=1, max_size=4) | orders, words)
def test_what_is_stored_gives_the_same_commands_again(
    one_or_more: dict[str, object] | list[dict[str, object]], extra: str
) -> None:
    whole: dict[str, object] = {**ENVELOPE, "symbol": "TQQQ", f"x{extra}": extra}
    whole |= {"orders": one_or_more} if isinstance(one_or_more, list) else one_or_more
    got = read(whole)
    assert commands_from_stored(got.body) == got.commands
    assert ALPHA_TOKEN not in got.body


known_keys = st.sampled_from(sorted(signal() | {"orders": 0, "id": 0, "price": 0, "slices": 0}))
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(known_keys, inner, max_size=6),
    max_leaves=20,
)


@given(anything)
def test_anything_at_all_is_read_or_refused(document: object) -> None:
    with suppress(BadInput):
        assert read(document).commands


def test_a_signal_shows_no_token_when_printed() -> None:
    assert ALPHA_TOKEN not in repr(read(signal()))
