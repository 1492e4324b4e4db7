"""Configuration files that are wrong in every way: ``python -m tests.fuzz.settings --count 20000``.

Lines of a configuration that uses every section are changed, renamed, left out, said twice, moved,
cut, or filled with noise; variables of the environment override keys that are and are not there.
Each file is either taken, and then something can be set up from it, or refused with every fault
under the name of its key. Nothing else may happen, and nothing may take long.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import process_time
from typing import TYPE_CHECKING

from daemon.config import ConfigErrors, load_config, unsupported
from daemon.setup import setup_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SLOW_S = 5.0
"""Of the processor: what a busy machine lets a file wait says nothing of the file."""
CHANGES_MAX = 3
NOW = datetime(2026, 11, 20, tzinfo=UTC)
CONFIG = """\
[daemon]
name = "desk"
timezone = "Asia/Seoul"
locale = "en"
data_dir = "data"
live = false
[http]
host = "127.0.0.1"
port = 8710
admin_token = { env = "ADMIN" }
trusted_proxies = ["10.0.0.0/8"]
[database]
url = "sqlite:///data/nettingd.db"
[webhook]
wait_seconds = 2
max_age_seconds = 30
dedup_seconds = "1.5"
allow_from = ["192.0.2.0/24", "::1"]
[netting]
enabled = true
max_price_age_seconds = 30
max_deviation_percent = "2"
[twap]
price_offset_percent = 0.5
fill_timeout_seconds = 20
[loc]
mode = "orders"
[rebalancing]
cash_buffer_percent = "1"
rounding = "floor"
[cancel]
timeout_seconds = 10
[reconcile]
seconds = 60
adopt_orphans = "alpha_paper"
[schedule]
weekdays = ["mon", "tue", "wed", "thu", "fri"]
catch_up_minutes = 60
[risk]
max_order_value = "100000"
max_orders_per_minute = 60
[heartbeat]
url = "https://watch.example/1"
seconds = 60
[notify.telegram]
token = { env = "BOT" }
chat_id = 42
[calendars.XKRX]
closed = ["2026-12-31"]
[instruments.TQQQ]
lot = 1
tick = "0.01"
type = "etf"
[accounts.paper]
broker = "paper"
market = "XNYS"
currency = "USD"
commission_percent = "0.25"
[accounts.paper.paper]
seed = 7
prices = { TQQQ = "100", SOXL = 50 }
latency_ms = 10
fill = "partial"
[accounts.coins]
broker = "binance"
market = "24/7"
market_type = "spot"
currency = "USDT"
credentials.api_key = { env = "KEY" }
credentials.api_secret = { file = "secret" }
[accounts.seoul]
broker = "kis"
market = "XKRX"
currency = "KRW"
account_no = "50123456-01"
credentials.app_key = { env = "KEY" }
credentials.app_secret = { file = "secret" }
[strategies.alpha]
public = true
signature_secret = { env = "SIGN" }
[strategies.beta]
token = { env = "TOKEN" }
[books.alpha_paper]
strategy = "alpha"
account = "paper"
symbols = ["TQQQ"]
capital = "10000"
rule = { type = "dip_loc", budget = "1000", tp_percent = 2 }
[books.beta_coins]
strategy = "beta"
account = "coins"
capital = 1000
net = false
mode = "approve"
[[jobs]]
run = "make_orders"
at = "open+10m"
accounts = ["paper"]
[[jobs]]
run = "report"
at = "16:10 Asia/Seoul"
"""
ENVIRON = {
    "ADMIN": "a" * 40,
    "BOT": "1:abc",
    "KEY": "k" * 36,
    "SIGN": "s" * 40,
    "TOKEN": "t" * 40,
}
VALUES = (
    *("true", "false", "0", "-1", "1e400", "nan", "-inf", "0.1", "99999999999999999999"),
    *('""', '" "', '"x"', '"0"', '"-1"', '"NaN"', '"1e-400"', '"١٢"', '"\\u0000"', '"a\\nb"'),
    *("[]", "[1]", '["", ""]', "[[[[[[]]]]]]", "{}", "{ a = 1 }", '{ env = "NONE" }'),
    *('{ env = "KEY", file = "x" }', '{ file = "../../etc/shadow" }', '{ file = "" }'),
    *("2026-02-30", "1979-05-27T07:32:00Z", "07:32:00", '"2026-13-01"', '"25:61 Mars/Olympus"'),
    *('"sqlite:////"', '"postgresql://x"', '"http://[::1"', '"file:///etc/passwd"', '"../.."'),
    *('"alpha"', '"ALPHA"', '"alpha.beta"', '"__proto__"', '"' + "9" * 5000 + '"'),
)
OVERRIDES = ("HTTP__PORT", "DAEMON__LIVE", "ACCOUNTS__PAPER__SEED", "NO__SUCH", "", "__", "HTTP")


class Scribe:
    """Spoils configurations."""

    def __init__(self, seed: int) -> None:
        self._dice = Random(seed)
        self._ways: tuple[Callable[[list[str]], None], ...] = (
            self._value,
            self._value,
            self._value,
            self._rename,
            self._leave_out,
            self._twice,
            self._move,
            self._cut,
            self._noise,
        )

    def write(self) -> tuple[bytes, Mapping[str, str]]:
        """Return a file and the environment that goes with it."""
        dice = self._dice
        lines = CONFIG.splitlines()
        for _ in range(dice.randint(1, CHANGES_MAX)):
            dice.choice(self._ways)(lines)
        environ = dict(ENVIRON)
        if dice.random() < 0.2:
            environ[f"NETTINGD_{dice.choice(OVERRIDES)}"] = dice.choice(VALUES)
        if dice.random() < 0.1:
            del environ[dice.choice([*ENVIRON])]
        content = "\n".join(lines).encode("utf-8", "surrogatepass")
        if dice.random() < 0.05:
            place = dice.randrange(len(content))
            content = content[:place] + dice.randbytes(3) + content[place:]
        return content, environ

    def _line(self, lines: list[str]) -> int:
        return self._dice.randrange(len(lines))

    def _value(self, lines: list[str]) -> None:
        place = self._line(lines)
        name, equals, _ = lines[place].partition(" = ")
        if equals:
            lines[place] = f"{name} = {self._dice.choice(VALUES)}"

    def _rename(self, lines: list[str]) -> None:
        place = self._line(lines)
        name, equals, rest = lines[place].partition(" = ")
        at = self._dice.randrange(len(name) + 1)
        letter = self._dice.choice(("", "x", ".", '"', "[", "]", "é", "-", " "))
        lines[place] = name[:at] + letter + name[at + 1 :] + equals + rest

    def _leave_out(self, lines: list[str]) -> None:
        if len(lines) > 1:
            del lines[self._line(lines)]

    def _twice(self, lines: list[str]) -> None:
        place = self._line(lines)
        lines.insert(place, lines[place])

    def _move(self, lines: list[str]) -> None:
        line = lines.pop(self._line(lines))
        lines.insert(self._dice.randrange(len(lines) + 1), line)

    def _cut(self, lines: list[str]) -> None:
        del lines[self._dice.randrange(1, len(lines) + 1) :]

    def _noise(self, lines: list[str]) -> None:
        letters = self._dice.choices("[]{}\"'=.,#\\\x07\ufeff\u202e a1", k=20)
        lines.insert(self._line(lines), "".join(letters))


def judge(file: Path, content: bytes, environ: Mapping[str, str]) -> tuple[str, list[str]]:
    """Load one file; return how it was taken, and what was wrong with that."""
    file.write_bytes(content)
    began = process_time()
    wrong: list[str] = []
    try:
        config = load_config(file, environ)
        unsupported(config)
        setup_of(config, NOW)
        taken = "taken"
    except ConfigErrors as error:
        taken = "refused"
        wrong += [f"no reason: {each!r}" for each in error.errors if not str(each).strip()]
        wrong += [] if error.errors else ["refused without a reason"]
        wrong += [f"tells {name}" for name, secret in ENVIRON.items() if secret in str(error)]
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        taken = "crashed"
        wrong.append(f"{type(error).__name__}: {error}")
    if process_time() - began > SLOW_S:
        wrong.append(f"took {process_time() - began:.1f} s")
    return taken, wrong


def fuzz(folder: Path, count: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Try so many files; return how they were taken, and what was wrong."""
    (folder / "secret").write_text("p" * 40, encoding="utf-8")
    scribe, taken, wrong = Scribe(seed), Counter[str](), []
    for number in range(count):
        content, environ = scribe.write()
        how, faults = judge(folder / "config.toml", content, environ)
        taken[how] += 1
        if faults:
            text = content.decode("utf-8", "replace")
            wrong.append(f"file {number}: {'; '.join(faults)[:500]}\n{text}")
    return taken, wrong


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.settings", description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        taken, wrong = fuzz(Path(folder), options.count, options.seed)
    sys.stdout.writelines(f"{fault}\n" for fault in wrong[:5])
    told = ", ".join(f"{count} {how}" for how, count in sorted(taken.items()))
    sys.stdout.write(f"{options.count} files: {told}; {len(wrong)} faults\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
