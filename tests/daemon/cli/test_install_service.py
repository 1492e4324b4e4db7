"""The units of systemd: filled in right, and found good by systemd's own tools."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from daemon.cli.install_service import Installation, closed, units
from daemon.cli.main import main
from daemon.service.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Sequence

ANALYZE = shutil.which("systemd-analyze")
NEEDS_SYSTEMD = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed here")
WORST_EXPOSURE = 4.9
"""What "systemd-analyze security" still calls OK."""
CONFIG = """
[daemon]
data_dir = "/var/lib/nettingd"
[accounts.main]
market = "24/7"
"""


def installation(**changes: object) -> Installation:
    terms: dict[str, object] = {
        "name": "nettingd",
        "python": Path(sys.executable),
        "config": Path("/etc/nettingd/config.toml"),
        "data_dir": Path("/var/lib/nettingd"),
        "credentials": (),
    }
    return Installation(**terms | changes)  # type: ignore[arg-type]


def written(folder: Path) -> list[str]:
    names = []
    for name, text in units(installation(credentials=["alpha=/etc/nettingd/alpha"])).items():
        (folder / name).write_text(text)
        names.append(f"./{name}")
    return names


def analyze(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    assert ANALYZE is not None
    return subprocess.run(  # noqa: S603 - systemd's own tool
        [ANALYZE, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


def call(folder: Path, config: str, *arguments: str) -> int:
    path = folder / "config.toml"
    path.write_text(config)
    return main(["--config", str(path), "install-service", "--to", str(folder), *arguments])


@NEEDS_SYSTEMD
def test_systemd_verifies_the_units_without_a_word(tmp_path: Path) -> None:
    result = analyze(tmp_path, "verify", *written(tmp_path))

    assert (result.returncode, result.stdout + result.stderr) == (0, "")


@NEEDS_SYSTEMD
@pytest.mark.parametrize("unit", ["nettingd.service", "nettingd-backup.service"])
def test_systemd_calls_the_exposure_ok_or_better(tmp_path: Path, unit: str) -> None:
    written(tmp_path)

    result = analyze(tmp_path, "security", "--offline=true", "--no-pager", f"./{unit}")

    (level,) = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", result.stdout)
    assert float(level) < WORST_EXPOSURE, result.stdout


def test_the_units_say_where_this_installation_is() -> None:
    texts = units(installation(name="paper", data_dir=Path("/var/lib/nettingd/paper")))

    assert set(texts) == {"paper.service", "paper-backup.service", "paper-backup.timer"}
    service = texts["paper.service"]
    start = f"ExecStart={sys.executable} -m daemon --config /etc/nettingd/config.toml run\n"
    assert start in service
    for line in (
        "StateDirectory=nettingd/paper",
        "User=paper",
        "SyslogIdentifier=paper",
        "Type=notify",
        "WatchdogSec=30",
    ):
        assert f"{line}\n" in service
    assert "@" not in re.sub(r"@(system-service|privileged)", "", service)
    assert "/var/lib" not in texts["paper-backup.timer"]


def test_credentials_are_read_by_systemd(tmp_path: Path) -> None:
    assert call(tmp_path, CONFIG, "--credential", "alpha=/etc/nettingd/alpha") == Exit.OK
    for name in ("nettingd.service", "nettingd-backup.service"):
        assert "LoadCredential=alpha:/etc/nettingd/alpha\n" in (tmp_path / name).read_text()


def test_an_upgrade_keeps_the_credentials_that_the_service_has(tmp_path: Path) -> None:
    assert call(tmp_path, CONFIG, "--credential", "alpha=/etc/nettingd/alpha") == Exit.OK
    assert call(tmp_path, CONFIG, "--credential", "beta=/etc/nettingd/beta") == Exit.OK
    assert call(tmp_path, CONFIG, "--credential", "alpha=/etc/nettingd/new") == Exit.OK
    assert call(tmp_path, CONFIG) == Exit.OK

    lines = (tmp_path / "nettingd.service").read_text().splitlines()
    loaded = {line for line in lines if line.startswith("LoadCredential=")}
    assert loaded == {
        "LoadCredential=alpha:/etc/nettingd/new",
        "LoadCredential=beta:/etc/nettingd/beta",
    }


def test_a_secret_that_the_service_will_be_handed_is_read_where_root_keeps_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = 'token = { file = "/run/credentials/nettingd.service/alpha" }'
    config = f"{CONFIG}[strategies.alpha]\n{token}\n"
    (tmp_path / "alpha").write_text("the token of alpha")

    assert call(tmp_path, config) == Exit.BAD_INPUT
    assert "strategies.alpha.token: the file cannot be read" in capsys.readouterr().err
    assert call(tmp_path, config, "--credential", f"alpha={tmp_path / 'alpha'}") == Exit.OK
    assert call(tmp_path, config) == Exit.OK


def test_a_program_in_somebody_s_home_can_be_read_and_no_other_home() -> None:
    hidden = units(installation(python=Path("/opt/nettingd/bin/python")))["nettingd.service"]
    at_home = units(installation(python=Path("/home/me/venv/bin/python")))["nettingd.service"]

    assert "ProtectHome=yes\n" in hidden
    assert "ProtectHome=read-only\n" in at_home


def test_what_comes_next_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(tmp_path, CONFIG) == Exit.OK

    out = capsys.readouterr().out
    assert f"wrote {tmp_path / 'nettingd.service'}\n" in out
    assert "systemctl enable --now nettingd.service nettingd-backup.timer\n" in out
    assert (tmp_path / "nettingd-backup.timer").stat().st_mode & 0o777 == 0o644


def test_what_the_service_s_user_cannot_reach_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(tmp_path, CONFIG) == Exit.OK
    (tmp_path / "config.toml").chmod(0o600)
    assert call(tmp_path, CONFIG) == Exit.OK
    assert f"{tmp_path / 'config.toml'} is closed to the service" in capsys.readouterr().err


def test_every_folder_on_the_way_must_be_open(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    python, link = home / "bin" / "python", tmp_path / "python"
    python.touch(0o644)
    link.symlink_to(python)
    home.chmod(0o755)
    before = closed(link)

    home.chmod(0o700)

    assert set(closed(link)) - set(before) == {home}


def test_units_may_be_looked_at_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(tmp_path, CONFIG, "--print") == Exit.OK

    assert "# nettingd-backup.timer\n" in capsys.readouterr().out
    assert not (tmp_path / "nettingd.service").exists()


@pytest.mark.parametrize(
    ("config", "arguments", "words"),
    [
        (CONFIG.replace("/var/lib/nettingd", "data"), (), ("daemon.data_dir: must be a folder",)),
        (
            CONFIG + '[accounts.main.paper]\ndatabase = "p.db"\n[database]\nurl = "sqlite:///d.db"',
            (),
            ("accounts.main.paper.database: must be", "database.url: must be"),
        ),
        (CONFIG, ("--name", "My Daemon"), ("--name: must be",)),
        (CONFIG, ("--credential", "alpha"), ("--credential: must be NAME=/absolute/path",)),
        (CONFIG + "[nettting]", (), ("nettting: unknown key",)),
    ],
)
def test_what_could_not_work_is_told_before_anything_is_written(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    config: str,
    arguments: Sequence[str],
    words: Sequence[str],
) -> None:
    assert call(tmp_path, config, *arguments) == Exit.BAD_INPUT

    told = capsys.readouterr().err
    assert all(each in told for each in words), told
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(tmp_path, CONFIG, "--to", str(tmp_path / "nowhere")) == Exit.FAILED
    assert "No such file or directory" in capsys.readouterr().err
