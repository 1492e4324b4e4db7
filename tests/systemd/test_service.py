"""The service as docs/how-to/run-as-a-service.md installs it, under a real systemd.

``make systemd`` boots one machine for all of them; it takes half a minute.
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.systemd.machine import booted, hindrance, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.systemd.machine import Machine

WANTED = "NETTINGD_SYSTEMD" in os.environ
HINDRANCE = hindrance() if WANTED else "make systemd boots a machine for them"
pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(HINDRANCE is not None, reason=str(HINDRANCE)),
    pytest.mark.xdist_group("systemd"),
]

NETTINGD = ("/opt/nettingd/bin/nettingd", "--config", "/etc/nettingd/config.toml")
CONFIG = """
[daemon]
data_dir = "/var/lib/nettingd"
log = "json"
[accounts.main]
market = "24/7"
currency = "USD"
[accounts.main.paper]
prices = { TQQQ = "100" }
[strategies.alpha]
token = { file = "/run/credentials/nettingd.service/alpha" }
[books.alpha]
strategy = "alpha"
account = "main"
capital = "1000000"
"""
LATE = """
[strategies.late]
[books.late]
strategy = "late"
account = "main"
capital = "1000000"
"""
SEND = """
import json, sys, urllib.error, urllib.request
request = urllib.request.Request("http://127.0.0.1:8710/api/webhook", sys.stdin.buffer.read())
try:
    print(urllib.request.urlopen(request, timeout=10).status)
except urllib.error.HTTPError as error:
    print(error.code)
except OSError:
    print(0)
"""
PROBE = Path(__file__).with_name("probe.py")


class Service:
    """nettingd on a machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._sent = 0

    def show(self, unit: str = "nettingd.service") -> dict[str, str]:
        """Return what systemd knows of a unit."""
        lines = self.machine.do("systemctl", "show", unit).splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def nettingd(self, *words: str) -> str:
        return self.machine.do(*NETTINGD, *words)

    def order(self, strategy: str = "alpha", token: str = "the token of alpha") -> int:  # noqa: S107
        """Send a webhook; return the status of the answer, 0 if there is none."""
        self._sent += 1
        asked = {"group_name": strategy, "token": token, "id": str(self._sent)}
        terms = {"order_type": "LIMIT", "symbol": "TQQQ", "side": "buy", "qty": "1", "price": "90"}
        sender = ("/opt/nettingd/bin/python", "-c", SEND)
        return int(self.machine.do(*sender, given=json.dumps(asked | terms)))

    def working(self) -> set[str]:
        """Return the orders that work at the paper exchange."""
        rows: list[dict[str, Any]] = json.loads(self.nettingd("orders", "--json"))["items"]
        return {row["id"] for row in rows}

    def journal(self, unit: str = "nettingd.service") -> list[dict[str, str]]:
        text = self.machine.do("journalctl", "-u", unit, "-o", "json", "--no-pager")
        return [json.loads(line) for line in text.splitlines()]

    def drop_in(self, unit: str, text: str) -> None:
        """Change a unit as "systemctl edit" does."""
        self.machine.write(f"/etc/systemd/system/{unit}.d/override.conf", text)
        self.machine.do("systemctl", "daemon-reload")

    def until_restarted(self, before: str) -> None:
        until(lambda: self.show()["MainPID"] not in {before, "0"})
        until(lambda: self.show()["ActiveState"] == "active")


@pytest.fixture(scope="module")
def installed() -> Iterator[Service]:
    with booted() as machine:
        machine.install()
        machine.write("/etc/nettingd/alpha.token", "the token of alpha\n")
        machine.do("chmod", "600", "/etc/nettingd/alpha.token")
        machine.write("/etc/nettingd/config.toml", CONFIG)
        credential = ("--credential", "alpha=/etc/nettingd/alpha.token")
        machine.do(*NETTINGD, "install-service", *credential)
        machine.do("systemctl", "daemon-reload")
        yield Service(machine)


@pytest.fixture
def service(installed: Service) -> Iterator[Service]:
    """Let each test begin with the service running as it was installed."""
    machine = installed.machine
    machine.write("/etc/nettingd/config.toml", CONFIG)
    machine.do("systemctl", "start", "nettingd")
    yield installed
    machine.do("sh", "-c", "rm -rf /etc/systemd/system/*.d && systemctl daemon-reload")
    machine.do("systemctl", "stop", "nettingd", "nettingd-backup.timer")
    machine.run("systemctl", "reset-failed")


def test_started_means_ready_and_as_a_user_of_its_own(service: Service) -> None:
    assert service.order() == 200  # "systemctl start" has returned

    shown = service.show()
    assert (shown["Type"], shown["ActiveState"], shown["SubState"]) == (
        "notify",
        "active",
        "running",
    )
    assert shown["StatusText"] == "ready at http://127.0.0.1:8710"
    status = service.machine.do("cat", f"/proc/{shown['MainPID']}/status")
    told = dict(line.split(":\t", 1) for line in status.splitlines())
    assert int(told["Uid"].split()[0]) >= 61_184  # systemd's range for such users
    assert (told["CapEff"], told["NoNewPrivs"], told["Seccomp"]) == ("0" * 16, "1", "2")


def test_the_journal_has_objects_with_priorities_under_the_service_s_name(service: Service) -> None:
    service.machine.do("systemctl", "reload", "nettingd")
    until(lambda: "read again" in service.show()["StatusText"])

    entries = [each for each in service.journal() if each["MESSAGE"].startswith("{")]
    assert {each["SYSLOG_IDENTIFIER"] for each in entries} == {"nettingd"}
    told = {json.loads(each["MESSAGE"]).get("code"): each["PRIORITY"] for each in entries}
    assert told["reloaded"] == "6"


def test_a_strategy_added_by_root_trades_after_a_reload(service: Service) -> None:
    service.machine.write("/etc/nettingd/config.toml", CONFIG + LATE)
    token = service.nettingd("token", "late").strip()

    service.machine.do("systemctl", "reload", "nettingd")

    until(lambda: service.order("late", token) == 200)
    assert service.show()["NRestarts"] == "0"


def test_a_stop_is_orderly_and_orders_stay_at_the_broker(service: Service) -> None:
    assert service.order() == 200
    before = service.working()

    service.machine.do("systemctl", "stop", "nettingd")
    shown = service.show()
    assert (shown["ActiveState"], shown["Result"], shown["ExecMainStatus"]) == (
        "inactive",
        "success",
        "0",
    )
    assert service.order() == 0
    assert json.loads(service.journal()[-1]["MESSAGE"])["event"] == "stopped"

    service.machine.do("systemctl", "start", "nettingd")
    assert service.working() == before


def test_a_daemon_that_hangs_is_started_anew_and_leaves_no_core_file(service: Service) -> None:
    service.drop_in("nettingd.service", "[Service]\nWatchdogSec=8\n")
    service.machine.do("systemctl", "restart", "nettingd")
    assert service.order() == 200
    before, orders = service.show()["MainPID"], service.working()

    service.machine.do("kill", "-STOP", before)
    service.until_restarted(before)

    assert service.working() == orders
    limits = service.machine.do("cat", f"/proc/{service.show()['MainPID']}/limits")
    assert limits.split("Max core file size")[1].split()[:2] == ["0", "0"]


def test_a_killed_daemon_is_back_and_has_lost_nothing(service: Service) -> None:
    taken = [service.order() for _ in range(5)]
    before, orders = service.show()["MainPID"], service.working()
    assert taken == [200] * 5

    service.machine.do("kill", f"-{int(signal.SIGKILL)}", before)
    service.until_restarted(before)

    assert service.working() == orders
    service.nettingd("verify")


def test_a_faulty_configuration_is_told_and_not_tried_again(service: Service) -> None:
    service.machine.do("systemctl", "stop", "nettingd")
    service.machine.write("/etc/nettingd/config.toml", CONFIG + "[nettting]\n")

    assert service.machine.run("systemctl", "start", "nettingd").returncode != 0

    shown = service.show()
    assert (shown["ActiveState"], shown["ExecMainStatus"], shown["NRestarts"]) == (
        "failed",
        "2",
        "0",
    )
    (line,) = [each for each in service.journal() if "nettting: unknown key" in each["MESSAGE"]]
    assert line["PRIORITY"] == "3"


def test_the_service_writes_to_its_own_folder_and_sees_little_else(service: Service) -> None:
    machine, program = service.machine, "/opt/nettingd/probe.py"
    machine.write(program, PROBE.read_text(encoding="utf-8"))
    machine.do("mkdir", "/srv/root")
    machine.do("env", "STATE_DIRECTORY=/srv/root", "/opt/nettingd/bin/python", program)
    before = f"ExecStartPre=/opt/nettingd/bin/python {program}"
    service.drop_in("nettingd.service", f"[Service]\n{before}\n")
    machine.do("systemctl", "restart", "nettingd")

    root = json.loads(machine.do("cat", "/srv/root/probe.json"))
    found = json.loads(machine.do("cat", "/var/lib/nettingd/probe.json"))

    # It is the fences that hinder: without them all can be done.
    assert {*root["writable"], *root["could"]} == {*root["tried"]}
    assert found["could"] == []
    private = ["/dev/shm", "/tmp", "/var/tmp"]  # noqa: S108 - seen by this service alone, or memory
    assert found["writable"] == sorted([*private, "/var/lib/private/nettingd"])
    assert found["credential"] == "the token of alpha\n"


def test_the_backup_s_timer_copies_verifies_and_lets_old_copies_go(service: Service) -> None:
    assert service.order() == 200
    old = service.nettingd("backup").split(": verified")[0]
    service.machine.do("touch", "-d", "40 days ago", old)
    every = "[Timer]\nOnCalendar=\nOnCalendar=*:*:*\nRandomizedDelaySec=0\nAccuracySec=100ms\n"
    service.drop_in("nettingd-backup.timer", every)

    service.machine.do("systemctl", "start", "nettingd-backup.timer")

    until(lambda: service.machine.run("ls", old).returncode != 0)
    service.machine.do("systemctl", "stop", "nettingd-backup.timer")
    until(lambda: service.show("nettingd-backup.service")["ActiveState"] == "inactive")
    assert service.show("nettingd-backup.service")["Result"] == "success"
    messages = [each["MESSAGE"] for each in service.journal("nettingd-backup.service")]
    assert any(": verified, taken at" in each for each in messages)


def test_a_backup_is_tried_beside_what_is_in_use(service: Service) -> None:
    copy = service.nettingd("backup").split(": verified")[0]
    beside = ("env", "NETTINGD_DAEMON__DATA_DIR=/root/trial", *NETTINGD)

    service.machine.do(*beside, "restore", "--yes", copy)
    service.machine.do(*beside, "verify")

    assert service.order() == 200  # by a daemon that has not heard of it
    assert "nettingd.db" in service.machine.do("ls", "/root/trial")
    service.machine.do("rm", "-r", "/root/trial")


def test_a_backup_that_root_restores_while_it_runs_is_traded_on(service: Service) -> None:
    assert service.order() == 200
    copy, orders = service.nettingd("backup").split(": verified")[0], service.working()

    service.nettingd("restore", "--yes", copy)

    assert service.order() != 200  # halted, as a restored daemon is
    until(lambda: service.machine.run(*NETTINGD, "resume").returncode == 0)
    assert service.working() == orders
    assert service.order() == 200
