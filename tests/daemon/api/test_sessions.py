"""Logging in with a browser: one cookie, one token against forgery, twelve hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from daemon.api.sessions import COOKIE, CSRF_HEADER, LIFETIME, SESSIONS_MAX, Sessions
from daemon.service.logs import SILENT
from tests.daemon.api.fakes import ADMIN_TOKEN, House

if TYPE_CHECKING:
    import pytest
    from aiohttp import web
    from aiohttp.test_utils import TestClient


async def log_in(client: TestClient[web.Request, web.Application]) -> dict[str, str]:
    response = await client.post("/login", json={"token": ADMIN_TOKEN})
    assert response.status == 200
    cookie = response.cookies[COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    return {CSRF_HEADER: (await response.json())["csrf"]}


async def test_a_session_opens_what_the_admin_s_token_opens() -> None:
    house = House()
    async with house.client() as client:
        assert (await client.get("/api/docs")).status == 401
        csrf = await log_in(client)
        assert (await client.get("/api/docs")).status == 200
        assert (await client.post("/api/halt", json={}, headers=csrf)).status == 200
        assert len(house.admin.halts) == 1


async def test_without_its_csrf_token_nothing_is_changed() -> None:
    house = House()
    async with house.client() as client:
        csrf = await log_in(client)
        for headers in (
            {},
            {CSRF_HEADER: "guessed"},
            {CSRF_HEADER: "é"},
            {**csrf, "Sec-Fetch-Site": "cross-site"},
        ):
            response = await client.post("/api/halt", json={}, headers=headers)
            assert response.status == 403
            told = await response.json(content_type=None)
            assert told["code"] == "session_needs_csrf"
            assert (await client.post("/logout", headers=headers)).status == 403
        assert house.admin.halts == {}


async def test_logged_out_the_old_cookie_is_worth_nothing() -> None:
    async with House().client() as client:
        csrf = await log_in(client)
        kept = {cookie.key: cookie.value for cookie in client.session.cookie_jar}
        assert (await client.post("/logout", headers=csrf)).status == 200
        assert (await client.get("/api/docs", cookies=kept)).status == 401
        assert (await client.post("/logout", headers=csrf)).status == 401


async def test_a_session_ends_by_time_and_when_too_many_began() -> None:
    house = House()
    async with house.client() as client:
        await log_in(client)
        (session,) = house.sessions._live.values()  # noqa: SLF001 - nothing else can wait 12 hours
        assert session.ends_at - house.clock.now() > LIFETIME - timedelta(minutes=1)
        over = replace(session, ends_at=house.clock.now())
        house.sessions._live[session.id] = over  # noqa: SLF001 - as above
        assert (await client.get("/api/docs")).status == 401
        await log_in(client)
        assert (await client.get("/api/docs")).status == 200
        for _ in range(SESSIONS_MAX):
            house.sessions.new()
        assert (await client.get("/api/docs")).status == 401


async def test_another_process_s_cookie_is_no_session(caplog: pytest.LogCaptureFixture) -> None:
    async with House().client() as first:
        await log_in(first)
        kept = {cookie.key: cookie.value for cookie in first.session.cookie_jar}
    async with House().client() as second:
        await log_in(second)
        second.session.cookie_jar.clear()
        for cookies in (kept, {COOKIE: "no cookie at all"}):
            assert (await second.get("/api/docs", cookies=cookies)).status == 401
    assert {each.name for each in caplog.records} <= set(SILENT)  # nobody else says a word


async def test_where_there_is_tls_the_cookie_goes_over_nothing_else() -> None:
    for secure in (False, True):
        house = House()
        house.sessions = Sessions(house.clock, secure=secure)
        async with house.client() as client:
            response = await client.post("/login", json={"token": ADMIN_TOKEN})
            assert bool(response.cookies[COOKIE]["secure"]) is secure


async def test_guessing_is_slowed_down() -> None:
    async with House().client() as client:
        codes = [(await client.post("/login", json={"token": "x"})).status for _ in range(25)]
        assert codes[:20] == [401] * 20
        assert 429 in codes[20:]
