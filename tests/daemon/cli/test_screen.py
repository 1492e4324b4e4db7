from __future__ import annotations

import io

from daemon.cli.screen import WIDTH, Screen


def test_a_claim_is_marked_and_a_false_one_remembered() -> None:
    out = io.StringIO()
    screen = Screen(out, coloured=False)
    screen.claim("the books agree", holds=True)
    screen.claim("nothing was lost", holds=False)
    assert out.getvalue() == "  [ok] the books agree\n  [NOT SO] nothing was lost\n"
    assert screen.false_claims == ["nothing was lost"]


def test_only_a_terminal_gets_colours() -> None:
    for coloured in (True, False):
        out = io.StringIO()
        screen = Screen(out, coloured=coloured)
        screen.heading("The close")
        screen.show("one\ntwo\n")
        screen.claim("so", holds=True)
        assert ("\x1b[" in out.getvalue()) is coloured


def test_lines_fit_and_what_is_shown_is_indented() -> None:
    out = io.StringIO()
    screen = Screen(out, coloured=False)
    screen.say("word " * 100)
    screen.show("as it is\n")
    screen.table("a  b\n-  -\n")
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert lines[-3:] == ["  as it is", "  a  b", "  -  -"]
