"""A person looks at alarms and marks them as seen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import orjson

from daemon.api.marks import IDS_MAX
from daemon.cli.alarms import AT_ONCE
from daemon.service.exits import Exit
from tests.support.served import served
from tests.support.world import THREE_BOOKS

if TYPE_CHECKING:
    from pathlib import Path


IN_SEOUL = f'{THREE_BOOKS}\n[daemon]\ntimezone = "Asia/Seoul"\n'


async def test_alarms_wait_until_somebody_has_seen_them(tmp_path: Path) -> None:
    async with served(tmp_path, IN_SEOUL) as here:
        await here.post("/api/halt", {"reason": "a warning is no alarm"})
        assert (await here.nettingd("seen"))[:2] == (Exit.OK, "no alarm waits to be seen\n")
        first, second, third = await here.alarmed(3)
        code, out, _ = await here.nettingd("seen")
        assert code == Exit.OK
        assert [line.split()[0] for line in out.splitlines()[2:]] == [third, second, first]
        assert len(re.findall(r" KST +invariant ", out)) == 3

        code, out, _ = await here.nettingd("seen", first, "--by", "anna")
        assert code == Exit.OK
        assert [out.splitlines()[2].split()[each] for each in (0, -1)] == [first, "anna"]
        code, out, _ = await here.nettingd("seen", first, "--json")
        (mark,) = orjson.loads(out)["marks"]
        assert (mark["id"], mark["seen_by"]) == (first, "anna")
        assert mark["seen_at"].endswith("+00:00")
        code, out, _ = await here.nettingd("seen", "--all", "--json")
        assert [each["id"] for each in orjson.loads(out)["marks"]] == [third, second]
        _, out, _ = await here.nettingd("seen", "--json")
        assert orjson.loads(out) == {"items": []}
        assert (await here.nettingd("seen", "--all"))[1] == "no alarm waits to be seen\n"


async def test_more_than_one_request_may_name_are_all_marked(tmp_path: Path) -> None:
    assert AT_ONCE == IDS_MAX
    async with served(tmp_path) as here:
        ids = await here.alarmed(AT_ONCE + 1)
        _, out, _ = await here.nettingd("seen", "--all", "--json")
        assert {each["id"] for each in orjson.loads(out)["marks"]} == set(ids)


async def test_what_is_no_alarm_is_said_so_and_nothing_is_marked(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        (alarm,) = await here.alarmed(1)
        code, out, err = await here.nettingd("seen", alarm, "01ARZ3NDEKTSV4RRFFQ69G5FAV")
        assert (code, out) == (Exit.FAILED, "")
        assert "there is no alarm 01ARZ3NDEKTSV4RRFFQ69G5FAV" in err
        assert alarm in (await here.nettingd("seen"))[1]
