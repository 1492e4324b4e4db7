"""The simulator as a process, and its control endpoint."""

from __future__ import annotations

import asyncio
import signal
import sys
from argparse import ArgumentTypeError
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.simulators.kis.__main__ import moment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.simulators.kis.client import Client

LIMIT_S = 120


@pytest.mark.slow
class TestProcess:
    loop_factory = asyncio.SelectorEventLoop

    async def test_it_trades_at_the_time_it_is_told_and_ends_when_told(
        self, tmp_path: Path
    ) -> None:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.simulators.kis", "--profile", "paper"),
            *("--at", "2026-11-20T10:15", "--clock", str(tmp_path / "clock")),
            stdout=asyncio.subprocess.PIPE,
        )
        assert child.stdout is not None
        async with asyncio.timeout(LIMIT_S):
            lines = [(await child.stdout.readline()).decode().split() for _ in range(4)]
            assert [line[0] for line in lines] == ["REST", "websocket", "profile", "alice"]
            words = dict(zip(lines[3][1::2], lines[3][2::2], strict=True))
            asked = {
                "grant_type": "client_credentials",
                "appkey": words["appkey"],
                "appsecret": words["appsecret"],
            }
            async with aiohttp.ClientSession() as session:
                async with session.post(f"{lines[0][1]}/oauth2/tokenP", json=asked) as answer:
                    token = (await answer.json())["access_token"]
                headers = {
                    "authorization": f"Bearer {token}",
                    "appkey": words["appkey"],
                    "appsecret": words["appsecret"],
                    "tr_id": "VTTC0012U",
                    "custtype": "P",
                }
                path = f"{lines[0][1]}/uapi/domestic-stock/v1/trading/order-cash"
                async with session.post(path, json=buy(words["account"]), headers=headers) as said:
                    assert (await said.json())["msg_cd"] == "40600000"
            child.send_signal(signal.SIGTERM)
            assert await child.wait() == 0


def buy(account: str) -> dict[str, str]:
    return {
        "CANO": account[:8],
        "ACNT_PRDT_CD": account[-2:],
        "PDNO": "069500",
        "ORD_DVSN": "00",
        "ORD_QTY": "3",
        "ORD_UNPR": "41250",
    }


def test_a_time_is_seouls_unless_it_has_a_zone() -> None:
    assert moment("2026-11-20T10:15") == datetime(2026, 11, 20, 1, 15, tzinfo=UTC)
    assert moment("2026-11-20T10:15+00:00") == datetime(2026, 11, 20, 10, 15, tzinfo=UTC)
    with pytest.raises(ArgumentTypeError, match="'noon' is no time such as"):
        moment("noon")


async def change(client: Client, name: str, **body: object) -> tuple[int, str]:
    async with client.session.post(f"{client.urls.rest}/control/{name}", json=body) as answer:
        return answer.status, await answer.text()


async def test_the_control_endpoint_moves_prices_and_turns_switches(real: Client) -> None:
    assert await change(real, "price", symbol="069500", price="41250") == (204, "")
    assert await change(real, "auction", symbol="069500", price="41300") == (204, "")
    assert await change(real, "depth", symbol="069500", depth=7) == (204, "")
    assert await change(real, "switch", rate_limit=5) == (204, "")
    assert await change(real, "sockets", do="drop") == (204, "")
    await real.bought()
    async with real.session.get(f"{real.urls.rest}/control") as answer:
        state = await answer.json()
    assert state["prices"]["069500"] == "41250"
    assert state["switches"]["rate_limit"] == 5
    alice = state["accounts"]["alice"]
    assert [(each["symbol"], each["remaining"]) for each in alice["orders"]] == [("069500", 3)]


async def test_the_control_endpoint_sets_faults_and_clears_them(real: Client) -> None:
    fault = {"route": "domestic.*", "fault": "gateway_before", "code": "EGW00300", "times": 9}
    assert await change(real, "fault", **fault) == (204, "")
    assert (await real.balance()).code == "EGW00300"
    assert await change(real, "fault", fault="none") == (204, "")
    assert (await real.balance()).ok


async def test_a_person_may_trade_and_an_account_begin_anew(real: Client) -> None:
    by_hand = {"account": "alice", "symbol": "069500", "side": "02", "quantity": 3}
    assert await change(real, "hand", **by_hand, price="41250") == (204, "")
    assert [row["ordr_empno"] for row in (await real.daily()).body["output1"]] == ["APP001"]
    assert await change(real, "reset", account="alice") == (204, "")
    assert (await real.daily()).body["output1"] == []


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("reset", {"account": "dave"}, "there is no account 'dave'"),
        (
            "hand",
            {"account": "alice", "symbol": "069500", "side": "buy", "quantity": 1},
            "side is 01 (sell) or 02 (buy), not 'buy'",
        ),
        (
            "hand",
            {"account": "alice", "symbol": "069500", "side": "01", "quantity": 1, "price": "41250"},
            "refused: 주문가능수량",
        ),
        ("price", {"symbol": "069500"}, "price is missing"),
        ("price", {"symbol": "069500", "price": "dear"}, "price 'dear' is no number"),
        ("price", {"symbol": "nothing", "price": "1"}, "symbol 'nothing' is not traded here"),
        ("price", {"symbol": "069500", "price": "3"}, "069500 trades from 28980 to 53820 today"),
        ("sockets", {"do": "mend"}, "do is drop, not 'mend'"),
        ("switch", {"colour": 1}, "no switch 'colour'"),
        ("fault", {"route": "token", "fault": "flood"}, "'flood' is not a valid Fault"),
    ],
)
async def test_a_wrong_command_is_answered_with_what_is_wrong(
    real: Client, name: str, body: dict[str, object], said: str
) -> None:
    status, text = await change(real, name, **body)
    assert status == 400
    assert said in text
