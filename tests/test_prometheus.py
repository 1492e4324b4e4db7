"""A real Prometheus reads a running daemon: every panel and every alert gets what it asks for."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import promql_parser
import pytest
import yaml
from aiohttp import ClientSession, ClientTimeout

from daemon.cli.process import DaemonProcess
from tests.test_deploy import ALERTS, SCRAPING, alerts, panels

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PROMETHEUS = shutil.which("prometheus")
pytestmark = [
    pytest.mark.skipif(PROMETHEUS is None, reason="Debian's package prometheus is not here"),
    pytest.mark.slow,
]

CONFIG = """
[daemon]
data_dir = "{folder}/data"
[http]
port = 0
[notify.webhook]
url = "http://127.0.0.1:9/nobody-listens"
[accounts.main]
market = "24/7"
currency = "USD"
commission_percent = "0.1"
[accounts.main.paper]
prices = {{ TQQQ = "100" }}
[strategies.alpha]
token = {{ env = "ALPHA" }}
[strategies.beta]
token = {{ env = "BETA" }}
[books.alpha]
strategy = "alpha"
account = "main"
capital = "1000000"
[books.beta]
strategy = "beta"
account = "main"
capital = "1000000"
"""
BUY = {"symbol": "TQQQ", "side": "buy", "qty": "4"}
ROUND = [
    ("alpha", {"order_type": "MARKET", **BUY}),
    ("beta", {"order_type": "TWAP", **BUY, "minutes": "10", "slices": "4"}),
    ("alpha", {"order_type": "MARKET", **BUY, "side": "sell"}),
    ("beta", {"order_type": "LIMIT", **BUY, "price": "1"}),
    ("beta", {"order_type": "CANCEL_ALL_ORDER"}),
]
"""Bought, netted, left at the broker, cancelled: a bit of everything that is counted."""
WINDOW = "2m"
"""Of every rate: as long as the whole test, or longer."""
LOOKS, LOOK_S = 400, 0.2
LISTENS = re.compile(r'msg="Listening on" address=(\S+)')


class Prometheus:
    """Answers queries over what it has read."""

    def __init__(self, session: ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def get(self, path: str, **asked: str) -> Any:  # noqa: ANN401 - a document
        async with self._session.get(f"{self._url}/api/v1/{path}", params=asked) as response:
            document = json.loads(await response.read())
        assert document["status"] == "success", f"{asked}: {document.get('error')}"
        return document["data"]

    async def series(self, expression: str) -> list[dict[str, str]]:
        """Return the labels of every series that an expression has a number for."""
        data = await self.get("query", query=expression)
        assert data["resultType"] == "vector", expression
        return [each["metric"] for each in data["result"] if each["value"][1] != "NaN"]


@asynccontextmanager
async def prometheus(folder: Path, target: str) -> AsyncIterator[Prometheus]:
    """Run one with the settings of the repository, at the daemon's address and more often."""
    assert PROMETHEUS is not None
    settings = yaml.safe_load(SCRAPING.read_text(encoding="utf-8"))
    settings["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    (job,) = settings["scrape_configs"]
    job |= {"scrape_interval": "1s", "static_configs": [{"targets": [target]}]}
    settings["rule_files"] = [str(ALERTS)]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    log = folder / "prometheus.log"
    with log.open("wb") as stream:
        process = await asyncio.create_subprocess_exec(
            PROMETHEUS,
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/series",
            "--web.listen-address=127.0.0.1:0",
            stdout=stream,
            stderr=stream,
        )
    try:
        async with ClientSession(timeout=ClientTimeout(30)) as session:
            yield Prometheus(session, f"http://{await _address(log)}")
    finally:
        process.kill()
        await process.wait()


async def _address(log: Path) -> str:
    said = ""
    for _ in range(LOOKS):
        said = await asyncio.to_thread(log.read_text, encoding="utf-8")
        if found := LISTENS.search(said):
            return found[1]
        await asyncio.sleep(LOOK_S)
    raise AssertionError(said)


def queries() -> dict[str, str]:
    """Return what panels and alerts ask, by where; of a comparison, what is compared."""
    asked = {
        f"{panel['title']} {number}": target["expr"]
        for panel in panels()
        for number, target in enumerate(panel["targets"])
    }
    asked |= {rule["alert"]: compared(rule["expr"]) for rule in alerts()}
    variables = {"$job": ".*", "$instance": ".*", "$__rate_interval": WINDOW}
    return {
        where: re.sub(r"\$\w+", lambda name: variables[name[0]], text)
        for where, text in asked.items()
    }


def compared(text: str) -> str:
    comparison = promql_parser.parse(text)
    assert isinstance(comparison, promql_parser.BinaryExpr), text
    return str(comparison.lhs)


def grouped(text: str) -> set[str] | None:
    """Return the labels that an aggregation leaves; None if it is none."""
    found = promql_parser.parse(text)
    if isinstance(found, promql_parser.Call) and found.func.name == "histogram_quantile":
        (labels,) = re.findall(r"by \(([^)]*)\)", text)
        return {each.strip() for each in labels.split(",")} - {"le"}
    if not isinstance(found, promql_parser.AggregateExpr):
        return None
    return set(found.modifier.labels) if found.modifier else set()


async def test_every_panel_and_alert_gets_an_answer_of_the_right_shape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for strategy in ("alpha", "beta"):
        monkeypatch.setenv(strategy.upper(), f"the token of {strategy}")
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.format(folder=tmp_path))
    daemon = DaemonProcess(config)
    await daemon.start()
    try:
        async with prometheus(tmp_path, daemon.url.removeprefix("http://")) as reader:
            missing = queries()
            for number in range(LOOKS):
                await trade(daemon.url, number)
                missing = {
                    where: text
                    for where, text in missing.items()
                    if not await answered(reader, text)
                }
                if not missing:
                    break
                await asyncio.sleep(LOOK_S)
            assert not missing
            (group,) = (await reader.get("rules"))["groups"]
            assert {each["name"] for each in group["rules"]} == {each["alert"] for each in alerts()}
            assert {
                each["lastError"] for each in group["rules"] if each["health"] == "err"
            } == set()
    finally:
        await daemon.kill()


async def trade(url: str, number: int) -> None:
    async with ClientSession() as session:
        for step, (strategy, terms) in enumerate(ROUND):
            asked = {"group_name": strategy, "token": f"the token of {strategy}"}
            body = asked | {"id": f"{number}-{step}"} | terms
            async with session.post(f"{url}/api/webhook", json=body) as response:
                assert response.status == 200, await response.text()


async def answered(reader: Prometheus, text: str) -> bool:
    """Whether there is a number by now; its labels are those that the expression leaves."""
    found = await reader.series(text)
    labels = grouped(text)
    assert labels is None or all(set(each) == labels for each in found), text
    return bool(found)
