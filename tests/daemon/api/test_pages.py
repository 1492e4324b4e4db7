"""What the API is, for people; and how sessions begin and end."""

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


@pytest.mark.parametrize(
    "away", ["https://evil.example", "//evil.example", "/\\evil", "x", "/a\nb"]
)
async def test_a_login_leads_to_no_other_host(away: str) -> None:
    async with House().client() as client:
        response = await client.post(
            "/login", data={"token": ADMIN_TOKEN, "next": away}, allow_redirects=False
        )
        assert response.headers["Location"] == "/"


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
        for data in (
            "",
            "token=%ff",
            f"token={ADMIN_TOKEN}&token=x",
            "&".join(f"a{n}=1" for n in range(99)),
        ):
            response = await client.post(
                "/login",
                data=data.encode(),
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            )
            assert response.status == 400
            assert {f["path"] for f in (await response.json(content_type=None))["errors"]} == {
                "token"
            }
