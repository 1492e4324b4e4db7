"""``nettingd adopt``: what nobody owns is shown, and a person says whose it is."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from daemon.cli.caller import NotReachableError, asked, print_json
from daemon.cli.table import item_table
from daemon.cli.voice import tell, warn
from daemon.service.exits import Exit

if TYPE_CHECKING:
    import argparse

    from daemon.cli.caller import Caller

SUSPENSE = "@suspense"
_COLUMNS = ("account", "asset", ">quantity", ">average_cost")


def adopt(options: argparse.Namespace) -> int:
    """Show suspense, or take something out of it for a book."""
    if options.book is None:
        return asked("adopt", options.config, os.environ, lambda caller: _show(caller, options))
    if options.amount is None:
        warn("nettingd adopt: give BOOK, ASSET and AMOUNT, or none of them\n")
        return Exit.BAD_INPUT
    key = options.id or secrets.token_hex(8)

    def work(caller: Caller) -> int:
        body = {"id": key, "book": options.book, "asset": options.asset, "amount": options.amount}
        body |= {k: v for k in ("price", "note") if (v := getattr(options, k)) is not None}
        try:
            answer = caller.post("/api/ledger/assign", body)
        except NotReachableError as error:
            again = f"; whether it was booked is not known: to be sure, repeat it with --id {key}"
            raise NotReachableError(f"{error}{again}") from error
        if options.json:
            print_json(answer)
        else:
            words = f"{options.amount} {options.asset} of suspense are {options.book}'s now"
            tell(f"{words} (entry {answer['id']})\n")
        return Exit.OK

    return asked("adopt", options.config, os.environ, work)


def _show(caller: Caller, options: argparse.Namespace) -> int:
    items = [item for item in caller.all_of("positions", book=SUSPENSE) if item["quantity"] != "0"]
    if options.json:
        print_json({"items": items})
    elif items:
        tell(item_table(_COLUMNS, items))
    else:
        tell("nothing stands in suspense\n")
    return Exit.OK
