"""``nettingd rebalance --account NAME``: the portfolio book of a running daemon."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import orjson

from daemon.cli.caller import asked, print_json, quoted
from daemon.cli.rebalance import NOTHING_TO_DO, plan_text
from daemon.cli.table import table
from daemon.cli.voice import tell, warn
from daemon.service.exits import Exit

if TYPE_CHECKING:
    import argparse

    from daemon.api.rebalancing_preview import PlanAnswer
    from daemon.api.rebalancing_runs import RunItem, StatusAnswer
    from daemon.cli.caller import Caller, Document

BASE = "/api/macro-trading/rebalancing"
ACTIONS = ("preview", "start", "status", "targets", "resume", "cancel")
"""Each is an option of its name, but for ``--run``: ``run`` is what every command has."""


def portfolio(options: argparse.Namespace) -> int:
    """Preview, start, look at, resume or cancel a rebalance, or set targets from a file."""
    wanted = [name for name in ACTIONS if getattr(options, name)]
    if len(wanted) != 1 or (options.confirm and not options.start):
        named = ", ".join(f"--{name}" for name in ACTIONS).replace("start", "run")
        warn(f"nettingd rebalance: give one of {named}; --confirm goes with --run\n")
        return Exit.BAD_INPUT
    body: bytes | None = None
    if options.targets:
        try:
            file = options.targets
            body = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        except OSError as error:
            warn(f"nettingd rebalance: {options.targets}: {error.strerror}\n")
            return Exit.BAD_INPUT

    def work(caller: Caller) -> int:
        document = _asked_for(caller, options, body)
        if document is None:
            return Exit.BAD_INPUT
        if options.json:
            print_json(document)
        else:
            tell(_text(wanted[0], document))
        return Exit.OK

    return asked("rebalance", options.config, os.environ, work)


def _asked_for(caller: Caller, options: argparse.Namespace, body: bytes | None) -> Document | None:
    """Ask the daemon; None after it was told that a file is of no use."""
    account = {"account": options.account}
    if options.preview:
        return caller.post(f"{BASE}/preview", account)
    if options.start:
        confirm = {} if options.confirm is None else {"confirm": options.confirm}
        return caller.post(f"{BASE}/run", {**account, **confirm, "by": options.by})
    if options.status:
        return caller.get(f"{BASE}-status", account=options.account)
    if body is not None:
        return _set_targets(caller, options, body)
    change = "resume" if options.resume else "cancel"
    return caller.post(f"{BASE}/runs/{quoted(options.resume or options.cancel)}/{change}", {})


def _set_targets(caller: Caller, options: argparse.Namespace, text: bytes) -> Document | None:
    """Set the targets of a file: ``mp`` and ``sub_mp``, and nothing of who and where."""
    from daemon.api.decode import decode_json  # noqa: PLC0415 - only this command reads files
    from daemon.api.problems import BadInput  # noqa: PLC0415

    try:
        document = decode_json(text)
    except BadInput as error:
        warn(f"nettingd rebalance: {options.targets}: {error}\n")
        return None
    if not isinstance(document, dict):
        warn(f"nettingd rebalance: {options.targets}: must be a JSON object\n")
        return None
    given = {"account": options.account, "by": options.by}
    # Numbers of the file are decimals; they travel as texts.
    body = orjson.loads(orjson.dumps({**document, **given}, default=str))
    return caller.post(f"{BASE}/targets", body)


def _text(action: str, document: Document) -> str:
    if action == "preview":
        return plan_text(cast("PlanAnswer", document))
    if action == "start":
        run = document["run"]
        return NOTHING_TO_DO if run is None else _run(cast("RunItem", run))
    if action == "status":
        return _status(cast("StatusAnswer", document))
    if action == "targets":
        return f"targets {document['id']} are stored\n"
    return _run(cast("RunItem", document))


def _status(status: StatusAnswer) -> str:
    rows = [
        (name, weight, status["target_weights"].get(name, "0"))
        for name, weight in status["weights"].items()
    ]
    rows += [
        (name, "0", weight)
        for name, weight in status["target_weights"].items()
        if name not in status["weights"]
    ]
    text = table(("ticker", ">percent", ">target"), rows)
    text += "".join(f"{reason}\n" for reason in status["reasons"])
    text += "" if status["needed"] else NOTHING_TO_DO
    text += "".join(
        f"{each['ticker'] or 'plan'}: {each['message']}\n" for each in status["problems"]
    )
    return text + ("" if status["run"] is None else _run(status["run"]))


def _run(run: RunItem) -> str:
    rows = [
        (
            each["action"],
            each["ticker"],
            each["quantity"],
            each["limit_price"],
            each["filled"],
            each["status"] or "planned",
        )
        for each in run["trades"]
    ]
    day = f", day {run['day']} of {run['days']}" if run["days"] > 1 else ""
    reason = f": {run['reason']}" if run["reason"] else ""
    head = f"run {run['id']} is {run['state']}{day}{reason}\n"
    columns = ("order", "ticker", ">quantity", ">limit", ">filled", "status")
    return head + (table(columns, rows) if rows else "")
