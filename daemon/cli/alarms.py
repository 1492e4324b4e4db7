"""``nettingd seen``: alarms that nobody has marked as seen, and the mark."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from daemon.cli.caller import asked, print_json
from daemon.cli.table import item_table
from daemon.cli.voice import tell
from daemon.service.exits import Exit

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from daemon.cli.caller import Caller, Item

AT_ONCE = 100
"""Alarms of one request: as many as it may name."""
_ALARM = ("id", "at", "account", "text")
_MARK = ("id", "seen_at", "seen_by")


def seen(options: argparse.Namespace) -> int:
    """Mark the alarms named, or all that are shown at this moment; without either, show them."""

    def work(caller: Caller) -> int:
        if options.id:
            _show("marks", _MARK, _marked(caller, options.id, options.by), options)
            return Exit.OK
        alarms = caller.all_of("events", unseen="true")
        if options.all:
            ids = [str(alarm["id"]) for alarm in alarms]
            _show("marks", _MARK, _marked(caller, ids, options.by), options)
        else:
            _show("items", _ALARM, alarms, options)
        return Exit.OK

    return asked("seen", options.config, os.environ, work)


def _marked(caller: Caller, ids: Sequence[str], by: str) -> list[Item]:
    """Mark so many at once as may be; return their marks."""
    marks: list[Item] = []
    for start in range(0, len(ids), AT_ONCE):
        body = {"ids": ids[start : start + AT_ONCE], "by": by}
        found = caller.post("/api/events/seen", body)["marks"]
        assert isinstance(found, list)  # as the API says
        marks += found
    return marks


def _show(
    name: str, columns: Sequence[str], found: Sequence[Item], options: argparse.Namespace
) -> None:
    if options.json:
        print_json({name: found})
    elif found:
        tell(item_table(columns, found))
    else:
        tell("no alarm waits to be seen\n")
