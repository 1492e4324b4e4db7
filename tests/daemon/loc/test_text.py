from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.virtual_time import VirtualTimeLoop
from algorithms.domain import AccountName, Symbol
from daemon.config.service import Locale
from daemon.i18n import words_in
from daemon.loc.plans import plan_symbol
from daemon.loc.text import plan_text
from tests.daemon.jobs.mornings import house, morning, new_york, until
from tests.support.world import buy

if TYPE_CHECKING:
    from pathlib import Path

loop_factory = VirtualTimeLoop
DIPS = (
    '{ type = "dip_loc", budget = "2000", buy_percent = 8, tp_percent = 5, sl_percent = 1, '
    "spread = { step = 1, floor_percent = 0 } }"
)


async def test_a_plan_is_a_table_with_what_stands_outside_below_it(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"dips": DIPS}, jobs="")) as here:
        await here.submit("dips", buy("TQQQ", "10"))
        await until(here, new_york(15, 59))
        await here.set_price("TQQQ", "99")
        await until(here, new_york(16, 30))
        plan = await plan_symbol(here.engine.services, AccountName("main"), Symbol("TQQQ"))
        assert plan is not None
        english = plan_text(plan, words_in(Locale.ENGLISH), Locale.ENGLISH)
        assert english.splitlines() == [
            "kind         price  quantity  note",
            "----------  ------  --------  --------------------------------------------------",
            "sell (all)  106.93        10  close > $106.92: no buy fills → everything is sold",
            "buy         106.92         8  net buy after netting (close $105~$106.92)",
            "buy (all)   104.99        18  close < $105: no sell fills → everything is bought",
            "stop loss of dips: 10 at a close of $99 or below, reached",
            "buy (6.32%) of dips, not sent: 1 at $105.26",
            "buy (1.01%) of dips, not sent: 1 at $100",
            "Rows are alternatives: do not send them together.",
        ]
        korean = plan_text(plan, words_in(Locale.KOREAN), Locale.KOREAN)
        assert korean.splitlines()[-4:] == [
            "손절 dips: 종가 $99 이하 시 10주, 도달",
            "매수 (6.32%) dips, 전송 안 함: $105.26에 1주",
            "매수 (1.01%) dips, 전송 안 함: $100에 1주",
            "행은 서로 다른 경우입니다. 함께 주문하지 마십시오.",
        ]
