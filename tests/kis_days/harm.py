"""What goes wrong in a day, drawn from its seed: how the host is, and what its calls meet."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.kis_days.house import AMERICAN_FUNDS, KOREAN_FUNDS
from tests.simulators.kis import Fault, Met
from tests.simulators.kis.hours import Country

if TYPE_CHECKING:
    import random
    from datetime import datetime

    from tests.simulators.kis import KisSimulator

CENT = Decimal("0.01")
BEFORE_CODES = ("EGW00201", "EGW00202", "EGW00215", "EGW00300", "EGW00302", "EGW00123")
AFTER_CODES = ("EGW00201", "EGW00302", "EGW00301", "EGW00300", "EGW00202", "EGW00215", "EGW00002")
LATE_S = (0.5, 3.0, 7.0)
"""A request that broke off is carried out at most so much later."""
ORDERS = (
    *(Met(fault) for fault in (Fault.DROP_BEFORE, Fault.DROP_AFTER)),
    *(Met(fault) for fault in (Fault.SILENCE_BEFORE, Fault.SILENCE_AFTER)),
    *(Met(fault) for fault in (Fault.NO_NUMBER_BEFORE, Fault.NO_NUMBER_AFTER)),
    *(Met(fault) for fault in (Fault.HTML_BEFORE, Fault.HTML_AFTER)),
    *(Met(fault) for fault in (Fault.EMPTY_BEFORE, Fault.EMPTY_AFTER)),
    Met(Fault.TRUNCATE_AFTER),
    *(Met(Fault.LATE, delay) for delay in LATE_S),
    *(Met(fault, delay) for fault in (Fault.DELAY, Fault.SLOW) for delay in LATE_S),
    *(Met(Fault.NOTICE_FIRST, delay) for delay in LATE_S),
    *(Met(Fault.GATEWAY_BEFORE, code=code) for code in BEFORE_CODES),
    *(Met(Fault.GATEWAY_AFTER, code=code) for code in AFTER_CODES),
)
REJECTIONS = (Met(Fault.REJECT_LATE), Met(Fault.REJECT_LATE, 4.0))
READS = (
    Met(Fault.DROP_BEFORE),
    Met(Fault.SILENCE_BEFORE),
    Met(Fault.HTML_BEFORE),
    Met(Fault.EMPTY_BEFORE),
    Met(Fault.TRUNCATE_AFTER),
    Met(Fault.SLOW, 5.0),
    *(Met(Fault.GATEWAY_BEFORE, code=code) for code in ("EGW00201", "EGW00215", "EGW00316")),
)
LISTS = (*READS, Met(Fault.DATA_CHANGED))
KEYS = (Met(Fault.DROP_BEFORE), Met(Fault.HTML_BEFORE), Met(Fault.GATEWAY_BEFORE, code="EGW00002"))
SWITCHES: dict[str, tuple[object, ...]] = {
    "rate_window": ("fixed", "sliding", "bucket"),
    "rate_limit": (18, 18, 18, 3),
    "order_spacing_s": (0.0, 0.0, 0.5),
    "ledger_limit": (0, 0, 2),
    "stray_throttle_percent": (0, 1, 3),
    "token_refusal_s": (60.0, 107.0),
    "revoked_token_comes_back": (False, True),
    "token_refusal_grows": (False, True),
    "new_token_kills_old": (False, True),
    "expired_token_status": (500, 401, 200),
    "business_status": (200, 500),
    "blank_output": (False, True),
    "end_keys": ("blank", "static", "absent"),
    "page_status": ("M", "F"),
    "end_status": ("D", "E"),
    "split_holdings": (False, True),
    "extra_fields": (False, True),
    "strange_codes": (False, True),
    "pages_notice_changes": (False, True),
    "visible_to_s": (0.0, 2.0, 6.0),
    "us_visible_to_s": (0.0, 2.0, 6.0),
    "overseas_numbers": ("padded", "stripped", "spaced"),
    "us_order_clock": ("korean", "eastern", "split"),
    "us_days": ("listed", "listed", "empty", "missing"),
    "open_list_pages": (True, False),
    "filler_rows": (0, 1, 7),
    "cancel_marks": ("both", "child", "original"),
    "expired_rows": ("cancelled", "remaining"),
    "numbers": ("shared", "per_account"),
    "notice_fields": ("23", "26", "22"),
    "us_notice_fields": ("25", "24"),
    "us_notice_time": (True, False),
    "notice_numbers": ("padded", "stripped"),
    "encrypted": (True, False),
    "acknowledged_as": ("Y", "N"),
    "confirmed_as": ("1", "2", "3"),
    "confirmed_twice": (False, True),
    "joined_notices": (False, True),
    "repeated_notices": (False, True),
    "shuffled_notices": (False, True),
    "notice_lag_s": (0.0, 0.05, 2.0),
    "session_linger_s": (0.0, 20.0),
    "ping_s": (10.0, 14.0),
    "cancel_delay_s": (0.0, 0.5, 3.0),
}

FOR_A_WHILE = {
    "down": ("down", True, False),
    "slow": ("latency_s", 2.5, 0.0),
    "stall": ("stalled", True, False),
    "deaf": ("pong_timeout_s", 0.0, 30.0),
    "no registering": ("registering_fails", True, False),
}
"""Switches that make the host or its socket useless: what they are set to, and to what again."""
LAYOUT = ("notice_fields", "us_notice_fields", "encrypted", "joined_notices", "notice_numbers")


def set_switches(simulator: KisSimulator, chance: random.Random) -> dict[str, object]:
    """Decide what is unconfirmed, each thing one way or another; return what was decided."""
    decided = {name: chance.choice(values) for name, values in SWITCHES.items()}
    for name, value in decided.items():
        simulator.switches.set(name, value)
    return decided


def set_odds(simulator: KisSimulator, percent: int) -> None:
    """Let so many of the calls of every kind meet something."""
    faults = simulator.faults
    for side in ("buy", "sell", "revise"):
        faults.odds(f"*.{side}", percent, *ORDERS)
    for side in ("buy", "sell"):
        faults.odds(f"*.{side}", max(1, percent // 4), *REJECTIONS)
    for name in ("domestic.daily", "domestic.cancellable", "us.open", "us.fills"):
        faults.odds(name, percent, *LISTS)
    faults.odds("token", percent, *KEYS)
    faults.odds("approval", percent, *KEYS)
    faults.odds("domestic.*", percent, *READS)
    faults.odds("us.*", percent, *READS)


class Harm:
    """One thing that happens to the host or to its socket at some moment of a day."""

    def __init__(self, simulator: KisSimulator, now: datetime, chance: random.Random) -> None:
        self._simulator = simulator
        self._host = simulator.host
        self._sockets = simulator.sockets
        self._chance = chance
        self._until = now + timedelta(seconds=chance.choice((20, 200)))

    def do(self) -> str:
        """Do it, by chance; return what it is called."""
        what = self._chance.choice(
            (
                *(self.drop, self.garbled, self.strangers, self.new_keys, self.rival),
                *(self.other_layout, self.token, self.auctions, self.auctions, self.thin),
                *(self.for_a_while,) * 4,
            )
        )
        return what() or what.__name__

    def drop(self) -> None:
        self._sockets.drop_all()

    def garbled(self) -> None:
        self._sockets.say_to_all("1|H0STCNI0|001|bm90aGluZw==")

    def strangers(self) -> None:
        for country in Country:
            self._sockets.tell_of_stranger(country)

    def new_keys(self) -> None:
        self._host.tokens.forget_approvals()
        self._sockets.drop_all()

    def rival(self) -> None:
        self._sockets.hold_all(self._until)

    def other_layout(self) -> None:
        for name in LAYOUT:
            self._host.switches.set(name, self._chance.choice(SWITCHES[name]))

    def for_a_while(self) -> str:
        what = self._chance.choice([*FOR_A_WHILE])
        name, harmful, harmless = FOR_A_WHILE[what]
        switches = self._host.switches
        switches.set(name, harmful)
        self._host.agenda.at(self._until, lambda: switches.set(name, harmless))
        if what == "no registering":
            self._sockets.drop_all()
        return what

    def token(self) -> None:
        self._host.tokens.expire_all()

    def auctions(self) -> None:
        """Let the American close be at another price, and perhaps of few shares."""
        market = self._host.market
        for symbol in AMERICAN_FUNDS:
            percent = self._chance.choice((96, 100, 103))
            market.auction[symbol] = (market.last(symbol) * percent / 100).quantize(CENT)
            market.auction_depth[symbol] = self._chance.choice((7, 10_000))

    def thin(self) -> None:
        for symbol in KOREAN_FUNDS:
            self._host.market.depth[symbol] = self._chance.choice((3, 20, 100_000))


def make_peace(simulator: KisSimulator) -> None:
    """Let nothing fail any more."""
    simulator.faults.clear()
    for name, _, harmless in FOR_A_WHILE.values():
        simulator.switches.set(name, harmless)
    simulator.switches.stray_throttle_percent = 0
