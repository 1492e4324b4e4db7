from __future__ import annotations

import asyncio
import logging

import pytest

from adapters.tasks import SupervisorClosedError, TaskSupervisor


async def answer() -> int:
    return 42


async def stumble() -> None:
    raise RuntimeError("stumbled")


async def test_a_task_has_a_name_and_gives_its_result() -> None:
    tasks = TaskSupervisor()
    task = tasks.spawn(answer(), name="answer")
    assert list(tasks.names) == ["answer"]
    assert await task == 42
    assert list(tasks.names) == []


async def test_a_failure_is_logged_and_told(caplog: pytest.LogCaptureFixture) -> None:
    told: list[tuple[str, str]] = []
    tasks = TaskSupervisor(on_failure=lambda name, error: told.append((name, str(error))))
    task = tasks.spawn(stumble(), name="walk")
    with pytest.raises(RuntimeError):
        await task
    await asyncio.sleep(0)
    assert told == [("walk", "stumbled")]
    assert [record.getMessage() for record in caplog.records] == ["task 'walk' failed"]
    assert caplog.records[0].exc_info is not None


async def test_closing_ends_every_task_and_is_no_failure() -> None:
    told: list[str] = []
    tasks = TaskSupervisor(on_failure=lambda name, _: told.append(name))
    cleaned_up = asyncio.Event()

    async def wait_for_ever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned_up.set()

    task = tasks.spawn(wait_for_ever(), name="wait")
    await asyncio.sleep(0)
    await tasks.close(timeout_s=1)
    assert task.cancelled()
    assert cleaned_up.is_set()
    assert told == []


async def test_a_task_that_fails_while_it_is_ended_is_told() -> None:
    told: list[str] = []
    tasks = TaskSupervisor(on_failure=lambda name, _: told.append(name))

    async def end_badly() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise RuntimeError("no way to end")

    tasks.spawn(end_badly(), name="bad end")
    await asyncio.sleep(0)
    await tasks.close(timeout_s=1)
    assert told == ["bad end"]


async def test_a_task_that_refuses_to_end_is_named(caplog: pytest.LogCaptureFixture) -> None:
    tasks = TaskSupervisor()
    let_go = asyncio.Event()

    async def stay() -> None:
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue

    task = tasks.spawn(stay(), name="stubborn")
    await asyncio.sleep(0)
    with caplog.at_level(logging.ERROR):
        await tasks.close(timeout_s=0.01)
    assert "'stubborn' did not end within 0.01 s" in caplog.text
    let_go.set()
    await task


async def test_a_task_may_close_its_own_supervisor() -> None:
    tasks = TaskSupervisor()
    other = tasks.spawn(asyncio.Event().wait(), name="other")

    async def shut_down() -> str:
        await tasks.close(timeout_s=1)
        return "done"

    assert await tasks.spawn(shut_down(), name="shut down") == "done"
    assert other.cancelled()


async def test_nothing_starts_after_closing() -> None:
    tasks = TaskSupervisor()
    await tasks.close(timeout_s=1)
    with pytest.raises(SupervisorClosedError, match="'late'"):
        tasks.spawn(answer(), name="late")
