from __future__ import annotations

from daemon.config.service import HttpConfig
from daemon.testing.wire import Wire
from tests.daemon.api.fakes import House

JSON = {"Content-Type": "application/json"}


async def test_bytes_go_through_the_real_server_and_back() -> None:
    wire = await Wire.open(House().app(), HttpConfig())
    answer = await wire.request("GET", "/ready", headers={})
    assert (answer.status, answer.json) == (200, {"status": "ready", "reasons": {}})
    assert answer.headers["content-type"].startswith("application/json")
    assert (await wire.request("GET", "/metrics", headers={})).json is None
    await wire.close()


async def test_a_faulty_line_is_refused_by_the_server_itself() -> None:
    wire = await Wire.open(House().app(), HttpConfig())
    answer = await wire.request("GET", "/health", headers={"Bad Name": "x"})
    assert (answer.status, answer.json["code"]) == (400, "bad_http")
    await wire.close()


async def test_a_body_and_the_sender_s_address_arrive() -> None:
    house = House()
    wire = await Wire.open(house.app(), HttpConfig())
    refused = await wire.request(
        "POST", "/api/webhook", headers=JSON, body=b'{"group_name": 1}', peer="192.0.2.7"
    )
    assert refused.status == 400
    assert "group_name" in refused.text
    await wire.close()
