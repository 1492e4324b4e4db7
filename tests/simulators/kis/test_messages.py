"""Whatever the simulator can send, the adapter reads: codes, fields, notices in every layout."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.broker import Accepted, CancelAccepted, OrderRequest, SentOrder
from adapters.clock import LoopClock
from adapters.http import Hosts
from adapters.kis.broker import KisBroker
from adapters.kis.codes import Proof, is_familiar, meaning_of
from adapters.kis.desk import KisSettings
from adapters.kis.hosts import Profile as Environment
from adapters.kis.hub import Hub
from adapters.kis.notices import read_frame, read_notices
from adapters.kis.tokens import Keys
from algorithms.domain import ChildId, OrderType, Side, Symbol, TimeInForce
from tests.adapters.kis.conftest import NEVER_OPEN
from tests.simulators.kis import KisSimulator, Profile, Switches
from tests.simulators.kis.divisions import DOMESTIC_DIVISIONS, OVERSEAS_DIVISIONS
from tests.simulators.kis.hours import Country
from tests.simulators.kis.listings import LISTINGS
from tests.simulators.kis.notices import record
from tests.simulators.kis.orders import BUY, SELL, Draft, News, NewsKind, Order, State
from tests.support.loops import in_virtual_time

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent
CODE = re.compile(
    r'"((?:EGW|IGW|OPSQ|SYDB|KIOK|MCA|APBK|APMP)\d{4,5}|4\d{7}|70070000|90000000)"',
)
INVENTED = {"APBK9991", "APBK9992", "APBK9993", "40160000"}
"""Nobody has written down what KIS says there."""
AT = datetime(2026, 11, 20, 1, 15, tzinfo=UTC)
NIGHT = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
OF = {listing.symbol: listing for listing in LISTINGS}


def codes() -> Iterator[str]:
    """Yield every code that stands in the simulator."""
    for path in FOLDER.glob("*.py"):
        if not path.name.startswith("test_"):
            yield from CODE.findall(path.read_text(encoding="utf-8"))


def test_every_code_is_in_the_adapters_table_but_those_nobody_has_written_down() -> None:
    found = set(codes())
    assert len(found) > 50
    assert {code for code in found if not is_familiar(code)} == INVENTED
    assert {meaning_of(code, "").proof for code in INVENTED} == {Proof.REFUSED}


def news(kind: NewsKind, symbol: str, side: str, quantity: int, price: Decimal) -> News:
    """Something that happened to an order for twice as much, which cancels another one."""
    listing = OF[symbol]
    korean = listing.country is Country.KOREA
    draft = Draft(
        account="5012345601",
        listing=listing,
        side=side,
        division=(DOMESTIC_DIVISIONS if korean else OVERSEAS_DIVISIONS)["00"],
        quantity=2 * quantity,
        price=price,
        venue="KRX" if korean else listing.exchange,
    )
    first = Order(1, 31_207, date(2026, 11, 20), "91264", draft, AT, AT, timedelta(), states=[])
    order = replace(first, serial=2, number=31_242, original=first, states=[State(AT)])
    return News(kind, order, AT, quantity, price)


@given(
    kind=st.sampled_from(NewsKind),
    symbol=st.sampled_from(["069500", "005930", "SOXL", "TQQQ"]),
    side=st.sampled_from([BUY, SELL]),
    quantity=st.integers(1, 999_999),
    cents=st.integers(1, 9_999_999),
    layout=st.sampled_from(["22", "23", "26"]),
    us_layout=st.sampled_from(["24", "25"]),
    numbers=st.sampled_from(["padded", "stripped"]),
    wider=st.booleans(),
    count=st.integers(1, 3),
)
def test_a_notice_says_the_same_in_every_layout(
    *,
    kind: NewsKind,
    symbol: str,
    side: str,
    quantity: int,
    cents: int,
    layout: Literal["22", "23", "26"],
    us_layout: Literal["24", "25"],
    numbers: Literal["padded", "stripped"],
    wider: bool,
    count: int,
) -> None:
    korean = OF[symbol].country is Country.KOREA
    price = Decimal(cents) if korean else Decimal(cents) / 100
    switches = Switches(
        notice_fields=layout,
        us_notice_fields=us_layout,
        notice_numbers=numbers,
        extra_fields=wider,
    )
    fields = record(news(kind, symbol, side, quantity, price), "htsuser1", switches)
    topic = "H0STCNI0" if korean else "H0GSCNI0"
    frame = read_frame(f"0|{topic}|{count:03d}|{'^'.join(fields * count)}")
    told = read_notices(frame, frame.payload)
    assert len(told) == count
    for each in told:
        assert (each.account, each.number, each.origin) == ("5012345601", "31242", "31207")
        assert (each.symbol, each.side) == (symbol, Side.BUY if side == BUY else Side.SELL)
        assert (each.quantity, each.price) == (Decimal(quantity), price)
        assert each.is_execution is (kind is NewsKind.FILLED)
        assert each.is_refused is (kind is NewsKind.REJECTED)


@pytest.mark.parametrize("wider", [False, True], ids=["as described", "with more fields"])
@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize(("market", "symbol"), [("XKRX", "069500"), ("XNYS", "SOXL")])
def test_the_adapter_knows_every_field_and_tells_of_others_once(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    *,
    profile: Profile,
    market: str,
    symbol: str,
    wider: bool,
) -> None:
    at = AT if market == "XKRX" else NIGHT
    in_virtual_time(ask_everything(tmp_path, profile, at, Symbol(symbol), wider=wider))
    told = [each.getMessage() for each in caplog.records if "oddities" in each.name]
    assert bool(told) is wider
    assert len(told) == len(set(told))


async def ask_everything(
    folder: Path, profile: Profile, at: datetime, symbol: Symbol, *, wider: bool
) -> None:
    """Have one order filled and another cancelled, and ask all that can be asked about them."""
    clock = LoopClock(at)
    simulator = KisSimulator(clock, profile)
    simulator.switches.extra_fields = wider
    urls, key = await simulator.start(), simulator.key("alice")
    number, hub = simulator.host.seeds["alice"].number, Hub(clock, folder)
    korean, last = OF[symbol].country is Country.KOREA, OF[symbol].price
    market, currency = ("XKRX", "KRW") if korean else ("XNYS", "USD")
    settings = KisSettings(
        account="main",
        profile=Environment(profile.value),
        hosts=Hosts(urls.rest, urls.ws),
        keys=Keys(key.app_key, key.app_secret),
        cano=number[:8],
        product=number[8:],
        market=market,
        currency=currency,
    )
    access = hub.access(settings.profile, settings.hosts, settings.keys)
    broker = KisBroker(settings, access, NEVER_OPEN)
    await broker.open()
    began = clock.now()
    await placed(broker, clock, symbol, last * 102 // 500 * 5)
    rests = await placed(broker, clock, symbol, last * 90 // 500 * 5)
    assert await broker.cancel((rests,)) == (CancelAccepted(),)
    await clock.sleep(60)
    await broker.open_orders()
    await broker.fills_since(began)
    await broker.holdings()
    await broker.buying_power(currency)
    await broker.quote(symbol)
    await broker.is_trading_day(broker.market_day(began))
    await broker.close()
    await hub.close()
    await simulator.close()
    asked = {each.operation.partition(".")[2] for each in simulator.host.log}
    assert {"buy", "revise", "balance", "price", "buyable"} <= asked


async def placed(broker: KisBroker, clock: LoopClock, symbol: Symbol, limit: Decimal) -> SentOrder:
    """Place an order to buy as the sender does, and give it a minute."""
    request = OrderRequest(
        client_id=ChildId(f"at {limit}"),
        symbol=symbol,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.DAY,
        quantity=Decimal(3),
        limit_price=limit,
    )
    print_, sent_at = await broker.fingerprint(request), clock.now()
    outcome = await broker.place(request)
    assert isinstance(outcome, Accepted)
    await clock.sleep(60)
    return SentOrder(
        request=request,
        sent_at=sent_at,
        fingerprint=print_,
        broker_order_id=outcome.order.id,
        market_day=outcome.order.market_day,
    )
