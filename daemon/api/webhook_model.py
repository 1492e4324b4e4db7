"""From the JSON of a webhook to the commands it means, or to everything that is wrong with it.

One table says what each order type needs and takes. It is checked by hand and not by pydantic:
a model of the nine alternatives takes as long, and knows neither two words for one key, nor
warnings, nor sentences that say what would be right.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, TypedDict, cast

import orjson
from multidict import istr

from algorithms.domain import OrderType
from daemon.api import webhook_fields as fields
from daemon.api.auth import digest
from daemon.api.decode import decode_json
from daemon.api.problems import WHOLE_BODY, BadInput, Problem, path_text
from daemon.execution.commands import ANYWHERE, Cancel, CancelAll, Place, Venue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from algorithms.domain import AccountName, Side, StrategyName, Symbol
    from daemon.api.decode import Json
    from daemon.execution.commands import Command

ORDERS_MAX = 30
WARNINGS_MAX = 20
HEADER_KEY = istr("Idempotency-Key")
_SECONDS_A_MINUTE = Decimal(60)


class Signal(NamedTuple):
    """A webhook whose form is right. Who sent it has not been looked at.

    ``token_digest`` is the SHA-256 of the token it brought. ``body`` is what may be stored: JSON of
    the known keys without the token, and the warnings.
    """

    strategy: StrategyName
    token_digest: bytes
    key: str | None
    commands: tuple[Command, ...]
    warnings: tuple[str, ...]
    body: str


class _Values(TypedDict, total=False):
    """What was given, read. A faulty value is None until its fault is raised."""

    group_name: StrategyName
    token: str
    id: str
    orders: list[Json]
    order_type: _Form
    symbol: Symbol
    side: Side
    qty: Decimal
    qty_per: Decimal
    price: Decimal
    stop_price: Decimal
    slices: int
    minutes: Decimal
    net: bool
    order_id: str
    account: AccountName
    exchange: str
    market_type: str
    currency: str


@dataclass(frozen=True, slots=True, eq=False)
class _Form:
    """What one order type is made of: keys it must have, and keys it may have."""

    name: str
    order_type: OrderType | None
    needs: frozenset[str]
    takes: frozenset[str]
    make: Callable[[_Values, _Form], Command]


class _Notes:
    """Faults and warnings of one reading."""

    __slots__ = ("problems", "unknown", "warnings")

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[str] = []
        self.unknown = 0

    def fault(self, place: str, key: str, message: str) -> None:
        self.problems.append(Problem(_path(place, key), message))

    def ignored(self, place: str, key: str, why: str) -> None:
        self.unknown += 1
        if self.unknown <= WARNINGS_MAX:
            self.warnings.append(f"{_path(place, key)}: {why}")

    def all_warnings(self) -> tuple[str, ...]:
        more = self.unknown - WARNINGS_MAX
        return (*self.warnings, f"and {more} more") if more > 0 else tuple(self.warnings)


def read_signal(document: Json, header_key: str | None = None, *, by_hand: bool = False) -> Signal:
    """Read a decoded body with keys in lower case. Raises ``BadInput`` with every fault.

    ``header_key`` is the idempotency key of the header; one in the body must then be the same.
    ``by_hand``: whoever sent it has shown who it is, and gives no token.
    """
    if not isinstance(document, dict):
        raise BadInput([Problem(WHOLE_BODY, "must be a JSON object")])
    notes = _Notes()
    values, commands = _read(document, notes)
    if by_hand and "token" in values:
        notes.fault("", "token", "does not belong here: the admin's token goes with the request")
    for key in _WHO[:1] if by_hand else _WHO:
        if key not in values:
            notes.fault("", key, "is missing")
    request_key = _request_key(values.get("id"), header_key, notes)
    if notes.problems:
        raise BadInput(notes.problems)
    warnings = notes.all_warnings()
    return Signal(
        values["group_name"],
        digest(values.get("token", "")),
        request_key,
        tuple(commands),
        warnings,
        _stored(document, warnings),
    )


def commands_from_stored(body: str) -> tuple[Command, ...]:
    """Read the commands of a stored request again, the same ones in the same order."""
    document = decode_json(body.encode())
    assert isinstance(document, dict)  # written by _stored
    notes = _Notes()
    _, commands = _read(document, notes)
    if notes.problems:
        raise BadInput(notes.problems)
    return tuple(commands)


def _read(document: dict[str, Json], notes: _Notes) -> tuple[_Values, list[Command]]:
    if document.get("orders") is None:
        values = _values(document, "", _SINGLE, notes)
        command = _command(values, "", notes)
        return values, [] if command is None else [command]
    values = _values(document, "", _ENVELOPE, notes)
    return values, _batch(values, notes)


def _batch(envelope: _Values, notes: _Notes) -> list[Command]:
    """Read ``orders``; cancels and market orders come first, each kind in the order given."""
    orders = envelope.get("orders")
    if orders is None:
        return []
    commands = []
    for index, element in enumerate(orders):
        place = f"orders[{index}]"
        if not isinstance(element, dict):
            notes.problems.append(Problem(place, "must be an object"))
            continue
        values = _values(element, place, _ELEMENT, notes)
        _share(values, envelope, place, notes)
        command = _command(values, place, notes)
        if command is not None:
            commands.append(command)
    return sorted(commands, key=_comes_later)


def _share(values: _Values, envelope: _Values, place: str, notes: _Notes) -> None:
    """Make an order of a batch share the strategy, the token and the symbol of the whole."""
    if values.get("group_name", envelope.get("group_name")) != envelope.get("group_name"):
        notes.fault(place, "group_name", "must be that of the whole, or left out")
    if values.get("token", envelope.get("token")) != envelope.get("token"):
        notes.fault(place, "token", "must be that of the whole, or left out")
    symbol = values.get("symbol")
    if symbol is None and "symbol" not in values:
        if envelope.get("symbol") is not None:
            values["symbol"] = envelope["symbol"]
    elif symbol is not None and envelope.setdefault("symbol", symbol) != symbol:
        notes.fault(place, "symbol", "must be the same in all orders of a batch")


def _comes_later(command: Command) -> bool:
    return isinstance(command, Place) and command.order_type is not OrderType.MARKET


def _values(
    raw: dict[str, Json], place: str, known: Mapping[str, _Field], notes: _Notes
) -> _Values:
    """Read every known key; null counts as not given."""
    found: dict[str, object] = {}
    for key, value in raw.items():
        entry = known.get(key)
        if entry is None:
            notes.ignored(place, key, "unknown key, ignored")
        elif value is not None:
            name, read = entry
            if name in found:
                notes.fault(place, key, f"is another word for {name}: give one of them")
                continue
            try:
                found[name] = read(value)
            except ValueError as error:
                found[name] = None
                notes.fault(place, key, str(error))
    return cast("_Values", found)


def _command(values: _Values, place: str, notes: _Notes) -> Command | None:
    """Make the command, or note why there is none."""
    form = values.get("order_type")
    if form is None:
        if "order_type" not in values:
            notes.fault(place, "order_type", f"is missing: one of {', '.join(_FORMS)}")
        return None
    given = values.keys()
    if not given >= form.needs:
        for key in sorted(form.needs - given):
            notes.fault(place, key, f"is missing: {form.name} needs it")
    if not given <= form.takes:
        _not_taken(form, given - form.takes, place, notes)
    if form.order_type is not None and ("qty" in given) is ("qty_per" in given):
        notes.fault(place, "qty", _SIZE_ONCE if "qty" in given else _SIZE_MISSING)
    if form.order_type is OrderType.TWAP:
        _check_gap(values, place, notes)
    return None if notes.problems else form.make(values, form)


def _check_gap(values: _Values, place: str, notes: _Notes) -> None:
    minutes, slices = values.get("minutes"), values.get("slices")
    if minutes and slices and minutes * _SECONDS_A_MINUTE < slices:
        notes.fault(place, "minutes", f"is too short: {slices} slices need a second each")


def _not_taken(form: _Form, keys: Iterable[str], place: str, notes: _Notes) -> None:
    for key in sorted(keys):
        if key == "symbol":
            # Whoever cancels by id may say what it was for; the id alone decides.
            notes.ignored(place, key, f"not needed by {form.name}, ignored")
            continue
        takers = [other.name for other in _FORMS.values() if key in other.takes]
        notes.fault(place, key, f"does not go with {form.name}, only with {', '.join(takers)}")


def _request_key(in_body: str | None, in_header: str | None, notes: _Notes) -> str | None:
    if in_header is None:
        return in_body
    try:
        key = fields.request_key(in_header)
    except ValueError as error:
        notes.problems.append(Problem(HEADER_KEY, str(error)))
        return None
    if in_body is not None and in_body != key:
        notes.fault("", "id", f"must be the same as the header {HEADER_KEY}, or left out")
    return key


def _path(place: str, key: str) -> str:
    inner = path_text((key,))
    if not place:
        return inner
    return place + inner if inner.startswith("[") else f"{place}.{inner}"


# What may be stored: known keys, without secrets. An unknown key might hold another one.


def _stored(document: dict[str, Json], warnings: tuple[str, ...]) -> str:
    kept: dict[str, object] = {**(_known_only(document) if warnings else document)}
    for secret in _SECRETS:
        kept.pop(secret, None)
    orders = kept.get("orders")
    if isinstance(orders, list):
        kept["orders"] = [_known_only(each) for each in orders]
    kept["warnings"] = warnings
    return orjson.dumps(kept, default=str).decode()  # numbers become text, which is exact


def _known_only(given: dict[str, Json]) -> dict[str, Json]:
    return {key: value for key, value in given.items() if key in _STORED}


# How each order type becomes a command


def _venue(values: _Values) -> Venue:
    if values.keys().isdisjoint(_VENUE):
        return ANYWHERE
    return Venue(
        account=values.get("account"),
        exchange=values.get("exchange"),
        market_type=values.get("market_type"),
        currency=values.get("currency"),
    )


def _place(values: _Values, form: _Form) -> Place:
    assert form.order_type is not None  # the other forms cancel
    return Place(
        order_type=form.order_type,
        symbol=values["symbol"],
        side=values["side"],
        quantity=values.get("qty"),
        percent=values.get("qty_per"),
        price=values.get("price"),
        stop_price=values.get("stop_price"),
        slices=values.get("slices"),
        minutes=values.get("minutes"),
        nets=values.get("net"),
        venue=_venue(values),
    )


def _cancel(values: _Values, _: _Form) -> Cancel:
    return Cancel(order_id=values["order_id"], venue=_venue(values))


def _cancel_all(values: _Values, _: _Form) -> CancelAll:
    return CancelAll(symbol=values.get("symbol"), side=values.get("side"), venue=_venue(values))


_VENUE = frozenset({"account", "exchange", "market_type", "currency"})
_EVERYWHERE = _VENUE | {"group_name", "token", "id", "order_type"}
_SIZE_MISSING = "is missing: give qty (units) or qty_per (percent)"
_SIZE_ONCE = "is given beside qty_per: give one of them"


def _order(name: OrderType, *needs: str, also: tuple[str, ...] = ()) -> _Form:
    needed = frozenset({"symbol", "side", *needs})
    takes = _EVERYWHERE | needed | {"qty", "qty_per", "net", *also}
    return _Form(name.value, name, needed, takes, _place)


_FORMS = {
    form.name: form
    for form in (
        _order(OrderType.MARKET, also=("price",)),
        _order(OrderType.LIMIT, "price"),
        _order(OrderType.STOP_MARKET, "stop_price"),
        _order(OrderType.STOP_LIMIT, "price", "stop_price"),
        _order(OrderType.LOC, "price"),
        _order(OrderType.MOC, also=("price",)),
        _order(OrderType.LOO, "price"),
        _order(OrderType.MOO, also=("price",)),
        _order(OrderType.TWAP, "slices", "minutes", also=("price",)),
        _Form("CANCEL", None, frozenset({"order_id"}), _EVERYWHERE | {"order_id"}, _cancel),
        _Form("CANCEL_ALL_ORDER", None, frozenset(), _EVERYWHERE | {"symbol", "side"}, _cancel_all),
    )
}
"""Every order type: what it needs, what it takes, what it becomes."""


def _order_type(value: Json) -> _Form:
    form = _FORMS.get(value.upper()) if isinstance(value, str) else None
    if form is None:
        raise ValueError(f"must be one of {', '.join(_FORMS)}")
    return form


def _orders(value: Json) -> list[Json]:
    if not isinstance(value, list) or not 1 <= len(value) <= ORDERS_MAX:
        raise ValueError(f"must be a list of 1 to {ORDERS_MAX} orders")
    return value


def _only(where: str) -> Callable[[Json], object]:
    def refuse(_: Json) -> object:
        raise ValueError(f"belongs {where}")

    return refuse


_Field = tuple[str, "Callable[[Json], object]"]
_SHARED: dict[str, _Field] = {
    "group_name": ("group_name", fields.name),
    "token": ("token", fields.token),
    "user_token": ("token", fields.token),
    "symbol": ("symbol", fields.symbol),
}
_ORDER: dict[str, _Field] = {
    "order_type": ("order_type", _order_type),
    "side": ("side", fields.side),
    "qty": ("qty", fields.positive),
    "qty_per": ("qty_per", fields.percentage),
    "price": ("price", fields.positive),
    "stop_price": ("stop_price", fields.positive),
    "stopprice": ("stop_price", fields.positive),
    "slices": ("slices", fields.slices),
    "minutes": ("minutes", fields.minutes),
    "net": ("net", fields.yes_or_no),
    "order_id": ("order_id", fields.order_id),
    "account": ("account", fields.name),
    "exchange": ("exchange", fields.lower_name),
    "market_type": ("market_type", fields.lower_name),
    "currency": ("currency", fields.upper_name),
}
_WHOLE: dict[str, _Field] = {
    "id": ("id", fields.request_key),
    "orders": ("orders", _orders),
}
_SINGLE = _SHARED | _ORDER | _WHOLE
_ENVELOPE = _SHARED | _WHOLE | {key: (key, _only("into each of orders")) for key in _ORDER}
_ELEMENT = _SHARED | _ORDER | {key: (key, _only("beside orders, not in one")) for key in _WHOLE}
_SECRETS = ("token", "user_token")
_WHO = ("group_name", "token")
_STORED = _SINGLE.keys() - frozenset(_SECRETS)
