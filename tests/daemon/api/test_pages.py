"""The first pages: what the API is, and the form to log in."""

from __future__ import annotations

import orjson
import pytest

from daemon.api.docs_page import STYLE
from tests.daemon.api.fakes import ADMIN, ADMIN_TOKEN, House


async def test_the_documentation_needs_nothing_from_outside() -> None:
    house = House()
    house.operations()
    async with house.client() as client:
        response = await client.get("/api/docs", headers=ADMIN)
        page = await response.text()
        assert response.content_type == "text/html"
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert page.count("<style>") == 1
        assert f"<style>{STYLE}</style>" in page
        for outside in ("<script", "<img", "<link", "src=", "http://", "https://", "style="):
            assert outside not in page, outside
        assert "POST /api/cancel" in page


async def test_a_browser_logs_in_by_the_form_and_goes_on() -> None:
    async with House().client() as client:
        form = await (await client.get("/login?next=/api/openapi.json")).text()
        assert 'value="/api/openapi.json"' in form
        response = await client.post(
            "/login",
            data={"token": ADMIN_TOKEN, "next": "/api/openapi.json"},
            allow_redirects=False,
        )
        assert (response.status, response.headers["Location"]) == (303, "/api/openapi.json")
        assert (await client.get("/api/openapi.json")).status == 200


async def test_a_browser_that_is_not_logged_in_is_sent_to_the_form_and_back() -> None:
    async with House().client() as client:
        browser = {"Accept": "text/html,*/*"}
        response = await client.get("/api/docs", headers=browser, allow_redirects=False)
        assert response.status == 303
        assert response.headers["Location"] == "/login?next=%2Fapi%2Fdocs"
        form = await (await client.get("/api/docs", headers=browser)).text()
        assert 'name="next" value="/api/docs"' in form
        assert (await client.get("/api/openapi.json", headers=browser)).status == 401
        wrong = {**browser, "Authorization": "Bearer x"}
        assert (await client.get("/api/docs", headers=wrong)).status == 401


@pytest.mark.parametrize(
    "away", ["https://evil.example", "//evil.example", "/\\evil", "x", "/a\nb"]
)
async def test_a_login_leads_to_no_other_host(away: str) -> None:
    async with House().client() as client:
        response = await client.post(
            "/login", data={"token": ADMIN_TOKEN, "next": away}, allow_redirects=False
        )
        assert response.headers["Location"] == "/api/docs"


async def test_json_that_is_called_a_form_is_json() -> None:
    async with House().client() as client:
        response = await client.post(
            "/login",
            data=orjson.dumps({"token": ADMIN_TOKEN}),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert response.status == 200
        assert "csrf" in await response.json()


async def test_a_form_that_is_none_is_told_what_it_lacks() -> None:
    async with House().client() as client:
        for data in ("", "token=%ff", "&".join(f"a{n}=1" for n in range(99))):
            response = await client.post(
                "/login",
                data=data.encode(),
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            )
            assert response.status == 400
            assert {f["path"] for f in (await response.json(content_type=None))["errors"]} == {
                "token"
            }
