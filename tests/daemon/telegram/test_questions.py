from __future__ import annotations

from datetime import UTC, datetime, timedelta

from adapters.clock import LoopClock
from daemon.telegram.questions import LASTS, OPEN_MAX, Question, Questions

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


async def done(key: str, who: str) -> str:
    return f"{key} {who}"


QUESTION = Question("Halt?", "Halt", done)


async def test_a_question_is_answered_once() -> None:
    questions = Questions(LoopClock(START), refuse="Leave it")
    yes, no = questions.ask(QUESTION)
    assert (yes.label, no.label) == ("Halt", "Leave it")
    assert max(len(yes.data), len(no.data)) <= 64

    pressed = questions.answered(yes.data)
    assert pressed is not None
    assert (pressed.question, pressed.is_yes) == (QUESTION, True)
    assert questions.answered(yes.data) is None
    assert questions.answered(no.data) is None


async def test_a_no_is_an_answer_too() -> None:
    questions = Questions(LoopClock(START), refuse="Leave it")
    yes, no = questions.ask(QUESTION)
    pressed = questions.answered(no.data)
    assert pressed is not None
    assert not pressed.is_yes
    assert questions.answered(yes.data) is None


async def test_a_question_of_long_ago_is_none() -> None:
    clock = LoopClock(START)
    questions = Questions(clock, refuse="Leave it")
    yes, _ = questions.ask(QUESTION)
    clock.step(LASTS - timedelta(seconds=1))
    assert questions.answered(questions.ask(QUESTION)[0].data) is not None
    clock.step(timedelta(seconds=1))
    assert questions.answered(yes.data) is None


async def test_buttons_of_others_and_of_before_a_restart_do_nothing() -> None:
    questions = Questions(LoopClock(START), refuse="Leave it")
    questions.ask(QUESTION)
    for data in ("", "yes", "yes:", "yes:0123456789abcdef", "halt everything"):
        assert questions.answered(data) is None


async def test_only_so_many_questions_are_kept() -> None:
    questions = Questions(LoopClock(START), refuse="Leave it")
    first, _ = questions.ask(QUESTION)
    others = [questions.ask(QUESTION)[0] for _ in range(OPEN_MAX)]
    assert questions.answered(first.data) is None
    assert all(questions.answered(each.data) is not None for each in others)
