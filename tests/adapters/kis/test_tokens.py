"""One token a day, never asked for twice in a minute, by however many processes."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.broker import BrokerMisconfiguredError, BrokerUnavailableError
from adapters.clock import LoopClock, SystemClock
from adapters.http import Lost, NotSent
from adapters.kis.answers import read_reply
from adapters.kis.tokens import AGAIN_S, Keys, Tokens, token_file
from adapters.tasks import TaskSupervisor
from tests.simulators.kis import KisSimulator, Profile
from tests.support.world import START, started

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.kis.answers import Observation

KEYS = Keys("app-key", "app-secret")
TOO_SOON = read_reply(403, b'{"error_code":"EGW00133","error_description":"1"}', "")
HOUR_S = 3600.0


class Desk:
    """Issues tokens as KIS does, or says what a test wants."""

    def __init__(self, clock: LoopClock) -> None:
        self.clock = clock
        self.asked: list[float] = []
        self.answers: list[Observation] = []

    async def issue(self) -> Observation:
        self.asked.append(self.clock.monotonic())
        await asyncio.sleep(0.3)
        if self.answers:
            return self.answers.pop(0)
        body = f'{{"access_token":"token-{len(self.asked)}","expires_in":86400}}'
        return read_reply(200, body.encode(), "")


@pytest.fixture
def desk() -> Desk:
    return Desk(LoopClock(START))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return token_file(tmp_path, "https://host", KEYS)


def broken(file: Path) -> None:
    file.write_bytes(b'{"token":')


def process(desk: Desk, file: Path) -> Tokens:
    return Tokens(desk.clock, file, desk.issue, TaskSupervisor())


async def test_a_token_outlives_the_process(desk: Desk, file: Path) -> None:
    assert await process(desk, file).token() == "token-1"
    assert await process(desk, file).token() == "token-1"
    assert len(desk.asked) == 1


async def test_nobody_else_may_read_it(desk: Desk, file: Path) -> None:
    await process(desk, file).token()
    assert {path.stat().st_mode & 0o777 for path in file.parent.iterdir()} == {0o600}


async def test_processes_that_start_together_ask_once(desk: Desk, file: Path) -> None:
    several = [process(desk, file) for _ in range(4)]
    tokens = await asyncio.gather(*(one.token() for one in several for _ in range(3)))
    assert set(tokens) == {"token-1"}
    assert len(desk.asked) == 1


async def test_it_is_renewed_before_it_dies(desk: Desk, file: Path) -> None:
    tokens = process(desk, file)
    await tokens.token()
    await desk.clock.sleep(21.9 * HOUR_S)
    assert await tokens.token() == "token-1"
    await desk.clock.sleep(0.2 * HOUR_S)
    assert await tokens.token() == "token-1", "nobody waits for the new one"
    await desk.clock.sleep(1)
    assert await tokens.token() == "token-2"


async def test_a_failed_renewal_leaves_the_old_one_at_work(desk: Desk, file: Path) -> None:
    tokens = process(desk, file)
    await tokens.token()
    await desk.clock.sleep(23 * HOUR_S)
    desk.answers = [TOO_SOON, Lost("time-out")]
    for _ in range(20):
        assert await tokens.token() == "token-1"
        await desk.clock.sleep(0.1)
    assert len(desk.asked) == 2
    for count in (3, 4):
        await desk.clock.sleep(2 * AGAIN_S)
        assert await tokens.token() == "token-1"
        await desk.clock.sleep(1)
        assert len(desk.asked) == count
    assert await tokens.token() == "token-4"


async def test_refusals_are_waited_out_longer_and_longer(desk: Desk, file: Path) -> None:
    desk.answers = [TOO_SOON] * 4
    while True:
        try:
            await process(desk, file).token()
            break
        except BrokerUnavailableError:
            await desk.clock.sleep(10)
    pauses = [later - sooner for sooner, later in zip(desk.asked, desk.asked[1:], strict=False)]
    wanted = [130, 260, 520, 900]
    assert all(most <= pause <= most + 11 for pause, most in zip(pauses, wanted, strict=True))


async def test_a_kill_while_asking_does_not_ask_twice_a_minute(desk: Desk, file: Path) -> None:
    tasks = TaskSupervisor()
    dying = started(Tokens(desk.clock, file, desk.issue, tasks).token())
    await desk.clock.sleep(0.1)
    await tasks.close(1)
    with pytest.raises(BrokerUnavailableError, match="not connected"):
        await dying
    with pytest.raises(BrokerUnavailableError, match="may be asked for in"):
        await process(desk, file).token()
    await desk.clock.sleep(AGAIN_S)
    assert await process(desk, file).token() == "token-2"


async def test_who_asked_in_a_hurry_leaves_and_the_token_arrives(desk: Desk, file: Path) -> None:
    tokens = process(desk, file)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await tokens.token()
    assert await tokens.token() == "token-1"
    assert len(desk.asked) == 1


async def test_after_the_end_there_is_no_token(desk: Desk, file: Path) -> None:
    tasks = TaskSupervisor()
    await tasks.close(1)
    with pytest.raises(BrokerUnavailableError, match="not connected"):
        await Tokens(desk.clock, file, desk.issue, tasks).token()


async def test_a_question_nobody_heard_may_be_asked_again_at_once(desk: Desk, file: Path) -> None:
    desk.answers = [NotSent("no route")]
    with pytest.raises(BrokerUnavailableError, match="no route"):
        await process(desk, file).token()
    assert await process(desk, file).token() == "token-2"


async def test_a_token_kis_does_not_take_is_replaced_once(desk: Desk, file: Path) -> None:
    tokens = process(desk, file)
    tokens.refused(await tokens.token())
    with pytest.raises(BrokerUnavailableError):
        await tokens.token()
    await desk.clock.sleep(AGAIN_S)
    assert await tokens.token() == "token-2"


async def test_a_token_another_process_has_replaced_is_taken_over(desk: Desk, file: Path) -> None:
    ours, theirs = process(desk, file), process(desk, file)
    old = await ours.token()
    await theirs.token()
    await desk.clock.sleep(AGAIN_S)
    theirs.refused(old)
    assert await theirs.token() == "token-2"
    ours.refused(old)
    assert await ours.token() == "token-2"
    assert len(desk.asked) == 2


async def test_keys_kis_does_not_know_are_a_persons(desk: Desk, file: Path) -> None:
    desk.answers = [read_reply(403, b'{"error_code":"EGW00103","error_description":"key"}', "")]
    with pytest.raises(BrokerMisconfiguredError, match="EGW00103"):
        await process(desk, file).token()


async def test_a_broken_file_is_as_good_as_none(desk: Desk, file: Path) -> None:
    broken(file)
    assert await process(desk, file).token() == "token-1"


def take_no_more(file: Path) -> None:
    """Let nothing be written beside the file any more, as a full disk does."""
    file.with_suffix(".new").mkdir(parents=True)


async def test_a_disk_that_takes_nothing_leaves_the_old_token_at_work(
    desk: Desk, file: Path
) -> None:
    tokens = process(desk, file)
    old = await tokens.token()
    await desk.clock.sleep(23 * HOUR_S)
    take_no_more(file)
    assert await tokens.token() == old
    assert len(desk.asked) == 1, "what cannot be noted first is not asked"


async def test_without_a_disk_there_is_no_token_and_no_question(desk: Desk, file: Path) -> None:
    take_no_more(file)
    with pytest.raises(BrokerUnavailableError, match="cannot be stored"):
        await process(desk, file).token()
    nowhere = file.with_suffix(".file")
    nowhere.write_text("no folder")
    with pytest.raises(BrokerUnavailableError, match="folder cannot be used"):
        await process(desk, nowhere / "kis.token").token()
    assert desk.asked == []


async def test_a_token_that_cannot_be_stored_serves_this_process(desk: Desk, file: Path) -> None:
    async def issue() -> Observation:
        take_no_more(file)
        return await desk.issue()

    tokens = Tokens(desk.clock, file, issue, TaskSupervisor())
    assert await tokens.token() == await tokens.token() == "token-1"
    assert len(desk.asked) == 1


async def test_a_clock_set_back_does_not_lock_us_out(desk: Desk, file: Path) -> None:
    tokens = process(desk, file)
    tokens.refused(await tokens.token())
    desk.clock.step(-timedelta(days=2))
    await desk.clock.sleep(AGAIN_S)
    with pytest.raises(BrokerUnavailableError):
        await tokens.token()
    await desk.clock.sleep(2 * AGAIN_S)


def test_keys_and_hosts_do_not_share_a_file(tmp_path: Path) -> None:
    files = {
        token_file(tmp_path, host, Keys(key, "s")) for host in ("a", "b") for key in ("1", "2")
    }
    assert len(files) == 4
    assert "app-secret" not in repr(KEYS)


LOGS_IN = """
import asyncio, sys
from pathlib import Path
from adapters.clock import SystemClock
from adapters.http import Hosts
from adapters.kis.hosts import Profile
from adapters.kis.hub import Hub
from adapters.kis.tokens import Keys

async def main(folder, rest, key, secret):
    hub = Hub(SystemClock(), Path(folder))
    access = hub.access(Profile.PAPER, Hosts(rest, ""), Keys(key, secret))
    print(await access.tokens.token())
    await hub.close()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.slow
class TestProcesses:
    loop_factory = asyncio.SelectorEventLoop

    async def test_two_processes_at_once_share_the_token_of_a_minute(self, tmp_path: Path) -> None:
        """KIS would refuse the second token of a minute."""
        simulator = KisSimulator(SystemClock(), Profile.PAPER)
        urls, key = await simulator.start(), simulator.key("alice")
        told = await asyncio.gather(
            *(_run(tmp_path, urls.rest, key.app_key, key.app_secret) for _ in range(2))
        )
        await simulator.close()
        assert told[0] == told[1]
        assert told[0]


async def _run(folder: Path, *arguments: str) -> str:
    """Return the token that a process of its own gets."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LOGS_IN, str(folder), *arguments), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    return output.decode().strip()
