"""``nettingd status``: how things stand, asked of the running daemon over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.cli.caller import asked, print_json
from daemon.cli.table import item_table
from daemon.cli.voice import check, heading, tell
from daemon.service.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from daemon.cli.caller import Caller

LISTS = ("halts", "accounts", "books", "positions", "open-orders")


def status(config_path: Path, environ: Mapping[str, str], *, as_json: bool) -> int:
    """Print accounts, positions, open orders and whether the daemon is ready.

    Returns 0 when it answers, ready or not; 2 for a wrong configuration, 5 without an answer.
    """

    def work(caller: Caller) -> int:
        report = _report(caller)
        if as_json:
            print_json(report)
        else:
            tell(_text(report))
        return Exit.OK

    return asked("status", config_path, environ, work)


def _report(caller: Caller) -> dict[str, object]:
    _, readiness = caller.ask("GET", "/ready")
    lists = {name.replace("-", "_"): caller.all_of(name) for name in LISTS}
    return {"url": caller.url, "readiness": readiness, **lists}


def _text(report: Mapping[str, object]) -> str:
    parts = [_readiness(report)]
    for name, columns in _COLUMNS.items():
        items = report[name]
        assert isinstance(items, list)  # put there by _report
        title = heading(name.replace("_", " "))
        parts.append(
            f"{title}: {len(items)}\n{item_table(columns, items)}" if items else f"{title}: none\n"
        )
    return "\n".join(parts)


def _readiness(report: Mapping[str, object]) -> str:
    readiness = report["readiness"]
    assert isinstance(readiness, dict)  # a document, as Caller.get has seen to
    state = heading(str(readiness.get("status")).replace("_", " "))
    lines = [f"{report['url']}: {state}"]
    reasons = readiness.get("reasons")
    if isinstance(reasons, dict):
        lines += [f"  {check(name)}: {reason}" for name, reason in reasons.items()]
    return "\n".join(lines) + "\n"


_COLUMNS: Mapping[str, Sequence[str]] = {
    "halts": ("scope", "name", "reason", "at"),
    "accounts": ("name", "broker", "market", "currency", "halted"),
    "books": ("name", "strategy", "account", ">capital", "halted"),
    "positions": ("account", "book", "asset", ">quantity", ">free", ">average_cost", ">profit"),
    "open_orders": (
        "id",
        "book",
        "symbol",
        "side",
        "order_type",
        ">quantity",
        ">filled",
        ">limit_price",
        "state",
    ),
}
