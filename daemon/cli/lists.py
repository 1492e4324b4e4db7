"""``nettingd orders`` and ``nettingd positions``: what was asked for, and what is held."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from daemon.cli.caller import asked, print_json, quoted
from daemon.cli.table import item_table
from daemon.cli.voice import heading, tell
from daemon.service.exits import Exit

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

    from daemon.cli.caller import Caller, Item

LIVE = ("working", "open")
_FILTERS = ("account", "book", "strategy", "symbol", "side")
_ORDER = (
    "id",
    "created_at",
    "book",
    "symbol",
    "side",
    "order_type",
    ">total",
    ">remain",
    ">limit_price",
    "status",
    "reason",
)
_POSITION = (
    "account",
    "book",
    "asset",
    ">quantity",
    ">free",
    ">average_cost",
    ">cost",
    ">profit",
)
_LIFE: Mapping[str, Sequence[str]] = {
    "children": ("id", "order_type", ">quantity", ">filled", ">limit_price", "state", "reason"),
    "fills": ("at", "source", "side", ">quantity", ">price", ">fee", ">profit"),
    "pairs": ("at", "buy_parent", "sell_parent", ">quantity", ">price", ">commission_saved"),
    "changes": ("at", "order_id", "from_status", "to_status", "reason"),
    "phases": ("phase", "at", ">after_ms"),
}


def orders(options: argparse.Namespace) -> int:
    """Print live parent orders, some of all, or the life of one."""

    def work(caller: Caller) -> int:
        if options.id is not None:
            life = caller.get(f"/api/orders/{quoted(options.id)}")
            _show(life, options, _life_text)
            return Exit.OK
        query = {name: getattr(options, name) for name in _FILTERS}
        if options.all or options.status is not None:
            found = caller.some_of("orders", options.limit, **query, status=options.status)
        else:
            pages = [caller.some_of("orders", options.limit, **query, status=s) for s in LIVE]
            found = [item for page in pages for item in page]
            found.sort(key=lambda item: str(item["id"]), reverse=True)
            del found[options.limit :]
        _show_items("orders", _ORDER, found, options)
        return Exit.OK

    return asked("orders", options.config, os.environ, work)


def positions(options: argparse.Namespace) -> int:
    """Print what books hold, cash included."""

    def work(caller: Caller) -> int:
        found = caller.all_of(
            "positions", account=options.account, book=options.book, symbol=options.symbol
        )
        _show_items("positions", _POSITION, found, options)
        return Exit.OK

    return asked("positions", options.config, os.environ, work)


def _show_items(
    name: str, columns: Sequence[str], items: Sequence[Item], options: argparse.Namespace
) -> None:
    if options.json:
        print_json({"items": items})
    elif items:
        tell(item_table(columns, items))
    else:
        tell(f"no such {name}\n")


def _show(document: Item, options: argparse.Namespace, text: Callable[[Item], str]) -> None:
    if options.json:
        print_json(document)
    else:
        tell(text(document))


def _life_text(life: Item) -> str:
    columns = [*(name for name in _ORDER if name != "reason"), "strategy", "account", "kind"]
    parts = [item_table(columns, [life])]
    if life.get("reason"):
        parts.append(f"reason: {life['reason']}\n")
    for name, members in _LIFE.items():
        items = life[name]
        assert isinstance(items, list)  # as the API says
        title = heading(name)
        parts.append(f"{title}:\n{item_table(members, items)}" if items else f"{title}: none\n")
    return "\n".join(parts)
