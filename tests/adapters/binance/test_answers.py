"""What an answer says before it is judged."""

from __future__ import annotations

from adapters.binance.answers import element_reply, read_reply


def test_a_good_answer() -> None:
    reply = read_reply(200, b'{"orderId":1}', {})
    assert reply.is_good
    assert reply.body == {"orderId": 1}


def test_a_refusal_with_its_code_and_the_time_to_wait() -> None:
    reply = read_reply(429, b'{"code":-1003,"msg":"Too much"}', {"Retry-After": "7"})
    assert (reply.code, reply.message, reply.retry_after_s) == (-1003, "Too much", 7.0)
    assert not reply.is_good


def test_a_ban_names_its_end() -> None:
    raw = b'{"code":-1003,"msg":"Way too much; IP banned until 1800000000000."}'
    assert read_reply(418, raw, {}).banned_until_ms == 1_800_000_000_000


def test_a_page_is_no_answer() -> None:
    reply = read_reply(200, b"<html>\n  <b>sorry</b>", {"Retry-After": "soon"})
    assert not reply.is_good
    assert reply.body is None
    assert reply.message == "<html> <b>sorry</b>"
    assert reply.retry_after_s is None
    assert not read_reply(200, b"", {}).is_good
    assert not read_reply(200, b'{"orderId":', {}).is_good


def test_a_success_with_a_code_is_a_success() -> None:
    assert read_reply(200, b'{"code":200,"msg":"done"}', {}).is_good
    assert read_reply(200, b'{"code":"200","msg":"success"}', {}).is_good


def test_a_failed_element_of_a_batch_is_a_refusal_though_the_batch_is_not() -> None:
    assert element_reply({"code": -2011, "msg": "Unknown order sent."}).code == -2011
    assert element_reply({"orderId": 1}).is_good
