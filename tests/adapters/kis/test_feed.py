"""One socket for a key: kept open, its gaps told, its silence not believed."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import orjson
import pytest

from adapters.kis.feed import SILENCE_S
from tests.adapters.kis.test_notices import ACCEPTED, AMERICAN, FILLED

if TYPE_CHECKING:
    from adapters.kis.hub import Access, Hub
    from adapters.kis.notices import Notice
    from tests.support.scripted_kis import ScriptedKis

PING = '{"header":{"tr_id":"PINGPONG","datetime":"20261120101510"}}'


class Ear:
    """An account that listens."""

    def __init__(self, topic: str = "H0STCNI0", hts_id: str = "htsuser1") -> None:
        self.topic = topic, hts_id
        self.told: list[str] = []
        self.news = asyncio.Event()

    def heard(self, notice: Notice) -> None:
        self._tell(f"heard {notice.number}")

    def lost(self, reason: str) -> None:
        self._tell(f"lost {reason}")

    def restored(self) -> None:
        self._tell("restored")

    def _tell(self, what: str) -> None:
        self.told.append(what)
        self.news.set()

    async def until(self, count: int) -> list[str]:
        async with asyncio.timeout(600):
            while len(self.told) < count:
                self.news.clear()
                await self.news.wait()
        return self.told


@pytest.fixture
async def ear(real: Access) -> Ear:
    ear = Ear()
    real.feed.join(ear)
    await ear.until(1)
    return ear


async def test_who_joins_is_registered_with_the_approval_key(ear: Ear, kis: ScriptedKis) -> None:
    assert ear.told == ["restored"]
    (asked,) = map(orjson.loads, kis.heard)
    assert asked["header"] == {
        "approval_key": "5f0c1a9e",
        "custtype": "P",
        "tr_type": "1",
        "content-type": "utf-8",
    }
    assert asked["body"]["input"] == {"tr_id": "H0STCNI0", "tr_key": "htsuser1"}


@pytest.mark.parametrize("frame", [f"1|H0STCNI0|001|{FILLED[1]}", f"0|H0STCNI0|001|{FILLED[0]}"])
async def test_a_notice_is_read_as_its_first_character_says(
    ear: Ear, kis: ScriptedKis, frame: str
) -> None:
    await kis.tell(frame)
    assert await ear.until(2) == ["restored", "heard 4711"]


async def test_two_halves_of_an_account_share_a_socket(
    ear: Ear, real: Access, kis: ScriptedKis
) -> None:
    american = Ear("H0GSCNI0")
    real.feed.join(american)
    await american.until(1)
    await kis.tell(f"1|H0GSCNI0|001|{AMERICAN[1]}")
    await kis.tell(f"1|H0STCNI0|001|{ACCEPTED[1]}")
    assert await american.until(2) == ["restored", "heard 31207"]
    assert await ear.until(2) == ["restored", "heard 4711"]
    assert len(kis.sockets) == 1
    await real.feed.leave(ear)
    await real.feed.leave(american)


async def test_a_heartbeat_is_sent_back_and_tells_the_time(
    ear: Ear, real: Access, kis: ScriptedKis, hub: Hub
) -> None:
    await kis.tell(PING)
    await hub.clock.sleep(0.1)
    assert kis.heard[-1] == PING
    assert real.feed.ahead is not None
    told = hub.clock.now() + real.feed.ahead
    assert told.isoformat().startswith("2026-11-20T01:15:10")
    assert ear.told == ["restored"]


async def test_a_socket_that_says_nothing_is_dead(ear: Ear, kis: ScriptedKis, hub: Hub) -> None:
    before = hub.clock.now()
    assert await ear.until(3) == ["restored", "lost silence", "restored"]
    assert hub.clock.now() - before >= timedelta(seconds=SILENCE_S)
    assert len(kis.sockets) == 2


async def test_a_socket_that_breaks_is_opened_again(ear: Ear, kis: ScriptedKis) -> None:
    await kis.sockets[-1].close()
    told = await ear.until(3)
    assert told[1].startswith("lost the socket ended")
    assert told[2] == "restored"
    assert len(kis.asked("/oauth2/Approval")) == 1


@pytest.mark.parametrize("frame", ["nonsense", "1|H0STCNI0|001|AAAA", "{"])
async def test_what_cannot_be_read_is_a_gap(ear: Ear, kis: ScriptedKis, frame: str) -> None:
    await kis.tell(frame)
    told = await ear.until(3)
    assert told[1].startswith("lost FeedError")
    assert told[2] == "restored"


STRANGE = [
    "0|H0STCNT0|001|069500^101502^41260",
    '{"header":{"tr_id":"H0NEWS0","encrypt":"N"}}',
    '{"header":{"tr_id":"H0STCNI0"},"body":{"rt_cd":"0","msg_cd":"OPSP0042","msg1":"HELLO"}}',
    f"0|H0STCNI0|001|{FILLED[0]}^^^^^^",
    f"0|H0STCNI0|001|{FILLED[0].replace('^02^', '^09^')}",
]


@pytest.mark.parametrize("message", STRANGE)
async def test_what_nobody_has_described_is_survived_and_told_once(
    ear: Ear, kis: ScriptedKis, hub: Hub, caplog: pytest.LogCaptureFixture, message: str
) -> None:
    for _ in range(3):
        await kis.tell(message)
    await kis.tell(f"1|H0STCNI0|001|{ACCEPTED[1]}")
    await hub.clock.sleep(0.5)
    assert ear.told[-1] == "heard 4711"
    assert not [one for one in ear.told if one.startswith("lost")]
    assert len([each for each in caplog.records if "oddities" in each.name]) == 1


async def test_a_key_in_use_elsewhere_is_not_hammered(
    real: Access, kis: ScriptedKis, hub: Hub
) -> None:
    kis.refuse = {"rt_cd": "9", "msg_cd": "OPSP8996", "msg1": "ALREADY IN USE appkey"}
    ear = Ear()
    real.feed.join(ear)
    await hub.clock.sleep(600)
    assert len(kis.sockets) <= 18
    (told,) = ear.told
    assert told == "lost FeedError: OPSP8996 ALREADY IN USE appkey"
    kis.refuse = None
    assert (await ear.until(2))[1] == "restored"


async def test_a_session_that_ends_as_soon_as_it_began_is_not_hammered(
    ear: Ear, kis: ScriptedKis, hub: Hub
) -> None:
    before = hub.clock.now()
    for count in range(1, 8):
        await kis.connected(count)
        await ear.until(2 * count - 1)
        await kis.sockets[-1].close()
        await ear.until(2 * count)
    await kis.connected(8)
    assert hub.clock.now() - before >= timedelta(seconds=1 + 2 + 4 + 8 + 16 + 32 + 60)


@pytest.mark.parametrize(
    "body",
    [
        {"rt_cd": "0", "msg_cd": "OPSP0000", "msg1": "SUBSCRIBE SUCCESS"},
        {"rt_cd": "1", "msg_cd": "OPSP0002", "msg1": "ALREADY IN SUBSCRIBE"},
    ],
    ids=["without a key", "known already"],
)
async def test_who_is_acknowledged_without_a_key_hears_what_is_not_secret(
    real: Access, kis: ScriptedKis, body: dict[str, str]
) -> None:
    kis.refuse, ear = body, Ear()
    real.feed.join(ear)
    assert await ear.until(1) == ["restored"]
    await kis.tell(f"0|H0STCNI0|001|{FILLED[0]}")
    assert (await ear.until(2))[1] == "heard 4711"
    await kis.tell(f"1|H0STCNI0|001|{FILLED[1]}")
    assert (await ear.until(3))[2].startswith("lost FeedError: a frame of H0STCNI0 without its key")


async def test_an_approval_key_that_died_is_replaced(
    real: Access, kis: ScriptedKis, hub: Hub
) -> None:
    kis.refuse = {"rt_cd": "1", "msg_cd": "OPSP0011", "msg1": "invalid approval"}
    ear = Ear()
    real.feed.join(ear)
    await hub.clock.sleep(2)
    kis.refuse = None
    await ear.until(1)
    assert len(kis.asked("/oauth2/Approval")) >= 2


async def test_after_the_last_has_left_nothing_is_open(
    ear: Ear, real: Access, kis: ScriptedKis, hub: Hub
) -> None:
    await real.feed.leave(ear)
    await hub.clock.sleep(300)
    assert len(kis.sockets) == 1
    assert kis.sockets[0].closed
