"""What the commands that people give to a running daemon take, on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable

SHELLS = ("bash", "fish", "zsh")
_SCOPES = ("all", "account", "strategy", "book")
_STATUSES = ("open", "working", "done", "expired", "cancelled", "failed")
_TYPES = ("MARKET", "LIMIT", "STOP_MARKET", "STOP_LIMIT", "LOC", "MOC", "LOO", "MOO", "TWAP")
_SIDES = ("buy", "sell")
_LIMIT = 100


def _orders(parser: ArgumentParser) -> None:
    parser.add_argument("id", nargs="?", metavar="ID", help="the life of this one order")
    _narrowing(parser, "account", "book", "strategy", "symbol")
    parser.add_argument("--side", choices=_SIDES, help="only this side")
    parser.add_argument("--status", choices=_STATUSES, help="only of this status")
    parser.add_argument("--all", action="store_true", help="those that have ended too")
    parser.add_argument(
        "--limit", type=_count, default=_LIMIT, metavar="N", help=f"at most (default: {_LIMIT})"
    )


def _positions(parser: ArgumentParser) -> None:
    _narrowing(parser, "account", "book", "symbol")


def _order(parser: ArgumentParser) -> None:
    parser.add_argument("side", choices=_SIDES, help="direction")
    parser.add_argument("symbol", metavar="SYMBOL", help="what")
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--book", metavar="NAME", help="for this book")
    whose.add_argument("--strategy", metavar="NAME", help="for every book of this strategy")
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument("--qty", metavar="N", help="units, for each book")
    size.add_argument("--qty-per", metavar="N", help="percent of the book's capital")
    parser.add_argument(
        "--type", dest="order_type", choices=_TYPES, default="MARKET", help="default: MARKET"
    )
    parser.add_argument("--account", metavar="NAME", help="only in this account")
    parser.add_argument("--price", metavar="N", help="limit price")
    parser.add_argument("--stop-price", metavar="N", help="stop price")
    parser.add_argument("--slices", metavar="N", help="of a TWAP")
    parser.add_argument("--minutes", metavar="N", help="of a TWAP")
    net = parser.add_mutually_exclusive_group()
    net.add_argument("--net", action="store_true", default=None, help="let it cross others")
    net.add_argument("--no-net", dest="net", action="store_false", help="send all to the broker")
    parser.add_argument("--id", metavar="KEY", help="idempotency key (default: a new one)")


def _cancel(parser: ArgumentParser) -> None:
    parser.add_argument("--strategy", metavar="NAME", help="orders of this strategy")
    parser.add_argument("--book", metavar="NAME", help="orders of this book")
    parser.add_argument("--order", dest="order_id", metavar="ID", help="this order")
    parser.add_argument("--account", metavar="NAME", help="only in this account")
    parser.add_argument("--symbol", metavar="SYMBOL", help="only of this symbol")
    parser.add_argument("--side", choices=_SIDES, help="only this side")
    parser.add_argument("--preview", action="store_true", help="show what would be cancelled")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--request", metavar="ID", help="how an earlier cancel stands now")


def _decision(parser: ArgumentParser) -> None:
    parser.add_argument("id", nargs="+", metavar="ID", help="an order that waits for a yes")


def _settle(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="an order of unknown fate")
    word = parser.add_mutually_exclusive_group(required=True)
    word.add_argument("--number", metavar="N", help="the broker's order it is")
    word.add_argument("--absent", action="store_true", help="the broker never had it")


def _adopt(parser: ArgumentParser) -> None:
    parser.add_argument("book", nargs="?", metavar="BOOK", help="who owns it")
    parser.add_argument("asset", nargs="?", metavar="ASSET", help="a symbol, or the currency")
    parser.add_argument("amount", nargs="?", metavar="AMOUNT", help="units; below zero: missing")
    parser.add_argument("--price", metavar="N", help="what a unit cost; not for cash")
    parser.add_argument("--note", metavar="TEXT", help="for the ledger")
    parser.add_argument("--id", metavar="KEY", help="name of the entry (default: a new one)")


def _halting(parser: ArgumentParser) -> None:
    parser.add_argument(
        "scope", nargs="?", choices=_SCOPES, default="all", help="what (default: all)"
    )
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="of that scope")
    parser.add_argument("--reason", default="by hand", metavar="TEXT", help="for the notice")


def _seen(parser: ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("id", nargs="*", default=[], metavar="ID", help="an alarm")
    which.add_argument("--all", action="store_true", help="every alarm that waits to be seen")
    parser.add_argument("--by", default="admin", metavar="WHO", help="for the log")


def _backup(parser: ArgumentParser) -> None:
    parser.add_argument(
        "folder",
        nargs="?",
        metavar="FOLDER",
        help="a new folder (default: backups/TIME in the data directory)",
    )


def _restore(parser: ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="a backup")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _narrowing(parser: ArgumentParser, *names: str) -> None:
    for name in names:
        parser.add_argument(f"--{name}", metavar="NAME", help=f"only of this {name}")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


COMMANDS: tuple[tuple[str, str, str, Callable[[ArgumentParser], None]], ...] = (
    ("orders", "daemon.cli.lists", "show what books asked for, or the life of one order", _orders),
    ("positions", "daemon.cli.lists", "show what every book holds", _positions),
    ("order", "daemon.cli.hand", "place an order by hand", _order),
    ("cancel", "daemon.cli.hand", "cancel orders of one strategy, after a look", _cancel),
    ("adopt", "daemon.cli.adopt", "show suspense, or say which book owns what of it", _adopt),
    ("approve", "daemon.cli.hand", "let orders be worked that wait for a yes", _decision),
    ("reject", "daemon.cli.hand", "end orders that wait for a yes", _decision),
    ("settle", "daemon.cli.hand", "say what became of an order nobody can find", _settle),
    ("halt", "daemon.cli.hand", "stop new orders; cancels stay allowed", _halting),
    ("resume", "daemon.cli.hand", "let new orders pass again", _halting),
    ("seen", "daemon.cli.alarms", "show alarms nobody has seen, or mark them as seen", _seen),
    ("backup", "daemon.cli.backup", "copy every database at one moment, and verify", _backup),
    ("restore", "daemon.cli.backup", "put a backup in place, halted", _restore),
)
