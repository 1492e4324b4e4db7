"""``nettingd``: the command line. Each command is loaded only when it is called."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.cli import arguments
from daemon.cli.voice import (
    ENGLISH,
    Help,
    Parser,
    again,
    described,
    language,
    speak,
    spoken,
    tell,
    warn,
)
from daemon.service.exits import MEANING, Exit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Command = Callable[[argparse.Namespace], int]

CONFIG_VARIABLE = "NETTINGD_CONFIG"
DEFAULT_CONFIG = "config.toml"
_DESCRIPTION = (
    "Nets the orders of many strategies inside few brokerage accounts, and keeps the books."
)


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    try:
        code = _command(words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Nobody reads: give the interpreter's last flush somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OUTPUT_CLOSED
    return code


def _command(words: Sequence[str] | None) -> int:
    given = sys.argv[1:] if words is None else words
    speak(language(given, os.environ, _default_config()))
    options = make_parser().parse_args(given)
    if getattr(options, "json", False):
        speak(ENGLISH)  # programs read it
    run: Command = options.run
    return run(options)


def make_parser() -> argparse.ArgumentParser:
    """Describe every command, on one page."""
    codes = "\n".join(f"  {code.value:>3}  {again(MEANING[code])}" for code in Exit)
    parser = Parser(
        prog="nettingd",
        description=again(_DESCRIPTION),
        epilog=f"{again('exit codes:')}\n{codes}",
        formatter_class=Help,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    default = _default_config()
    parser.add_argument("--config", type=Path, metavar="PATH", default=default, help=_CONFIG_HELP)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(
        name: str, run: Command, summary: str, *, config: bool = True, json: bool = False
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name,
            help=summary,
            description=described(summary),
            formatter_class=Help,
            allow_abbrev=False,
        )
        command.set_defaults(run=run)
        if config:
            # Left out here, the value given before the command stays.
            command.add_argument(
                "--config", type=Path, metavar="PATH", default=argparse.SUPPRESS, help=_CONFIG_HELP
            )
        if json:
            command.add_argument("--json", action="store_true", help="print JSON for programs")
        return command

    add("run", _run, "run the daemon until a signal ends it")
    check = add("check", _check, "say everything that is wrong with the configuration", json=True)
    check.add_argument("--online", action="store_true", help="log in to the brokers too, read only")
    net = add("net", _net, "calculate what orders would cross", config=False, json=True)
    net.add_argument("--input", required=True, metavar="FILE", help=_INPUT_HELP)
    _add_rebalance(add("rebalance", _rebalance, "calculate or run a rebalance", json=True))
    _add_loc(add("loc", _loc, "calculate what LOC orders come to", config=False, json=True))
    add("verify", _verify, "replay the ledger and check every invariant", json=True)
    add("status", _status, "ask the running daemon how things stand", json=True)
    token = add("token", _token, "print the token of a strategy, or the admin's")
    token.add_argument("name", metavar="NAME", help="a strategy, or: admin")
    for name, module, summary, describe in arguments.COMMANDS:
        describe(add(name, _later(module, name), summary, json=True))
    completion = add("completion", _completion, "print a script that completes", config=False)
    completion.add_argument("shell", choices=arguments.SHELLS, help="for which shell")
    migrate = add("migrate", _migrate, "list the database's migrations, or take some back")
    migrate.add_argument("--to", metavar="ID", help="take back every migration after this one")
    _add_service(add("install-service", _install_service, "write the units of systemd"))
    add("demo", _demo, "watch a trading session of the paper broker, half a minute", config=False)
    return parser


def _default_config() -> Path:
    return Path(os.environ.get(CONFIG_VARIABLE) or DEFAULT_CONFIG)


def _add_service(command: argparse.ArgumentParser) -> None:
    """Describe what the units are made of."""
    folder = Path("/etc/systemd/system")
    command.add_argument("--name", default="nettingd", help="of the service and its user")
    command.add_argument("--to", type=Path, metavar="FOLDER", default=folder, help="where to")
    command.add_argument(
        "--credential",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="a file that systemd reads as root and hands to the daemon; as often as needed",
    )
    command.add_argument("--print", action="store_true", help="print the units, write nothing")


def _add_rebalance(command: argparse.ArgumentParser) -> None:
    """Describe the calculator, and what the running daemon is asked for."""
    whose = command.add_mutually_exclusive_group(required=True)
    whose.add_argument("--input", metavar="FILE", help=f"without a daemon: {_INPUT_HELP}")
    whose.add_argument("--account", metavar="NAME", help="whose portfolio book")
    command.add_argument("--preview", action="store_true", help="plan it, order nothing")
    command.add_argument(
        "--run", dest="start", action="store_true", help="start it, if it is needed"
    )
    command.add_argument("--status", action="store_true", help="weights, drifts and the run")
    command.add_argument("--confirm", metavar="PLAN", help="with --run: id of a preview, as a yes")
    command.add_argument("--targets", metavar="FILE", help="set targets: mp and sub_mp; - is stdin")
    command.add_argument("--resume", metavar="RUN", help="let a stopped run buy")
    command.add_argument("--cancel", metavar="RUN", help="end a run")
    command.add_argument("--by", default="admin", metavar="WHO", help="for the history")


def _add_loc(command: argparse.ArgumentParser) -> None:
    """Describe the orders for a close."""
    for side, form in (
        ("buy", "a buy: QUANTITY@PRICE, or @MOC"),
        ("sell", "a sell: QUANTITY@PRICE[:LABEL]"),
    ):
        command.add_argument(f"--{side}", action="append", default=[], metavar="ORDER", help=form)
    command.add_argument(
        "--input", metavar="FILE", help="instead: body of the LOC preview; - is stdin"
    )
    command.add_argument("--tick", metavar="TICK", help="one tick at every price")
    command.add_argument(
        "--market", metavar="MARKET", help="whose ticks: XNYS (default), XKRX, 24/7"
    )
    command.add_argument(
        "--type", metavar="TYPE", help="kind of paper: stock (default), etf, etn, elw"
    )
    command.add_argument("--lot", metavar="LOT", help="step of quantities (default: 1)")
    command.add_argument("--close", metavar="PRICE", help="settle the orders at this close")
    command.add_argument(
        "--broker-filled", metavar="UNITS", help="what the auction gave (default: all)"
    )
    command.add_argument("--locale", choices=("en", "ko"), help="language (default: the daemon's)")


_INPUT_HELP = "body of the HTTP preview; - is stdin"
_CONFIG_HELP = f"the configuration (default: ${CONFIG_VARIABLE}, or ./{DEFAULT_CONFIG})"


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # noqa: PLC0415

        sys.stdout.write(f"nettingd {version('nettingd')}\n")
        parser.exit()


# One function for each command. What a command needs is imported in it: printing the help must
# not cost what running the daemon costs.


def _later(module: str, name: str) -> Command:
    """Make a command that is loaded when it is called: a function of its name in a module."""

    def run(options: argparse.Namespace) -> int:
        command: Command = getattr(import_module(module), name)
        return command(options)

    return run


def _run(options: argparse.Namespace) -> int:
    from daemon.service.process import calm_the_collector  # noqa: PLC0415

    calm_the_collector()
    from daemon.main import run  # noqa: PLC0415 - with it calmed

    return run(options.config, os.environ)


def _migrate(options: argparse.Namespace) -> int:
    from daemon.cli.migrate import migrate  # noqa: PLC0415

    return migrate(options.config, os.environ, options.to)


def _install_service(options: argparse.Namespace) -> int:
    from daemon.cli.install_service import install_service  # noqa: PLC0415

    return install_service(options, os.environ)


def _check(options: argparse.Namespace) -> int:
    from daemon.cli.check import check  # noqa: PLC0415

    return check(options.config, os.environ, as_json=options.json, online=options.online)


def _net(options: argparse.Namespace) -> int:
    from daemon.cli.net import net  # noqa: PLC0415

    body = _input("net", options.input)
    return Exit.BAD_INPUT if body is None else _answer(net(body, as_json=options.json))


def _loc(options: argparse.Namespace) -> int:
    from daemon.cli.loc import LocArguments, loc  # noqa: PLC0415

    if options.locale is not None and not options.json:
        speak(options.locale)
    given = LocArguments(
        buys=options.buy,
        sells=options.sell,
        keys={
            key: getattr(options, key)
            for key in ("tick", "market", "type", "lot", "close", "broker_filled")
        },
    )
    body = None
    if options.input is not None:
        body = _input("loc", options.input)
        if body is None:
            return Exit.BAD_INPUT
    return _answer(loc(given, body, spoken(), as_json=options.json))


def _rebalance(options: argparse.Namespace) -> int:
    if options.account is not None:
        from daemon.cli.portfolio import portfolio  # noqa: PLC0415

        return portfolio(options)
    from daemon.cli.rebalance import rebalance  # noqa: PLC0415

    body = _input("rebalance", options.input)
    return Exit.BAD_INPUT if body is None else _answer(rebalance(body, as_json=options.json))


def _input(command: str, name: str) -> bytes | None:
    """Read a file, or standard input; None after the reason was told."""
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        warn(f"nettingd {command}: {name}: {error.strerror}\n")
        return None


def _answer(answer: tuple[int, str, str]) -> int:
    code, output, errors = answer
    tell(output)
    warn(errors)
    return code


def _verify(options: argparse.Namespace) -> int:
    from daemon.cli.verify import verify  # noqa: PLC0415

    return verify(options.config, os.environ, as_json=options.json)


def _status(options: argparse.Namespace) -> int:
    from daemon.cli.status import status  # noqa: PLC0415

    return status(options.config, os.environ, as_json=options.json)


def _token(options: argparse.Namespace) -> int:
    from daemon.cli.token import token  # noqa: PLC0415

    return token(options.config, os.environ, options.name)


def _demo(_: argparse.Namespace) -> int:
    from daemon.cli.demo import demo  # noqa: PLC0415

    return demo()


def _completion(options: argparse.Namespace) -> int:
    from daemon.cli.completion import completion  # noqa: PLC0415

    return completion(make_parser(), options.shell)
