from __future__ import annotations

from typing import TYPE_CHECKING

from tests.daemon.config.loading import ONE_BOOK, complaints

if TYPE_CHECKING:
    from pathlib import Path


def test_names_must_be_defined_somewhere(tmp_path: Path) -> None:
    text = (
        ONE_BOOK
        + """
        [books.lost]
        strategy = "bto"
        account = "savings"
        [[jobs]]
        run = "report"
        at = "12:00"
        accounts = ["main", "mian"]
        [reconcile]
        adopt_orphans = "bott"
        """
    )
    assert complaints(tmp_path, text) == {
        "books.lost.strategy": "refers to bto, which is not defined (did you mean bot?)",
        "books.lost.account": "refers to savings, which is not defined "
        "(there is no [accounts.savings])",
        "jobs.0.accounts.1": "refers to mian, which is not defined (did you mean main?)",
        "reconcile.adopt_orphans": "refers to bott, which is not defined (did you mean bot?)",
    }


def test_a_faulty_entry_is_still_defined(tmp_path: Path) -> None:
    text = ONE_BOOK.replace('market = "24/7"', 'market = "LSE"')
    assert complaints(tmp_path, text).keys() == {"accounts.main.market"}


def test_a_faulty_book_hides_no_missing_name(tmp_path: Path) -> None:
    text = '[books.b]\nstrategy = "s"\naccount = "a"\ncapital = -1\n'
    assert complaints(tmp_path, text).keys() == {
        "books.b.strategy", "books.b.account", "books.b.capital",
    }  # fmt: skip


def test_a_strategy_has_one_book_in_an_account(tmp_path: Path) -> None:
    text = ONE_BOOK + '[books.again]\nstrategy = "bot"\naccount = "main"\n'
    found = complaints(tmp_path, text)
    assert found.keys() == {"books.again"}
    assert "books.bot" in found["books.again"]


def test_an_orphan_has_one_home_in_its_account(tmp_path: Path) -> None:
    second = '[strategies.two]\n[books.two]\nstrategy = "two"\naccount = "main"\n'
    text = ONE_BOOK + second + "[reconcile]\nadopt_orphans = ['bot', 'two']\n"
    assert complaints(tmp_path, text).keys() == {"reconcile.adopt_orphans.1"}


def test_two_spellings_of_a_symbol_are_one_symbol(tmp_path: Path) -> None:
    text = """
    [instruments."BTC/USDT"]
    lot = 1
    [instruments.BTCUSDT]
    lot = 2
    [accounts.a]
    market = "24/7"
    paper = { prices = { soxl = 1, SOXL = 2 } }
    """
    assert complaints(tmp_path, text).keys() == {
        "instruments.BTCUSDT", "accounts.a.paper.prices.SOXL",
    }  # fmt: skip


def test_files_that_are_referred_to_must_be_there(tmp_path: Path) -> None:
    text = """
    [http]
    tls = { certificate = "cert.pem", key = "key.pem" }
    [accounts.a]
    market = "24/7"
    paper = { csv = "a.csv" }
    [accounts.b]
    market = "24/7"
    paper = { prices = { csv = "b.csv" } }
    """
    (tmp_path / "key.pem").mkdir()
    assert complaints(tmp_path, text).keys() == {
        "http.tls.certificate", "http.tls.key",
        "accounts.a.paper.csv", "accounts.b.paper.prices.csv",
    }  # fmt: skip
    (tmp_path / "key.pem").rmdir()
    for name in ("cert.pem", "key.pem", "a.csv", "b.csv"):
        (tmp_path / name).touch()
    assert complaints(tmp_path, text) == {}
