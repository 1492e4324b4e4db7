"""The three servers that take webhooks in the benchmark, each in a process of its own.

``bare`` is aiohttp, uvloop and orjson with nothing behind: what a Python server can do at most.
``daemon`` is the real one. ``one-commit`` is the real one too, but each request has a transaction
of its own.
"""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from pathlib import Path

import orjson
import uvloop
from aiohttp import web

from adapters.sqlite.group_commit import GroupCommit
from daemon.main import run
from daemon.service.process import calm_the_collector
from daemon.storage import store

PATH = "/api/webhook"


async def _answer(request: web.Request) -> web.Response:
    order = orjson.loads(await request.read())
    answer = {"id": order["id"], "status": "done", "success": True, "results": [], "warnings": []}
    return web.Response(body=orjson.dumps(answer), content_type="application/json")


async def _bare() -> None:
    app = web.Application()
    app.router.add_post(PATH, _answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"bare ready http://127.0.0.1:{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def main(kind: str, config: Path | None) -> None:
    """Run one of the servers until it is killed; it prints where it listens."""
    if kind == "bare":
        uvloop.run(_bare())
        return
    assert config is not None  # the daemon has one
    calm_the_collector()  # as ``nettingd run`` does before it loads the rest
    if kind == "one-commit":
        vars(store)["GroupCommit"] = partial(GroupCommit, most_in_a_batch=1)
    sys.exit(run(config, {}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else None)
