"""Envelopes in all the shapes KIS has been seen to send."""

from __future__ import annotations

from adapters.kis.answers import read_reply


def test_a_normal_answer_loses_its_padding() -> None:
    raw = '{"output":{"x":"1"},"rt_cd":"0","msg_cd":"KIOK0510","msg1":"조회 완료      "}'.encode()
    reply = read_reply(200, raw, "D ")
    assert reply.is_good
    assert (reply.code, reply.message, reply.tr_cont) == ("KIOK0510", "조회 완료", "D")
    assert not reply.has_more


def test_a_gateway_error_is_read_whatever_its_order_of_keys() -> None:
    raw = b'{"rt_cd":"1","msg1":"too many","msg_cd":"EGW00201","message":"EGW00201"}'
    reply = read_reply(500, raw, "")
    assert (reply.result, reply.code, reply.is_good) == ("1", "EGW00201", False)


def test_the_token_endpoints_error_has_names_of_its_own() -> None:
    raw = b'{"error_code":"EGW00133","error_description":"once a minute"}'
    reply = read_reply(403, raw, "")
    assert (reply.result, reply.said()) == ("", "EGW00133 once a minute")


def test_what_is_no_json_is_survived() -> None:
    assert read_reply(502, b"<html>\n bad gateway", "").said() == "<html> bad gateway"
    assert read_reply(200, b"", "").said() == "HTTP 200 without a word"
    assert not read_reply(200, b"[]", "").is_good


def test_more_pages_are_told_by_the_header_alone() -> None:
    raw = b'{"rt_cd":"0","msg_cd":"KIOK0500","ctx_area_nk100":"x"}'
    assert [read_reply(200, raw, told).has_more for told in ("F", "M", "D", "E", "")] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_nothing_to_show_comes_with_any_result() -> None:
    assert read_reply(200, b'{"rt_cd":"7","msg_cd":"KIOK0560"}', "").is_empty
    assert read_reply(200, b'{"rt_cd":"0","msg_cd":"70070000"}', "").is_empty
