"""What pages offer is found in their templates, and what nobody used is told."""

from __future__ import annotations

from tests.browser.controls import Controls, offered


def test_forms_buttons_and_questions_of_templates_are_found() -> None:
    assert set(offered()) >= {
        "yes to net",
        "form /login",
        "form /logout",
        "form /api/events/seen",
        "form /order-book",
        "form /order-book follow",
        "button data-add sub_mp",
        "button data-close",
        "orders /ask/approve",
        "today /ask/replay",
        "accounts /ask/assign",
    }


def test_what_is_used_at_one_width_is_missing_at_the_other() -> None:
    controls = Controls()
    controls.use("/ask/approve", "/orders/01M7", "", 1280)
    controls.use("yes", "/orders/01M7", "approve", 360)
    missing = controls.missing(controls.used)
    assert "order /ask/approve (desktop)" not in missing
    assert "order /ask/approve (phone)" in missing
    assert "orders /ask/approve (desktop)" in missing
    assert "yes to approve (phone)" not in missing
    assert "yes to approve (desktop)" in missing
