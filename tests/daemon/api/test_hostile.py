"""A few hundred malformed requests at once; ``python -m tests.fuzz`` sends ten thousand."""

from __future__ import annotations

from random import Random
from urllib.parse import urlsplit

import orjson
import pytest

from daemon.api.app import serve
from daemon.api.connection import Patience
from daemon.config.service import HttpConfig
from tests.daemon.api.fakes import ALPHA, ALPHA_TOKEN, House, signal
from tests.daemon.api.raw import post
from tests.fuzz.attacks import Attack, Forge
from tests.fuzz.siege import Outcome, Siege

GOOD = post(orjson.dumps(signal()), "Connection: close")


async def besiege(house: House, attacks: list[Attack]) -> Outcome:
    server = await serve(
        house.app(), HttpConfig(host="127.0.0.1", port=0), Patience(head_s=0.2, linger_s=0.2)
    )
    try:
        url = urlsplit(server.url)
        return await Siege(url.hostname or "", url.port or 0, GOOD).run(attacks)
    finally:
        await server.close()


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_malformed_request_has_its_4xx_and_good_ones_are_served(seed: int) -> None:
    house = House()
    attacks = list(Forge(Random(seed), ALPHA, ALPHA_TOKEN).attacks(200, slow=0))
    outcome = await besiege(house, attacks)
    assert outcome.faults() == []
    assert sum(counts.total() for counts in outcome.answers.values()) == 200
    assert len(house.desk.submissions) == outcome.good["200"]


async def test_half_a_request_is_answered_when_patience_ends() -> None:
    attacks = list(Forge(Random(3), ALPHA, ALPHA_TOKEN).attacks(8, slow=8))
    attacks = [attack for attack in attacks if "headers" in attack.kind]
    outcome = await besiege(House(), attacks)
    assert outcome.faults() == []
    assert {status for counts in outcome.answers.values() for status in counts} == {"408"}
