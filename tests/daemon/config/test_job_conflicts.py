from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.daemon.config.loading import complaints

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNTS = """
[accounts.seoul]
market = "XKRX"
[accounts.new_york]
market = "XNYS"
[accounts.coins]
market = "24/7"
"""
TIMEOUT = "twap.fill_timeout_seconds"


def twap(*times: str, accounts: str = "") -> str:
    listed = ", ".join(f'"{each}"' for each in times)
    return f'[[jobs]]\nrun = "twap"\nat = [{listed}]\n' + (
        f"accounts = [{accounts}]\n" if accounts else ""
    )


def gap(folder: Path, jobs: str, timeout: str = "600") -> str:
    found = complaints(folder, f"{ACCOUNTS}{jobs}[twap]\nfill_timeout_seconds = {timeout}\n")
    assert found.keys() <= {TIMEOUT}
    return found.get(TIMEOUT, "")


def test_slices_ten_minutes_apart_leave_less_than_ten_minutes_to_fill(tmp_path: Path) -> None:
    jobs = twap("09:10", "09:20", "09:30")
    assert gap(tmp_path, jobs, "599.999") == ""
    assert "600 s is not shorter" in gap(tmp_path, jobs, "600")
    assert "600 s in account" in gap(tmp_path, jobs, "601")


def test_the_default_timeout_is_checked_too(tmp_path: Path) -> None:
    assert complaints(tmp_path, ACCOUNTS + twap("09:10:00", "09:10:30")).keys() == {TIMEOUT}
    assert complaints(tmp_path, ACCOUNTS + twap("09:10:00", "09:10:31")) == {}


def test_times_of_several_jobs_are_taken_together(tmp_path: Path) -> None:
    assert gap(tmp_path, twap("09:10") + twap("09:15")) != ""


def test_jobs_of_different_accounts_do_not_meet(tmp_path: Path) -> None:
    seoul, coins = twap("09:10", accounts='"seoul"'), twap("09:15", accounts='"coins"')
    assert gap(tmp_path, seoul + coins) == ""
    assert "account seoul" in gap(tmp_path, seoul + coins + twap("09:12", accounts='"seoul"'))


def test_times_after_the_opening_meet_times_of_the_clock(tmp_path: Path) -> None:
    assert gap(tmp_path, twap("09:10", "open+15m", accounts='"seoul"')) != ""
    assert gap(tmp_path, twap("09:10", "open+15m", accounts='"new_york"')) == ""
    assert gap(tmp_path, twap("15:10", "close-15m", accounts='"seoul"')) != ""


@pytest.mark.parametrize(
    ("account", "local", "abroad", "is_close"),
    [
        ("seoul", "09:10", "00:15 UTC", True),
        ("seoul", "09:10", "09:15 UTC", False),
        ("new_york", "10:05", "14:00 UTC", True),  # in summer
        ("new_york", "10:05", "15:00 UTC", True),  # in winter
        ("new_york", "10:05", "16:00 UTC", False),
    ],
)
def test_times_of_other_zones_are_compared_in_summer_and_winter(
    tmp_path: Path, account: str, local: str, abroad: str, *, is_close: bool
) -> None:
    assert bool(gap(tmp_path, twap(local, abroad, accounts=f'"{account}"'))) == is_close


def test_a_market_without_hours_goes_on_past_midnight(tmp_path: Path) -> None:
    assert gap(tmp_path, twap("23:55", "00:04", accounts='"coins"')) != ""


def test_two_spellings_of_one_moment_are_too_close(tmp_path: Path) -> None:
    assert "0 s in account" in gap(tmp_path, twap("09:10", "open+10m", accounts='"seoul"'), "1")


def test_only_slices_need_room(tmp_path: Path) -> None:
    report = '[[jobs]]\nrun = "report"\nat = ["09:10", "09:11"]\n'
    assert gap(tmp_path, report) == ""


def test_the_same_job_twice_at_one_time_is_a_mistake(tmp_path: Path) -> None:
    everywhere = '[[jobs]]\nrun = "report"\nat = ["12:00"]\n'
    here = '[[jobs]]\nrun = "report"\nat = "12:00"\naccounts = ["seoul"]\n'
    there = here.replace("seoul", "coins")
    other = here.replace("report", "reconcile")
    assert complaints(tmp_path, ACCOUNTS + everywhere + other) == {}
    assert complaints(tmp_path, ACCOUNTS + here + there) == {}
    assert complaints(tmp_path, ACCOUNTS + everywhere + here).keys() == {"jobs.1.at"}
    assert complaints(tmp_path, ACCOUNTS + here + there + everywhere).keys() == {"jobs.2.at.0"}
    assert complaints(tmp_path, ACCOUNTS + twap("09:10", "09:10")).keys() == {"jobs.0.at.1"}


def test_faulty_jobs_hide_no_other_fault(tmp_path: Path) -> None:
    jobs = twap("09:10", "09:11", "9:12") + '[[jobs]]\nrun = 5\nat = 5\naccounts = "seoul"\n'
    text = f"{ACCOUNTS}{jobs}[twap]\nfill_timeout_seconds = 60\nprice_offset_percent = 'x'\n"
    assert complaints(tmp_path, text).keys() == {
        "jobs.0.at.2", "jobs.1.run", "jobs.1.at", "jobs.1.accounts", TIMEOUT,
        "twap.price_offset_percent",
    }  # fmt: skip
