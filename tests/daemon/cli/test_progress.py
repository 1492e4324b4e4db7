"""How far long work has come: on a terminal, and nowhere else."""

from __future__ import annotations

import io

from daemon.cli.progress import Bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_how_far_it_is_and_a_file_does_not() -> None:
    screen, file = Terminal(), io.StringIO()
    for out in (screen, file):
        with Bar(out, "checking") as bar:
            for left in range(200, -1, -1):
                bar.left(left, 200)
    assert "\rchecking  50 %" in screen.getvalue()
    assert "\rchecking 100 %" in screen.getvalue()
    assert screen.getvalue().endswith("\r\x1b[K")
    assert screen.getvalue().count("\rchecking") == 101
    assert file.getvalue() == ""


def test_nothing_to_do_is_all_done() -> None:
    screen = Terminal()
    with Bar(screen, "copying") as bar:
        bar.left(0, 0)
    assert "100 %" in screen.getvalue()
