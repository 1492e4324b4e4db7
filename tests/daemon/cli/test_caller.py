"""What is asked of a daemon, and every way in which that may fail."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from daemon.cli.caller import Caller, NotReachableError, RefusedError, asked, quoted
from daemon.service.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROBLEM: dict[str, object] = {
    "code": "bad_input",
    "detail": "two",
    "errors": [{"path": "a", "message": "is wrong"}],
}


def raising(error: Exception) -> Callable[[Caller], int]:
    def work(_: Caller) -> int:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (RefusedError(400, PROBLEM), Exit.BAD_INPUT, "nettingd x: a: is wrong\n"),
        (
            RefusedError(401, {"code": "unauthorized", "detail": "wrong token"}),
            Exit.NOT_REACHABLE,
            "nettingd x: unauthorized: wrong token\n",
        ),
        (
            RefusedError(503, {"code": "storage_full", "detail": "no space"}),
            Exit.FAILED,
            "nettingd x: storage_full: no space\n",
        ),
        (NotReachableError("nobody"), Exit.NOT_REACHABLE, "nettingd x: nobody\n"),
    ],
)
def test_every_failure_is_a_line_and_an_exit_code(
    error: Exception,
    code: Exit,
    line: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = tmp_path / "config.toml"
    config.write_text("")
    assert asked("x", config, {}, raising(error)) == code
    assert capsys.readouterr().err == line


def test_a_wrong_configuration_is_told_before_anything_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[http]\nprot = 1\n")
    assert asked("x", config, {}, raising(AssertionError())) == Exit.BAD_INPUT
    assert "http.prot" in capsys.readouterr().err


async def test_what_is_no_nettingd_is_not_taken_for_one() -> None:

    async def list_only(_: web.Request) -> web.Response:
        return web.json_response([1])

    app = web.Application()
    app.router.add_get("/{any:.*}", list_only)
    async with TestServer(app) as server:
        caller = Caller(str(server.make_url("")).rstrip("/"), "token")
        with pytest.raises(NotReachableError, match="is no nettingd"):
            await asyncio.to_thread(caller.get, "/api/orders")


def test_a_part_of_a_path_stays_one() -> None:
    assert quoted("../a b") == "..%2Fa%20b"
