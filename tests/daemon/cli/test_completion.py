"""Scripts that complete: every command and option, in the words of each shell."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from daemon.cli.arguments import SHELLS
from daemon.cli.completion import completion
from daemon.cli.main import make_parser
from daemon.service.exits import Exit


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_and_its_options_are_completed(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert completion(make_parser(), shell) == Exit.OK
    script = capsys.readouterr().out
    for word in ("run", "cancel", "backup", "stop-price", "preview", "strategy"):
        assert word in script


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (["nettingd", "ca"], {"cancel"}),
        (["nettingd", "cancel", "--pre"], {"--preview"}),
        (["nettingd", "--config", "x.toml", "halt", "str"], {"strategy"}),
    ],
)
def test_bash_completes_by_the_script(
    line: list[str], expected: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash here")
    completion(make_parser(), "bash")
    words = " ".join(f"'{word}'" for word in line)
    program = (
        f"{capsys.readouterr().out}\nCOMP_WORDS=({words}); COMP_CWORD={len(line) - 1}; _nettingd\n"
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(  # noqa: S603 - our own script
        [bash, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert set(done.stdout.split()) == expected
