"""Who sees a page, in which language, how fresh, and what a browser may do with it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from daemon.web import questions, site, templates
from daemon.web.menu import MENU
from tests.support.served import ADMIN, ADMIN_TOKEN, Served, served
from tests.support.world import started

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from adapters.clock import Clock
    from daemon.web.page import Sources, Visit
    from daemon.web.question import Question

HTTP_REFERENCE = Path(__file__).resolve().parents[3] / "docs/reference/http.md"
BROWSER = {"Accept": "text/html,*/*"}


async def test_a_browser_logs_in_by_the_form_and_goes_on(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        form = await (await here.client.get("/login?next=/log")).text()
        assert 'name="next" value="/log"' in form
        response = await here.client.post(
            "/login", data={"token": ADMIN_TOKEN, "next": "/log"}, allow_redirects=False
        )
        assert (response.status, response.headers["Location"]) == (303, "/log")
        page = await (await here.client.get("/log", headers=BROWSER)).text()
        assert "<h1>Log</h1>" in page
        assert 'name="csrf" content=""' not in page, "its forms can change something"


async def test_a_browser_that_is_not_logged_in_is_sent_to_the_form_and_back(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as here:
        response = await here.client.get("/orders?side=buy", headers=BROWSER, allow_redirects=False)
        assert response.status == 303
        assert response.headers["Location"] == "/login?next=%2Forders%3Fside%3Dbuy"
        assert (await here.client.get("/orders")).status == 401, "a program is told"


async def test_a_wrong_token_is_told_in_the_form_and_too_many_are_slowed(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        wrong = {"token": "wrong", "next": "/log"}
        page = await (await here.client.post("/login", data=wrong)).text()
        assert "not the admin token" in page
        assert 'value="/log"' in page
        for _ in range(25):
            page = await (await here.client.post("/login", data=wrong)).text()
        assert "Too many wrong tokens" in page


@pytest.mark.parametrize("path", MENU)
async def test_every_page_of_the_menu_is_whole_and_marks_where_one_is(
    tmp_path: Path, path: str
) -> None:
    async with served(tmp_path) as here:
        html = await here.page(path)
        assert f'<a href="{path}" aria-current="page">{MENU[path]}</a>' in html
        assert html.count("<h1>") == 1
        assert html.rstrip().endswith("</html>")
        korean = await here.page(path, "ko-KR,ko;q=0.9,en;q=0.5")
        assert '<html lang="ko">' in korean
        assert MENU[path] not in korean.replace('href="', "")


async def test_no_page_has_anything_inline_or_from_outside(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        response = await here.client.get("/", headers=ADMIN)
        policy = response.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert policy in " ".join(HTTP_REFERENCE.read_text().split()), "as it is documented"
        assert "default-src 'none'" in policy
        for path in (*MENU, "/login"):
            html = await here.page(path)
            for inline in ("<style", "style=", "onclick=", "<script>", "http://", "https://"):
                assert inline not in html, (path, inline)


async def test_what_a_stranger_wrote_is_text_and_no_markup(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        await here.post("/api/halt", {"reason": "<script>alert(1)</script>"})
        for path in ("/", "/log"):
            html = await here.page(path)
            assert "<script>alert" not in html
            assert "&lt;script&gt;alert" in html


async def test_a_page_asks_for_its_main_part_alone(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        response = await here.client.get("/log", headers={**ADMIN, site.PART_HEADER: "main"})
        part = await response.text()
        assert part.startswith("<h1>")
        assert "<html" not in part


async def test_a_part_is_made_once_for_all_who_look_at_the_same_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    render = templates.render_in_steps

    async def counted(
        request: web.Request, name: str, context: Mapping[str, object], clock: Clock
    ) -> str:
        made.append(name)
        return await render(request, name, context, clock)

    monkeypatch.setattr(site, "render_in_steps", counted)
    monkeypatch.setattr(site, "KEPT_S", 0.2)
    async with served(tmp_path) as here:
        await look(here)
        await here.post("/api/halt", {"reason": "odd fills"})
        for html in await asyncio.gather(*(look(here) for _ in range(20))):
            assert "odd fills" in html, "nobody is shown what was before"
        assert made == ["log.html"] * 2


async def test_no_page_waits_for_a_question_whose_broker_takes_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking, answered = asyncio.Event(), asyncio.Event()
    halt = questions.QUESTIONS["halt"]

    async def slow(sources: Sources, visit: Visit, /) -> Question:
        asking.set()
        await answered.wait()
        return await halt(sources, visit)

    monkeypatch.setattr(questions, "QUESTIONS", {"halt": slow})
    async with served(tmp_path) as here:
        question = started(here.page("/ask/halt?scope=all"))
        await asking.wait()
        async with asyncio.timeout(60):
            assert "<h1>Log</h1>" in await here.page("/log")
        answered.set()
        assert "New orders are stopped" in await question


async def look(here: Served) -> str:
    headers = {**ADMIN, site.PART_HEADER: "main"}
    return await (await here.client.get("/log", headers=headers)).text()


async def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        for path in ("/orders/nothing", "/webhooks/nothing", "/ask/nothing", "/static/x.js"):
            await here.page(path, status=404)
        await here.page("/orders?side=up", status=400)


async def test_a_page_that_takes_too_long_is_given_up_and_says_when_to_try_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stuck(sources: Sources, visit: Visit, /) -> Question:
        await asyncio.Event().wait()
        return await halt(sources, visit)

    halt = questions.QUESTIONS["halt"]
    monkeypatch.setattr(questions, "QUESTIONS", {"halt": stuck})
    monkeypatch.setattr(site, "LOAD_S", 0.05)
    async with served(tmp_path) as here:
        address = "/ask/halt?scope=all"
        for part in ({}, {site.PART_HEADER: "main", **BROWSER}):
            response = await here.client.get(address, headers={**ADMIN, **part})
            assert (response.status, response.headers["Retry-After"]) == (503, "5")
            assert (await response.json(content_type=None))["code"] == "page_slow"
        response = await here.client.get(
            address, headers={**ADMIN, **BROWSER, "Accept-Language": "ko"}
        )
        html = await response.text()
        assert (response.status, response.headers["Retry-After"]) == (503, "5")
        assert response.headers["Content-Security-Policy"]
        assert "<h1>지금은 안 됩니다</h1>" in html
        assert "주문은 그대로 처리됩니다" in html
        assert f'href="{address}">다시 시도' in html
        assert "<h1>Log</h1>" in await here.page("/log"), "others go on"


async def test_a_browser_reads_on_a_page_why_something_cannot_be_shown(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        told = {
            "/orders/nothing": (404, "Nothing is here", "there is no such order"),
            "/orders?side=up": (400, "This cannot be shown", "side: must be one of buy, sell"),
        }
        for path, (status, title, text) in told.items():
            response = await here.client.get(path, headers={**ADMIN, **BROWSER})
            html = await response.text()
            assert response.status == status
            assert f"<h1>{title}</h1>" in html
            assert text in html
            assert 'aria-current="page">Orders</a>' in html, "the way on"
