from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from adapters.clock import SystemClock
from daemon.cli.demo_stage import Answer, Stage
from daemon.config import unsupported
from daemon.config.loader import load_config

if TYPE_CHECKING:
    from pathlib import Path

DONE = {
    "status": "done",
    "message": "2 orders cancelled",
    "cancelled_orders": 2,
    "results": [{"orders": [{"id": "A"}]}, {"orders": [{"id": "B"}, {"id": None}]}],
}
PROBLEM = {"status": 400, "code": "bad_input", "detail": "one fault"}


def test_an_answer_is_read_and_so_is_a_problem() -> None:
    answer = Answer.of(200, orjson.dumps(DONE))
    assert (answer.word, answer.cancelled_orders, answer.order_ids) == ("done", 2, ("A", "B"))
    problem = Answer.of(400, orjson.dumps(PROBLEM))
    assert (problem.word, problem.message, problem.order_ids) == ("bad_input", "one fault", ())


def test_the_stage_is_set_with_what_this_version_can_do(tmp_path: Path) -> None:
    Stage(tmp_path, SystemClock())
    assert unsupported(load_config(tmp_path / "config.toml", {})) == ()


async def test_waiting_ends_when_it_is_so_or_when_time_is_up(tmp_path: Path) -> None:
    stage = Stage(tmp_path, SystemClock())
    looks = iter([False, False, True])
    assert await stage.until(lambda: next(looks), 5)
    assert not await stage.until(lambda: False, 0.05)
