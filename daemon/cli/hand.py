"""``nettingd order``, ``cancel``, ``approve``, ``halt``...: a person and the running daemon."""

from __future__ import annotations

import os
import secrets
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from daemon.cli.caller import NotReachableError, asked, print_json
from daemon.cli.table import item_table
from daemon.cli.voice import cell, tell, warn
from daemon.service.exits import Exit

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from daemon.cli.caller import Caller, Document

_ORDER_KEYS = (
    "strategy",
    "book",
    "account",
    "symbol",
    "side",
    "order_type",
    "qty",
    "qty_per",
    "price",
    "stop_price",
    "slices",
    "minutes",
    "net",
)
_CANCEL_KEYS = ("strategy", "book", "order_id", "symbol", "side", "account")
_RESULT = ("account_id", "id", "exchange_order_id", "symbol", "outcome", "error")
_RECEIPT = (
    "account",
    ">cancelled",
    ">filled_meanwhile",
    ">ended_before",
    ">unknown",
    ">failed",
    ">sent_ms",
    ">confirmed_ms",
)
_FAILED = frozenset({"partial", "failed", "dropped"})


def order(options: argparse.Namespace) -> int:
    """Place an order, once: it carries a key, with which it may be sent again."""
    key = options.id or secrets.token_hex(8)
    body = {**_given(options, _ORDER_KEYS), "id": key}

    def work(caller: Caller) -> int:
        try:
            return _answered(caller.post("/api/orders", body), options)
        except NotReachableError as error:
            again = f"; whether it was taken is not known: to be sure, repeat it with --id {key}"
            raise NotReachableError(f"{error}{again}") from error

    return asked("order", options.config, os.environ, work)


def cancel(options: argparse.Namespace) -> int:
    """Show what would be cancelled; cancel it when that is wanted."""
    body = _given(options, _CANCEL_KEYS)

    def work(caller: Caller) -> int:
        if options.request is not None:
            return _answered(caller.get(f"/api/cancel/{options.request}"), options)
        if options.preview or not options.yes:
            preview = caller.post("/api/cancel", {**body, "preview": True})
            if options.json and options.preview:
                print_json(preview)
                return Exit.OK
            # A program reads standard output; what a person is asked goes beside it.
            (tell if options.preview else warn)(_preview_text(preview))
            if options.preview or not preview["orders"]:
                return Exit.OK
            if not _agreed():
                return Exit.FAILED
        return _answered(caller.post("/api/cancel", body), options)

    unasked = options.preview or options.yes or options.request is not None
    if not (unasked or sys.stdin.isatty()):
        warn("nettingd cancel: nobody can be asked here: give --yes or --preview\n")
        return Exit.BAD_INPUT
    return asked("cancel", options.config, os.environ, work)


def approve(options: argparse.Namespace) -> int:
    """Let orders be worked that wait for a yes."""
    return _decide("approve", options)


def reject(options: argparse.Namespace) -> int:
    """End orders that wait for a yes."""
    return _decide("reject", options)


def _decide(command: str, options: argparse.Namespace) -> int:
    """Say yes or no to each order; the first one that does not wait ends it, with the reason."""

    def work(caller: Caller) -> int:
        for order_id in options.id:
            told = caller.post(f"/api/orders/{quote(order_id, safe='')}/{command}", {})
            if options.json:
                print_json(told)
            else:
                words = "is worked from now on" if told["approved"] else "has ended"
                tell(f"order {told['id']} {words}\n")
        return Exit.OK

    return asked(command, options.config, os.environ, work)


def settle(options: argparse.Namespace) -> int:
    """Say which of the broker's orders one of unknown fate is, or that it is none."""
    body = {"absent": True} if options.absent else {"broker_order_id": options.number}

    def work(caller: Caller) -> int:
        told = caller.post(f"/api/orders/{quote(options.id, safe='')}/settle", body)
        if options.json:
            print_json(told)
        else:
            what = "was never there" if options.absent else f"is {options.number} at the broker"
            tell(f"order {told['id']} {what}\n")
        return Exit.OK

    return asked("settle", options.config, os.environ, work)


def halt(options: argparse.Namespace) -> int:
    """Stop new orders; cancels stay allowed."""
    return _halting("halt", options)


def resume(options: argparse.Namespace) -> int:
    """Let new orders pass again."""
    return _halting("resume", options)


def _halting(command: str, options: argparse.Namespace) -> int:
    body = {"scope": options.scope, "name": options.name, "reason": options.reason}

    def work(caller: Caller) -> int:
        told = caller.post(f"/api/{command}", body)
        if options.json:
            print_json(told)
        else:
            what = f"{cell('scope', str(told['scope']))} {told['name']}".strip()
            words = "halted" if told["halted"] else "not halted"
            unchanged = "" if told.get("changed", True) else "; it was not before"
            tell(f"{what}: {words}{unchanged}\n")
        return Exit.OK

    return asked(command, options.config, os.environ, work)


def _given(options: argparse.Namespace, keys: tuple[str, ...]) -> Document:
    values = {key: getattr(options, key) for key in keys}
    return {key: value for key, value in values.items() if value is not None}


def _answered(answer: Document, options: argparse.Namespace) -> int:
    """Show what became of a request; it is a failure unless every order came through."""
    if options.json:
        print_json(answer)
    else:
        tell(f"{answer['message']} (request {answer['id']}, {answer['status']})\n")
        results = answer["results"]
        assert isinstance(results, list)  # as the API says
        rows = [
            {"account_id": result["account_id"], **each}
            for result in results
            for each in result["orders"]
        ]
        if rows:
            tell(item_table(_RESULT, rows))
        receipts = [_receipt_row(result) for result in results if "receipt" in result]
        if receipts:
            tell(item_table(_RECEIPT, receipts))
        warnings = answer["warnings"]
        assert isinstance(warnings, list)
        warn("".join(f"warning: {warning}\n" for warning in warnings))
    return Exit.FAILED if answer["status"] in _FAILED else Exit.OK


def _receipt_row(result: Mapping[str, Any]) -> dict[str, object]:
    """Lay an account's receipt out; times count from the request's arrival."""
    receipt = result["receipt"]
    phases = receipt["phases_ms"]
    return {
        **receipt,
        "account": result["account_id"],
        "sent_ms": phases["last_sent"],
        "confirmed_ms": phases["confirmed"],
    }


def _preview_text(preview: Document) -> str:
    orders, accounts, problems = preview["orders"], preview["accounts"], preview["problems"]
    assert isinstance(orders, list)  # as the API says, like the others
    assert isinstance(accounts, list)
    assert isinstance(problems, list)
    text = f"{preview['message']}\n"
    if orders:
        columns = ("account", "book", "id", "symbol", "side", "order_type", ">remain", ">at_broker")
        text += item_table(columns, orders)
    stays = [
        {"account": account["account"], **each} for account in accounts for each in account["stays"]
    ]
    if stays:
        text += f"stays:\n{item_table(('account', 'strategy', 'book', '>orders'), stays)}"
    return text + "".join(f"{problem}\n" for problem in problems)


def _agreed() -> bool:
    warn("cancel these? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
