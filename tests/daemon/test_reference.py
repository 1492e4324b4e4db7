"""Every row of the reference, tried against a running daemon: what is documented is there.

A row that is added to http.md without a trial of its own is asked with the example of its
section, and must answer as OpenAPI tells. A command that is added to cli.md must be tried here.
"""

from __future__ import annotations

import asyncio
import io
import re
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from aiohttp import ClientSession, ClientTimeout

from daemon.cli.main import main
from daemon.cli.process import DaemonProcess, command_line, surroundings
from tests.fuzz.schema import CONFIG

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.slow

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def example(name: str) -> object:
    """Return the first example of a path's section: the body that readers will copy."""
    text = (REFERENCE / "http.md").read_text("utf-8")
    section = text.split(f"\n## {name}\n")[1].split("\n## ")[0]
    return orjson.loads(section.split("```json\n")[1].split("```")[0])


REBALANCING = "/api/macro-trading/rebalancing"
PLAN = example("POST /api/macro-trading/rebalancing/preview")


NETTING = {
    "price": "100",
    "orders": [
        {"id": "A", "symbol": "TQQQ", "kind": "BUY", "value": "3000"},
        {"id": "B", "symbol": "TQQQ", "kind": "SELL", "value": "20"},
    ],
}
LOC = {"orders": [{"id": "A", "side": "buy", "price": "95", "quantity": "3"}], "tick": "0.01"}


def signal(token: str) -> dict[str, object]:
    return {
        "group_name": "dip",
        "token": token,
        "order_type": "MARKET",
        "symbol": "TQQQ",
        "side": "buy",
        "qty": "3",
    }


def entry(name: str, status: int, **members: object) -> tuple[str, str, object, int]:
    body = {"id": f"a {name}", **members}
    return (f"POST /api/ledger/{name}", f"/api/ledger/{name}", body, status)


LISTS = (
    "accounts",
    "strategies",
    "books",
    "orders",
    "open-orders",
    "fills",
    "positions",
    "netting",
    "webhooks",
    "events",
    "history",
)
HAND = {
    "book": "momo",
    "order_type": "LIMIT",
    "symbol": "TQQQ",
    "side": "buy",
    "qty": 1,
    "price": 90,
}
ADJUST = ("POST /api/paper/{account}/adjust", "/api/paper/main/adjust")
PRICE = ("POST /api/paper/{account}/price", "/api/paper/main/price")
SPLIT = ("POST /api/paper/{account}/split", "/api/paper/main/split")
TRIALS: tuple[tuple[str, str, object, int], ...] = (
    *((f"GET /api/{name}", f"/api/{name}?limit=7", None, 200) for name in LISTS),
    ("GET /health", "/health", None, 200),
    ("GET /ready", "/ready", None, 200),
    ("GET /metrics", "/metrics", None, 200),
    ("GET /api/report", "/api/report", None, 200),
    ("GET /api/openapi.json", "/api/openapi.json", None, 200),
    ("GET /api/docs", "/api/docs", None, 200),
    (f"GET {REBALANCING}/config", f"{REBALANCING}/config", None, 200),
    (f"POST {REBALANCING}/config", f"{REBALANCING}/config", example(f"{REBALANCING}/config"), 200),
    (f"GET {REBALANCING}/targets", f"{REBALANCING}/targets?account=main", None, 200),
    ("GET /api/loc/sheet", "/api/loc/sheet?account=main&symbol=TQQQ", None, 200),
    ("POST /api/loc/preview", "/api/loc/preview", LOC, 200),
    (
        "POST /api/netting/preview",
        "/api/netting/preview",
        example("POST /api/netting/preview"),
        200,
    ),
    (
        "POST /api/macro-trading/rebalancing/preview",
        "/api/macro-trading/rebalancing/preview",
        PLAN,
        200,
    ),
    ("POST /api/netting/run", "/api/netting/run", {}, 200),
    ("POST /api/orders", "/api/orders", HAND, 200),
    ("POST /api/cancel", "/api/cancel", {"strategy": "momo"}, 200),
    ("POST /api/orders/{id}/approve", "/api/orders/{order}/approve", {}, 409),
    ("POST /api/orders/{id}/reject", "/api/orders/{order}/reject", {}, 409),
    ("GET /api/orders/{id}", "/api/orders/{order}", None, 200),
    ("GET /api/webhooks/{id}", "/api/webhooks/{request}", None, 200),
    ("POST /api/webhooks/{id}/replay", "/api/webhooks/{request}/replay", {}, 409),
    ("POST /api/halt", "/api/halt", {"scope": "book", "name": "momo"}, 200),
    ("POST /api/resume", "/api/resume", {"scope": "book", "name": "momo"}, 200),
    ("POST /api/restore", "/api/restore", {}, 409),
    (*ADJUST, {"id": "1", "asset": "USD", "amount": "100"}, 200),
    entry("deposit", 200, book="dip", amount="5"),
    entry("withdrawal", 200, book="dip", amount="5"),
    entry("dividend", 200, symbol="TQQQ", book="dip", amount="2"),
    entry("interest", 200, book="dip", amount="1"),
    entry("exchange", 200, book="dip", amount="1", asset="USD", to_asset="EUR", to_amount="0.9"),
    entry("transfer", 200, book="dip", to_book="momo", amount="5"),
    entry("assign", 409, book="dip", asset="TQQQ", amount="4", price="90"),
    entry("split", 202, account="main", symbol="TQQQ", new="2", old="1"),
    (*PRICE, {"id": "3", "symbol": "TQQQ", "price": "101"}, 200),
    (*SPLIT, {"id": "2", "symbol": "TQQQ", "new": "2", "old": "1"}, 200),
)
BY_THEMSELVES = {
    "POST /api/webhook",
    "GET /api/webhook/{id}",
    "GET /api/events/stream",
    "GET /login",
    "POST /login",
    "POST /logout",
}


def rows() -> set[str]:
    text = (REFERENCE / "http.md").read_text("utf-8")
    return set(re.findall(r"^\| `((?:GET|POST) /[^`]*)` \|", text, re.MULTILINE))


def _body(name: str) -> dict[str, object]:
    """Return what goes with a row that has no trial of its own: its example, or nothing."""
    if name.startswith("GET"):
        return {}
    for title in (name, name.split()[1]):
        with suppress(IndexError):
            return {"json": example(title)}
    return {"json": {}}


class Running:
    """A daemon in a process of its own, and somebody with its admin token."""

    def __init__(self, daemon: DaemonProcess, folder: Path, session: ClientSession) -> None:
        self.daemon = daemon
        self.folder = folder
        self.session = session
        self._config = ("--config", str(folder / "config.toml"))
        token = (folder / "data" / "admin.token").read_text().strip()
        self.admin = {"Authorization": f"Bearer {token}"}
        self.token = token
        self.dip = (folder / "data" / "tokens" / "dip.token").read_text().strip()

    async def ask(self, method: str, path: str, **how: Any) -> tuple[int, Any]:  # noqa: ANN401 - aiohttp's
        how.setdefault("headers", self.admin)
        status, text = await self._ask(method, path, how)
        tries = 600  # the loop of a busy machine lags, but not for ever
        while (path, status) == ("/ready", 503) and tries:
            tries -= 1
            await asyncio.sleep(0.1)
            status, text = await self._ask(method, path, how)
        return status, orjson.loads(text) if text[:1] in {"{", "["} else text

    async def _ask(self, method: str, path: str, how: dict[str, Any]) -> tuple[int, str]:
        async with self.session.request(method, self.daemon.url + path, **how) as response:
            return response.status, await response.text()

    async def nettingd(self, *words: str) -> tuple[int, str]:
        """Call a command, in this process: to start one for each takes most of the time."""
        out = io.StringIO()
        with redirect_stdout(out), redirect_stderr(out):
            code = await asyncio.to_thread(main, [*self._config, *words])
        return code, out.getvalue()

    async def nettingd_alone(self, *words: str) -> tuple[int, str]:
        """Call a command in a process of its own."""
        process = await asyncio.create_subprocess_exec(
            *command_line(*self._config, *words),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=surroundings(),
        )
        out, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode()


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Running]:
    (folder / "config.toml").write_text(CONFIG)
    daemon = DaemonProcess(folder / "config.toml")
    await daemon.start()
    try:
        async with ClientSession(timeout=ClientTimeout(total=60)) as session:
            yield Running(daemon, folder, session)
    finally:
        await daemon.kill()


async def test_every_path_answers_as_documented(tmp_path: Path) -> None:
    tried = {name for name, *_ in TRIALS} | BY_THEMSELVES
    assert tried <= rows()
    async with running(tmp_path) as here:
        _, taken = await here.ask("POST", "/api/webhook", json=signal(here.dip), headers={})
        assert taken["status"] == "done"
        known = {"request": taken["id"], "order": taken["results"][0]["orders"][0]["id"]}
        wrong = []
        for name, path, body, expected in TRIALS:
            how = {} if body is None else {"json": body}
            for key, value in known.items():
                path = path.replace(f"{{{key}}}", value)  # noqa: PLW2901 - filled in
            status, told = await here.ask(name.split()[0], path, **how)
            if status != expected:
                wrong.append((name, status, told))
        assert wrong == []
        _, document = await here.ask("GET", "/api/openapi.json")
        for name in rows() - tried:
            method, path = name.split()
            status, told = await here.ask(method, re.sub(r"{\w+}", "main", path), **_body(name))
            assert str(status) in document["paths"][path][method.lower()]["responses"], told
            assert status < 500, told
        bearer = {"Authorization": f"Bearer {here.dip}"}
        status, again = await here.ask("GET", f"/api/webhook/{taken['id']}", headers=bearer)
        assert (status, again) == (200, taken)


async def test_sessions_and_the_stream_work_with_a_browser(tmp_path: Path) -> None:
    async with running(tmp_path) as here:
        status, page = await here.ask("GET", "/login", headers={})
        assert (status, "<form" in page) == (200, True)
        here.session.cookie_jar.clear()
        jar = {}
        async with here.session.post(
            f"{here.daemon.url}/login", json={"token": here.token}
        ) as response:
            csrf = (await response.json())["csrf"]
            jar = {name: morsel.value for name, morsel in response.cookies.items()}
        cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in jar.items())}
        stream = f"{here.daemon.url}/api/events/stream"
        async with here.session.get(stream, headers=cookie) as events:
            assert events.status == 200
            changing = {**cookie, "X-CSRF-Token": csrf}
            status, _ = await here.ask("POST", "/api/halt", json={}, headers=changing)
            assert status == 200
            seen = b""
            while b"event: notice" not in seen:
                seen += await events.content.readline()
        status, _ = await here.ask("POST", "/logout", headers=changing)
        assert status == 200
        status, _ = await here.ask("GET", "/api/orders", headers=cookie)
        assert status == 401


COMMANDS: dict[str, tuple[tuple[str, ...], int]] = {
    "check": (("check", "--online"), 0),
    "net": (("net", "--input", "{folder}/netting.json"), 0),
    "loc": (("loc", "--input", "{folder}/loc.json"), 0),
    "verify": (("verify", "--json"), 0),
    "status": (("status",), 0),
    "token": (("token", "admin"), 0),
    "order": (("order", "buy", "TQQQ", "--book", "dip", "--qty", "1"), 0),
    "orders": (("orders", "--all"), 0),
    "positions": (("positions", "--json"), 0),
    "cancel": (("cancel", "--strategy", "dip", "--yes"), 0),
    "approve": (("approve", "01ARZ3NDEKTSV4RRFFQ69G5FAV"), 1),  # nothing waits here
    "settle": (("settle", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "--absent"), 1),
    "reject": (("reject", "01ARZ3NDEKTSV4RRFFQ69G5FAV"), 1),
    "adopt": (("adopt",), 0),
    "halt": (("halt",), 0),
    "resume": (("resume",), 0),
    "seen": (("seen", "--all"), 0),
    "backup": (("backup", "{folder}/kept"), 0),
    "restore": (("restore", "{folder}/kept", "--yes"), 0),
    "completion": (("completion", "bash"), 0),
    "install-service": (("install-service", "--print"), 2),  # its data would be out of reach
    "rebalance": (("rebalance", "--input", "{folder}/plan.json"), 0),
    "migrate": (("migrate",), 0),
    "run": (("run",), 3),
}
ALONE = {"check", "completion", "migrate", "run", "status"}
"""One of each kind is called as people call it."""
ELSEWHERE = {"demo": "half a minute long: tests/daemon/cli/test_demo.py"}


async def test_every_command_works_beside_a_daemon(tmp_path: Path) -> None:
    text = (REFERENCE / "cli.md").read_text("utf-8")
    documented = set(re.findall(r"^## nettingd ([a-z-]+)$", text, re.MULTILINE))
    assert documented == COMMANDS.keys() | ELSEWHERE.keys()
    (tmp_path / "netting.json").write_bytes(orjson.dumps(NETTING))
    (tmp_path / "plan.json").write_bytes(orjson.dumps(PLAN))
    (tmp_path / "loc.json").write_bytes(orjson.dumps(LOC))
    async with running(tmp_path) as here:
        wrong = []
        for words, expected in COMMANDS.values():
            filled = [word.replace("{folder}", str(tmp_path)) for word in words]
            call = here.nettingd_alone if words[0] in ALONE else here.nettingd
            code, out = await call(*filled)
            if code != expected or not out:
                wrong.append((words, code, out))
        assert wrong == []
