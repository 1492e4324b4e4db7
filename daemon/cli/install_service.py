"""``nettingd install-service``: the units of systemd, made for this installation.

Units are files of ``daemon/service`` with a few places to fill in. The data directory must be one
below ``/var/lib``, which systemd makes and gives to the service's own user.
"""

from __future__ import annotations

import re
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.cli.voice import tell, warn
from daemon.config import ConfigErrors, ConfigProblem, load_config
from daemon.config.credentials import HANDED_OVER, loaded_by
from daemon.service.exits import Exit

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from daemon.config import Config

TEMPLATES = Path(__file__).parents[1] / "service"
SUFFIXES = (".service", "-backup.service", "-backup.timer")
STATE = Path("/var/lib")
_PLACE = re.compile(r"@([A-Z]+)@")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")
_WORD = re.compile(r"[A-Za-z0-9._/+-]+")
"""What stands in a unit without quotes or specifiers."""
_HOMES = ("/home/", "/root/", "/run/user/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What the units are made of. ``credentials`` are ``NAME=PATH``, read by systemd as root."""

    name: str
    python: Path
    config: Path
    data_dir: Path
    credentials: Sequence[str]


def install_service(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Write the units, or print them, and say what comes next."""
    try:
        credentials = _credentials(options.to / f"{options.name}.service", options.credential)
        config = load_config(options.config, environ, _handed_over(options.name, credentials))
        installation = Installation(
            name=options.name,
            python=Path(sys.executable),
            config=options.config.absolute(),
            data_dir=config.daemon.data_dir,
            credentials=credentials,
        )
        require_fit(installation, config)
        texts = units(installation)
        if options.print:
            sys.stdout.write("\n".join(f"# {name}\n{text}" for name, text in texts.items()))
            return Exit.OK
        _write(texts, options.to)
    except ConfigErrors as error:
        warn(f"{error}\n")
        return Exit.BAD_INPUT
    except OSError as error:
        warn(f"nettingd: {error}\n")
        return Exit.FAILED
    for name in texts:
        tell(f"wrote {options.to / name}\n")
    for path in closed(installation.python, installation.config):
        warn(f"{path} is closed to the service's own user: open it, or install below /opt\n")
    tell(
        "next:\n"
        "  systemctl daemon-reload\n"
        f"  systemctl enable --now {options.name}.service {options.name}-backup.timer\n"
        f"  systemctl status {options.name}\n"
    )
    return Exit.OK


def require_fit(installation: Installation, config: Config) -> None:
    """Raise ConfigErrors with everything that would keep the service from working."""
    problems = [*_misplaced(installation, config), *_unwritable(installation)]
    if problems:
        raise ConfigErrors(problems)


def units(installation: Installation) -> dict[str, str]:
    """Return every unit by its file name."""
    python, name = installation.python, installation.name
    credentials = (each.split("=", 1) for each in installation.credentials)
    values = {
        "NAME": name,
        "PYTHON": str(python),
        "CONFIG": str(installation.config),
        "STATE": str(installation.data_dir.relative_to(STATE)),
        "HOME": "read-only" if _is_at_home(python, installation.config) else "yes",
        "CREDENTIALS": "".join(f"LoadCredential={key}:{path}\n" for key, path in credentials),
    }
    return {
        f"{name}{suffix}": _PLACE.sub(
            lambda place: values[place[1]],
            (TEMPLATES / f"nettingd{suffix}").read_text(encoding="utf-8"),
        )
        for suffix in SUFFIXES
    }


def _credentials(unit: Path, wanted: Sequence[str]) -> list[str]:
    """Return the credentials wanted, and those that the unit has had."""
    names = {each.partition("=")[0] for each in wanted}
    had = (f"{name}={source}" for name, source in loaded_by(unit).items() if name not in names)
    return [*had, *wanted]


def _handed_over(service: str, credentials: Sequence[str]) -> dict[Path, Path]:
    """Tell where root finds what the configuration names as the service will see it."""
    pairs = (each.split("=", 1) for each in credentials if "=" in each)
    return {HANDED_OVER / f"{service}.service" / name: Path(source) for name, source in pairs}


def _misplaced(installation: Installation, config: Config) -> list[ConfigProblem]:
    """List the files that the service could not write."""
    if STATE not in installation.data_dir.parents:
        hint = f'write data_dir = "{STATE / installation.name}"'
        return [ConfigProblem("daemon.data_dir", f"must be a folder below {STATE}", hint)]
    files = {"database.url": config.database.path}
    files |= {
        f"accounts.{name}.paper.database": account.paper.database
        for name, account in config.accounts.items()
        if account.paper is not None
    }
    return [
        ConfigProblem(key, "must be a file in daemon.data_dir", "leave the key out")
        for key, path in files.items()
        if installation.data_dir not in path.parents
    ]


def _unwritable(installation: Installation) -> list[ConfigProblem]:
    """List the words that could not stand in a unit."""
    problems = []
    if not _NAME.fullmatch(installation.name):
        problems.append(ConfigProblem("--name", "must be lower-case letters, digits, - and _"))
    for what, path in (
        ("--config", installation.config),
        ("python", installation.python),
        ("daemon.data_dir", installation.data_dir),
    ):
        if not _WORD.fullmatch(str(path)):
            hint = "move it to a path of letters, digits and ._/+-"
            problems.append(ConfigProblem(what, "its path cannot stand in a unit", hint))
    for credential in installation.credentials:
        key, _, source = credential.partition("=")
        if not (_WORD.fullmatch(key) and _WORD.fullmatch(source) and source.startswith("/")):
            message = "must be NAME=/absolute/path"
            problems.append(ConfigProblem("--credential", message))
    return problems


def _is_at_home(*paths: Path) -> bool:
    """Whether something the service reads lies in somebody's home."""
    return any(str(path.resolve()).startswith(_HOMES) for path in paths)


def closed(*files: Path) -> list[Path]:
    """Return what other users than the owner may not enter or read on the way to these files."""
    ways = [each for file in files for each in (file, file.resolve())]
    passed = {folder for way in ways for folder in way.parents}
    shut = (folder for folder in passed if not folder.stat().st_mode & stat.S_IXOTH)
    unread = (file for file in ways if not file.stat().st_mode & stat.S_IROTH)
    return sorted({*shut, *unread})


def _write(texts: Mapping[str, str], folder: Path) -> None:
    for name, text in texts.items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
