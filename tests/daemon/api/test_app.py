"""Every path has its handler, its method and its door."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from daemon.api.app import make_door
from daemon.api.operation import Access
from daemon.config import load_config
from tests.daemon.api.fakes import ADMIN, House, signal

_ITS_OWN = {
    "POST /api/webhook": [Access.ANYBODY],  # the token stands in the body
    "POST /login": [Access.ANYBODY],
    "POST /logout": [Access.ANYBODY],  # it has its own session
}
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "http.md"

CONFIG = """
[daemon]
data_dir = "data"

[webhook]
allow_from = ["192.0.2.0/24"]

[http]
trusted_proxies = ["10.0.0.0/8"]
admin_token = { env = "ADMIN" }

[strategies.alpha]
token = { env = "ALPHA" }
signature_secret = { env = "ALPHA_KEY" }
allow_from = ["192.0.2.7"]

[strategies.beta]
"""
ENVIRON = {"ADMIN": "the admin's", "ALPHA": "alpha's", "ALPHA_KEY": "alpha signs"}


async def test_a_head_is_answered_where_a_get_is() -> None:
    async with House().client() as client:
        for path in ("/health", "/ready", "/metrics"):
            assert (await client.head(path)).status == 200


async def test_what_is_not_there_is_told_as_a_problem() -> None:
    async with House().client() as client:
        response = await client.get("/api/nothing", headers=ADMIN)
        assert response.status == 404
        assert response.content_type == "application/problem+json"
        assert (await response.json(content_type=None))["code"] == "not_found"


async def test_a_wrong_method_is_answered_with_the_right_ones() -> None:
    async with House().client() as client:
        response = await client.delete("/api/webhook")
        assert response.status == 405
        assert response.headers["Allow"] == "POST"
        response = await client.post("/health")
        assert response.status == 405
        assert response.headers["Allow"] == "GET, HEAD"


async def test_every_answer_carries_the_security_headers() -> None:
    async with House().client() as client:
        for response in (
            await client.get("/health"),
            await client.get("/metrics"),
            await client.get("/nothing"),
            await client.post("/api/webhook", json=signal()),
            await client.post("/api/webhook", json={}),
            await client.post("/api/halt", json={}),
        ):
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Cache-Control"] == "no-store"
            policy = response.headers["Content-Security-Policy"]
            assert policy == "default-src 'none'; frame-ancestors 'none'"
            assert response.headers["Referrer-Policy"] == "no-referrer"
            assert response.headers["Server"] == "nettingd"


def test_the_documentation_and_the_application_name_the_same_operations() -> None:
    rows = re.findall(r"^\| `([A-Z]+ /[^`]*)` \| ([^|]+) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    described = {f"{each.method} {each.path}" for each in House().operations()}
    assert {name for name, _ in rows} == described
    by_name = {f"{each.method} {each.path}": each.access for each in House().operations()}
    wrong = [
        name for name, access in rows if by_name[name] not in {access, *_ITS_OWN.get(name, ())}
    ]
    assert wrong == []


class TestTheDoorOfAConfiguration:
    @pytest.fixture
    def config_file(self, tmp_path: Path) -> Path:
        file = tmp_path / "config.toml"
        file.write_text(CONFIG, encoding="utf-8")
        return file

    async def test_it_knows_the_configured_tokens(self, config_file: Path) -> None:
        house = House()
        door = make_door(load_config(config_file, ENVIRON), house.clock)
        alpha = door.authority.strategy_of_token("alpha's")
        assert alpha is not None
        assert alpha.signature_key == b"alpha signs"
        assert "192.0.2.7" in alpha.allow_from
        assert "192.0.2.8" in door.allow_from
        assert "192.0.2.8" not in alpha.allow_from
        assert "10.1.1.1" in door.trusted_proxies
        assert door.authority.is_admin("the admin's")

    async def test_a_token_left_out_is_made_and_works(
        self, config_file: Path, tmp_path: Path
    ) -> None:
        door = make_door(load_config(config_file, ENVIRON), House().clock)
        made = (tmp_path / "data" / "tokens" / "beta.token").read_text(encoding="utf-8").strip()
        beta = door.authority.strategy_of_token(made)
        assert beta is not None
        assert (beta.name, beta.signature_key) == ("beta", None)
        assert not beta.allow_from
