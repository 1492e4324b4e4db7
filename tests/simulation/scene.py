"""Where a simulated day takes place: accounts, books, hours, and how much goes wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tests.simulation.features import Feature
from tests.support.world import START

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

ACCOUNTS = ("main", "bare")
BOOKS = {
    "a1": ("alpha", "main"),
    "a2": ("alpha", "bare"),
    "b1": ("beta", "main"),
    "c2": ("gamma", "bare"),
}
STRATEGIES = ("alpha", "beta", "gamma")
SYMBOLS = {"TQQQ": 100, "SOXL": 50}

COMPARED_S, COMPARED_WHERE_DULL_S = 60, 240
"""How often accounts are compared: more seldom in days and nights that are lived through."""
CALM, ROUGH = 0.0, 0.15
"""The least and the most that any one kind of fault strikes."""

TEMPLATE = """
[daemon]
timezone = "{zone}"
live = true

[webhook]
wait_seconds = 2
max_age_seconds = {max_age}
dedup_seconds = 10

[cancel]
timeout_seconds = 20

[twap]
price_offset_percent = "{offset}"
fill_timeout_seconds = 15

[reconcile]
seconds = {compare_s}

[risk]
{risk}

{more}

{accounts}

{strategies}

{books}

[instruments.TQQQ]
lot = "1"
[instruments.SOXL]
lot = "1"
"""

ACCOUNT = """
[accounts.{name}]
broker = "paper"
market = "{market}"
currency = "USD"
commission_percent = "{commission}"
sell_tax_percent = "{tax}"
[accounts.{name}.paper]
seed = {seed}
prices = {{ TQQQ = "100", SOXL = "50" }}
walk_percent = "{walk}"
spread_percent = "{spread}"
latency_ms = {latency}
fill = "{fill}"
client_order_ids = {client_ids}
hours = "{hours}"
[accounts.{name}.paper.faults]
{faults}
"""

LIMITS = (
    'max_order_value = "900"',
    "max_orders_per_minute = 6",
    "price_collar_percent = 3",
    'max_daily_loss = "150"',
)

LIMITS_IN_WON = {
    'max_order_value = "900"': 'max_order_value = "900000"',
    'max_daily_loss = "150"': 'max_daily_loss = "150000"',
}
"""One limit is for all accounts, so where there are won it is in won."""

FAULTS = (
    "answer_lost_before",
    "answer_lost_after",
    "server_error",
    "rate_limit",
    "reject",
    "duplicate_fills",
    "late_fills",
    "disconnect",
)


RULES = """
[schedule]
catch_up_minutes = 5
[strategies.delta]
[books.d1]
strategy = "delta"
account = "main"
capital = "10000"
symbols = ["TQQQ"]
rule = {{ type = "schedule", side = "buy", quantity = 7 }}
[books.d2]
strategy = "delta"
account = "bare"
capital = "10000"
symbols = ["SOXL"]
rule = {{ type = "tiered", seed = "900", max_tiers = 10, profit_percent = 1, point_percent = 2 }}
[strategies.epsilon]
[books.e1]
strategy = "epsilon"
account = "main"
capital = "10000"
symbols = ["TQQQ"]
rule = {{ type = "dip_loc", budget = "900", buy_percent = 3, tp_percent = 1, max_days = 1 }}
[[jobs]]
run = "make_orders"
at = "{make}"
[[jobs]]
run = "twap"
at = [{slices}]
[[jobs]]
run = "reconcile"
at = "{look}"
[[jobs]]
run = "report"
at = "{report}"
"""
"""Two rules whose orders net with those of the webhooks, and one that trades at the close."""

PORTFOLIO = """
[rebalancing]
sell_timeout_seconds = {timeout}
max_order_percent = 100
rounding = "{rounding}"
[strategies.house]
[books.p1]
strategy = "house"
account = "main"
capital = "20000"
rule = {{ type = "portfolio" }}
"""

NEW_YORK = ZoneInfo("America/New_York")
LAST_DAYS = (
    (date(2026, 11, 20), time(16)),
    (date(2026, 11, 25), time(16)),  # the day after is a holiday
    (date(2026, 11, 27), time(13)),  # half a day
    (date(2026, 3, 6), time(16)),  # summer time begins on Sunday
    (date(2026, 10, 30), time(16)),  # and ends
)
"""Evenings in New York, and when the market closes."""
SEOUL = ZoneInfo("Asia/Seoul")
SEOUL_TURNS = (
    (datetime(2026, 11, 20, 8, 53), datetime(2026, 11, 20, 9, 15)),  # noqa: DTZ001 - see SEOUL
    (datetime(2026, 11, 20, 15, 12), datetime(2026, 11, 20, 15, 45)),  # noqa: DTZ001
    (datetime(2026, 11, 19, 9, 53), datetime(2026, 11, 19, 10, 15)),  # noqa: DTZ001
    (datetime(2026, 11, 19, 16, 12), datetime(2026, 11, 19, 16, 45)),  # noqa: DTZ001
)
"""When a day begins and ends in Seoul: around its opening, or its close; on the day of the
university entrance examination both are an hour later."""
CLOSED, HALF = (date(2026, 11, 26),), (date(2026, 11, 27),)
CHANGES = (
    ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),  # 02:00 becomes 03:00
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),  # 02:00 becomes 01:00
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("Atlantic/Azores", datetime(2026, 3, 29, 1, tzinfo=UTC)),  # there is no midnight on that day
)
"""When clocks are changed, and where."""
LONG_WAITS = 0.3
"""How often the close after a change is lived up to: more than a day of waiting costs much."""
BEFORE_CLOSE = timedelta(minutes=17)
AFTER_CLOSE = timedelta(minutes=4)
BEFORE_OPEN = timedelta(minutes=2)
MORNING = datetime(2026, 11, 20, 14, 32, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Night:
    """While the market is closed nobody runs the daemon."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Dull:
    """Hours in which the daemon runs, and nobody wants anything."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Hours:
    """When a day begins, in which market, and how long it is.

    ``pace`` is how many times as far apart as usual things happen in it. What is left of a day
    comes after ``turn``, if it has one.
    """

    market: str
    start: datetime
    pace: float = 1.0
    turn: datetime | None = None
    night: Night | None = None
    dull: Dull | None = None
    zone: str = "UTC"
    """Of clock times and of people."""
    change: datetime | None = None
    """When its clocks are changed."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The configuration of a day, its hours, and how often the stream loses an event."""

    config: str
    lost_events: float
    hours: Hours
    compare_s: int
    features: AbstractSet[Feature]

    @property
    def strategies(self) -> tuple[str, ...]:
        """All whose orders end in the evening, when everything is cancelled."""
        return STRATEGIES + (("delta", "epsilon") if Feature.RULES in self.features else ())

    @property
    def jobs_are_over(self) -> datetime:
        """After this no job makes orders any more."""
        hours = self.hours
        last = hours.start if hours.turn is None else hours.turn
        if hours.night is not None:
            last = hours.night.ends + BEFORE_OPEN
        return last + timedelta(minutes=10) if Feature.RULES in self.features else hours.start

    @property
    def is_ordinary(self) -> bool:
        """Whether it takes place at no special time: then clocks may be set by hours."""
        return self.hours.market == "24/7" and self.hours.turn is self.hours.change is None

    @property
    def jobs(self) -> frozenset[datetime]:
        """When jobs are due in a day in which clocks are changed; empty where that is no matter."""
        hours = self.hours
        if Feature.RULES not in self.features or hours.change is None or hours.dull is not None:
            return frozenset()
        return frozenset(at.astimezone(UTC) for at in due_times(hours))

    @property
    def has_auction(self) -> bool:
        """Whether strategies order for the close."""
        return Feature.CLOSE in self.features and Feature.SEOUL not in self.features


def choose_hours(chance: random.Random, features: AbstractSet[Feature]) -> Hours:
    """Choose where and when: New York if there is a broker that trades only there."""
    if Feature.SEOUL in features:
        return _from_seoul_to_new_york(chance)
    if Feature.SUMMER in features and Feature.KIS not in features:
        return _over_a_change(
            chance, to_the_close=Feature.CLOSE in features and chance.random() < LONG_WAITS
        )
    in_new_york = Feature.KIS in features or chance.random() < 0.5
    if Feature.CLOSE not in features:
        if Feature.KIS in features:
            return Hours("XNYS", MORNING)
        return Hours("24/7", START)
    if not in_new_york:
        midnight = datetime(2026, 11, 21, tzinfo=UTC)
        turn = midnight + timedelta(seconds=5)
        return Hours("24/7", midnight - timedelta(minutes=9), 1.5, turn)
    day, at = chance.choice(LAST_DAYS)
    close = datetime.combine(day, at, NEW_YORK).astimezone(UTC)
    following = day + timedelta(days=1)
    while following.weekday() > 4 or following in CLOSED:
        following += timedelta(days=1)
    opens = datetime.combine(following, time(9, 30), NEW_YORK).astimezone(UTC)
    night = Night(close + AFTER_CLOSE, opens - BEFORE_OPEN)
    return Hours("XNYS", close - BEFORE_CLOSE, 3.0, night.begins, night)


def _from_seoul_to_new_york(chance: random.Random) -> Hours:
    """Begin before Seoul opens or closes, and go on when New York opens; paper trades always."""
    begins, ends = chance.choice(SEOUL_TURNS)
    start, turn = (at.replace(tzinfo=SEOUL).astimezone(UTC) for at in (begins, ends))
    opens = datetime.combine(begins.date(), time(9, 30), NEW_YORK).astimezone(UTC)
    return Hours("24/7", start, 3.0, turn, Night(turn, opens - BEFORE_OPEN))


def _over_a_change(chance: random.Random, *, to_the_close: bool) -> Hours:
    """Let clocks be changed in the middle, or on the Sunday before a close in New York."""
    zone, change = chance.choice(CHANGES[: 2 if to_the_close else None])
    if not to_the_close:
        return Hours("24/7", change - timedelta(minutes=5), zone=zone, change=change)
    monday = change.date() + timedelta(days=1)
    close, opens = (
        datetime.combine(day, at, NEW_YORK).astimezone(UTC)
        for day, at in ((monday, time(16)), (monday + timedelta(days=1), time(9, 30)))
    )
    night = Night(close + AFTER_CLOSE, opens - BEFORE_OPEN)
    dull = Dull(change + timedelta(minutes=2), close - BEFORE_CLOSE)
    start = change - timedelta(minutes=2)
    return Hours("XNYS", start, 3.0, night.begins, night, dull, zone, change)


def _more(chance: random.Random, features: AbstractSet[Feature], hours: Hours) -> str:
    """Spell what features add to the configuration."""
    parts = []
    if Feature.CLOSE in features:
        mode = chance.choice(("ladder", "ladder", "orders"))
        parts.append(f'[loc]\nmode = "{mode}"\n')
    if Feature.RULES in features:
        parts.append(_rules(hours))
    if Feature.PORTFOLIO in features:
        timeout, rounding = chance.choice((20, 60)), chance.choice(("floor", "nearest_cash"))
        parts.append(PORTFOLIO.format(timeout=timeout, rounding=rounding))
    return "\n".join(parts)


def _rules(hours: Hours) -> str:
    """Place the jobs where the day passes by: after its beginning, or in the morning."""
    if hours.night is not None and hours.market == "XNYS":
        make, slices = "open+1m", ["open+2m", "open+3m", "open+4m"]
        return RULES.format(make=make, slices=_quoted(slices), look="close+2m", report="close+3m")
    if hours.start.hour == 23:
        slices = ["00:01", "00:02", "00:03"]
        return RULES.format(make="23:53", slices=_quoted(slices), look="23:57", report="00:04")
    zone = f" {hours.zone}" if hours.market != "24/7" or hours.zone != "UTC" else ""
    times = [f"{at:%H:%M:%S}{zone}" for at in due_times(hours)]
    return RULES.format(make=times[0], slices=_quoted(times[1:4]), look=times[4], report=times[5])


def due_times(hours: Hours) -> list[datetime]:
    """Return when the jobs of an ordinary day are due: each minute, by the clocks of its zone.

    Where clocks are set back, an hour comes twice, and a job is due in the first. What would be
    due later comes before them.
    """
    zone = ZoneInfo(hours.zone)
    minutes = [hours.start + timedelta(minutes=after) for after in range(1, 7)]
    on_the_wall = [at.astimezone(zone) for at in minutes]
    if any(at.fold for at in on_the_wall):
        half = timedelta(seconds=40)
        on_the_wall = [(hours.start + half * after).astimezone(zone) for after in range(1, 7)]
    return on_the_wall


def _quoted(times: list[str]) -> str:
    return ", ".join(f'"{each}"' for each in times)


def set_scene(
    chance: random.Random,
    features: AbstractSet[Feature] = frozenset(),
    aside: random.Random | None = None,
) -> Scene:
    """Choose how a day is: some are calm, some have one kind of fault, some have all.

    What features need is drawn ``aside``, so that a day without them stays as it was.
    """
    aside = aside or chance
    hours = choose_hours(aside, features) if features else Hours("24/7", START)
    compare_s = COMPARED_S if hours.dull is None else COMPARED_WHERE_DULL_S
    config = TEMPLATE.format(
        compare_s=compare_s,
        zone=hours.zone,
        max_age=chance.choice((30, 300)),
        offset=chance.choice(("0", "0.5")),
        risk="\n".join(chance.sample(LIMITS, chance.choice((0, 0, 1, len(LIMITS))))),
        accounts="".join(_account(name, chance, hours.market) for name in ACCOUNTS),
        strategies="\n".join(f"[strategies.{name}]" for name in STRATEGIES),
        books="\n".join(
            f'[books.{name}]\nstrategy = "{strategy}"\naccount = "{account}"\n'
            f'capital = "{chance.choice((5000, 20000))}"\nsymbols = ["TQQQ", "SOXL"]\n'
            "net = true\nactive = true"
            for name, (strategy, account) in BOOKS.items()
        ),
        more=_more(aside, features, hours),
    )
    if Feature.SEOUL in features:
        for limit, in_won in LIMITS_IN_WON.items():
            config = config.replace(limit, in_won)
    return Scene(config, chance.choice((0.0, 0.0, 0.2)), hours, compare_s, features)


COMPARES = "seconds = "
EDITS = {"latency_ms = ": ("0", "80", "300"), "max_age_seconds = ": ("30", "300")}
LARGE_EDITS = EDITS | {
    "price_offset_percent = ": ('"0"', '"1"'),
    "dedup_seconds = ": ("0", "10"),
    COMPARES: ("20", "60"),
    "commission_percent = ": ('"0.1"', '"0.25"'),
    "net = ": ("true", "false"),
    "active = ": ("true", "false"),
    "wait_seconds = ": ("0.1", "2"),
}


def choices_of(scene: Scene) -> Mapping[str, tuple[str, ...]]:
    """Return what a person changes in a day's configuration."""
    choices = LARGE_EDITS if Feature.TROUBLE in scene.features else EDITS
    if scene.hours.dull is None:
        return choices
    return {line: values for line, values in choices.items() if line != COMPARES}


def edited(
    config: str, chance: random.Random, choices: Mapping[str, tuple[str, ...]] = EDITS
) -> str:
    """Change a configuration as a person does in the middle of a day, books and money aside."""
    lines = config.splitlines()
    for start, values in choices.items():
        places = [place for place, line in enumerate(lines) if line.startswith(start)]
        lines[chance.choice(places)] = f"{start}{chance.choice(values)}"
    return "\n".join([*lines, ""])


def _account(name: str, chance: random.Random, market: str) -> str:
    return ACCOUNT.format(
        name=name,
        market=market,
        hours="always" if market == "24/7" else "exchange",
        seed=chance.randrange(1_000_000),
        commission=chance.choice(("0", "0.25", "0.015")),
        tax=chance.choice(("0", "0.2")),
        walk=chance.choice(("0", "0.3", "2")),
        spread=chance.choice(("0", "0.1")),
        latency=chance.choice((0, 5, 80, 700, 700)),
        fill=chance.choice(("full", "partial")),
        client_ids="true" if name == "main" else "false",
        faults=_faults(chance),
    )


def _faults(chance: random.Random) -> str:
    kind = chance.choice(("calm", "one", "all", "all"))
    rates = dict.fromkeys(FAULTS, CALM)
    if kind == "one":
        rates[chance.choice(FAULTS)] = 2 * ROUGH
    elif kind == "all":
        rates = {fault: chance.uniform(CALM, ROUGH) for fault in FAULTS}
    lines = [f'{fault} = "{rate:.3f}"' for fault, rate in rates.items()]
    return "\n".join([*lines, f"delay_ms = {chance.choice((0, 0, 300))}"])
