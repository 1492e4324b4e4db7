from __future__ import annotations

from typing import TYPE_CHECKING

from algorithms.domain import OrderType
from tests.daemon.telegram.bots import room
from tests.support.world import THREE_BOOKS, buy, sell

if TYPE_CHECKING:
    from pathlib import Path

LOC = OrderType.LOC


async def test_a_person_sees_what_the_close_will_bring(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.day.submit("alpha", buy("TQQQ", "10"))
        await here.day.settle()
        asked = (await here.write("/sheet")).text
        assert asked == "Write /sheet ACCOUNT SYMBOL. Now: -"
        await here.day.submit("alpha", sell("TQQQ", "4", kind=LOC, price="101"))
        await here.day.submit("beta", buy("TQQQ", "6", kind=LOC, price="99"))
        said = (await here.write("/sheet")).text.splitlines()
        assert said[0] == "LOC sheet of TQQQ in main"
        assert said[1:] == [
            "buy 99 x 6: bought (close \u2264 $99)",
            "sell 101 x 4: not netted (sold at a close of $101 or above)",
        ]
        assert said == (await here.write("/sheet main TQQQ")).text.splitlines()
        await here.day.submit("beta", buy("SOXL", "6", kind=LOC, price="49"))
        assert (await here.write("/sheet")).text == (
            "Write /sheet ACCOUNT SYMBOL. Now: /sheet main SOXL, /sheet main TQQQ"
        )


async def test_the_sheet_is_korean_for_koreans(tmp_path: Path) -> None:
    async with room(tmp_path, f'{THREE_BOOKS}\n[daemon]\nlocale = "ko"\n') as here:
        await here.day.submit("beta", buy("TQQQ", "6", kind=LOC, price="99"))
        assert "매수" in (await here.write("/sheet main TQQQ")).text


async def test_a_sheet_of_nothing_says_so(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        assert (await here.write("/sheet main TQQQ")).text == "no LOC orders for TQQQ in main"
        assert "account: must be" in (await here.write("/sheet nobody TQQQ")).text
