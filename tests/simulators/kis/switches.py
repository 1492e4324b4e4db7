"""What is not known of the real hosts, or differs from day to day, as switches.

Each default is what was measured, or else what the portal says; a client must be right under
every setting.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal


@dataclass(slots=True)
class Switches:
    """Seconds are floats, limits are calls per second."""

    # Limits and credentials.
    rate_window: Literal["fixed", "sliding", "bucket"] = "sliding"
    """How calls of one app key are counted."""
    rate_limit: int = 18
    """The profile sets it: 18 real, 1 paper."""
    order_spacing_s: float = 0.0
    """Least time between two order calls of one key, beside the rate limit."""
    stray_throttle_percent: int = 0
    """How often a call within its limit is throttled all the same."""
    ledger_limit: int = 0
    """The broker-wide limit of balance inquiries; 0: nobody reaches it."""
    token_refusal_s: float = 60.0
    """How long after a token request the next one is refused."""
    token_refusal_grows: bool = False
    """Whether a refused request begins the refusal anew."""
    new_token_kills_old: bool = False
    revoked_token_comes_back: bool = False
    """Whether a request within six hours returns a token that was revoked."""
    expired_token_status: Literal[500, 401, 200] = 500

    # The way there.
    down: bool = False
    """Whether connections are broken off at once, as on a weekend at the paper host."""
    latency_s: float = 0.0
    """How long every call waits before it is carried out; the paper host may take 8."""

    # Answers.
    business_status: Literal[200, 500] = 200
    """The HTTP status of an order that the ledger does not take."""
    blank_output: bool = False
    """Whether a refused order, and an empty list, carry an ``output`` of blanks."""
    end_keys: Literal["blank", "static", "absent"] = "blank"
    """The context keys of a last page."""
    page_status: Literal["M", "F"] = "M"
    """``tr_cont`` while more pages follow."""
    end_status: Literal["D", "E"] = "D"
    """``tr_cont`` of a last page."""
    split_holdings: bool = False
    """Whether half of each Korean holding stands in a row of its own, as bought on credit."""
    extra_fields: bool = False
    """Whether answers and notices have fields that nobody has heard of."""
    strange_codes: bool = False
    """Whether successes have a code that nobody has heard of."""
    pages_notice_changes: bool = False
    """Whether an inquiry whose data changed between its pages ends with SYDB0050."""
    visible_from_s: float = 0.0
    visible_to_s: float = 6.0
    """How much later lists of domestic orders show what happened: each order has its own lag."""
    lines_hidden: bool = False
    """Whether paper's list of the day tells totals and not one order, as its retired id does."""
    us_visible_from_s: float = 0.0
    us_visible_to_s: float = 6.0
    """The same of American orders; the paper profile makes it 15 to 30."""
    us_never_visible: bool = False
    """Whether the list of American orders shows nothing that is placed from now on."""
    overseas_numbers: Literal["padded", "stripped", "spaced"] = "padded"
    """How American lists spell order numbers; the paper profile strips them."""
    us_order_clock: Literal["korean", "eastern", "split"] = "korean"
    """Whose time ``ord_tmd`` and ``thco_ord_tmd`` are; split: the first is New York's."""
    us_days: Literal["listed", "empty", "missing"] = "listed"
    """Whether the list of an American symbol's past days shows any, or is no service at all."""
    open_list_pages: bool = True
    """Whether the American list of open orders goes on after its first forty rows."""
    filler_rows: int = 1
    """How many blank rows follow the American holdings."""
    cancel_marks: Literal["both", "child", "original"] = "both"
    """Which rows say ``cncl_yn`` and ``cncl_cfrm_qty`` after a cancellation."""
    expired_rows: Literal["cancelled", "remaining"] = "cancelled"
    """Whether what died at the close is shown as cancelled or still as remaining."""
    numbers: Literal["shared", "per_account"] = "shared"
    """Whether two accounts may have the same order number on the same day."""

    # The websocket.
    notice_fields: Literal["23", "26", "22"] = "23"
    """How many fields a domestic notice has; 23 were seen, 26 are documented."""
    us_notice_fields: Literal["25", "24"] = "25"
    us_notice_time: bool = True
    """Whether an American notice says when."""
    notice_numbers: Literal["padded", "stripped"] = "padded"
    encrypted: bool = True
    """Whether notices are; the first character of a frame says so."""
    acknowledged_as: Literal["Y", "N"] = "Y"
    """What the acknowledgement says of encryption, whatever is true."""
    confirmed_as: Literal["1", "2", "3"] = "2"
    """ACPT_YN of an amendment or cancellation that took effect."""
    confirmed_twice: bool = False
    """Whether a taken order is confirmed by a second notice."""
    joined_notices: bool = False
    """Whether notices of one moment share a frame, with a count above 001."""
    repeated_notices: bool = False
    shuffled_notices: bool = False
    """Whether notices of one moment come in any order."""
    notice_lag_s: float = 0.05
    """How long after an event its notice goes out."""
    stalled: bool = False
    """Whether sockets stay open and say nothing; what they miss is not told later."""
    ping_s: float = 10.0
    pong_timeout_s: float = 30.0
    """How long a heartbeat may go unanswered before the connection is broken off."""
    session_linger_s: float = 0.0
    """How long a session that broke off still holds its app key."""
    registering_fails: bool = False
    """Whether new registrations meet an internal error."""

    # The exchange.
    charged_per: Literal["order", "execution"] = "order"
    """What charges are reckoned from, and rounded: all that an order has traded, or each piece."""
    settled_cash_only: bool = False
    """Whether cash of sales can be spent only when it has settled, two days later."""
    us_hold_percent: float = 0.0
    """How much more cash than its limit an American order to buy holds; 0.7 in paper."""
    paper_takes_ioc: bool = False
    """Whether the paper host takes domestic types beyond 00 to 04."""
    on_close_cutoff_minutes: int = 10
    """How long before the US close on-close orders can be neither placed nor changed."""
    cancel_delay_s: float = 0.0
    """How long after its reply an amendment or a cancellation takes effect."""

    def set(self, name: str, value: object) -> None:
        """Turn a switch by its name; refuse what it cannot be."""
        kinds = {each.name: type(getattr(self, each.name)) for each in fields(self)}
        if name not in kinds:
            raise ValueError(f"no switch {name!r}; there are {', '.join(sorted(kinds))}")
        kind = kinds[name]
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not kind:
            raise ValueError(f"{name} is {kind.__name__}, not {value!r}")
        setattr(self, name, value)
