"""A person enters what happened beside orders, and reads history and the day's report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from daemon.api.ledger import KINDS
from tests.daemon.api.fakes import House
from tests.support.books import all_is_well, select
from tests.support.served import ADMIN, served
from tests.support.world import buy, sell

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.served import Served


async def paid(here: Served, key: str, asset: str, amount: str) -> Any:  # noqa: ANN401 - a document
    body = {"id": key, "asset": asset, "amount": amount}
    return await here.post("/api/paper/main/adjust", body)


async def booked(here: Served, fills: int) -> None:
    """Wait, in real time, until so many fills are booked."""
    for _ in range(6000):
        if len(select(here.day, "SELECT id FROM fills")) >= fills:
            return
        await here.day.pass_time(0.01)
    raise AssertionError(f"{fills} fills were never booked")


async def test_a_deposit_is_entered_once_and_shown_in_history(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        told = await paid(here, "wire 7", "usd", "500")
        assert told == {"duplicate": False, "holdings": {"USD": "300500"}}
        deposit = {"id": "wire 7", "book": "a", "amount": "500", "note": "from the bank"}
        first = await here.post("/api/ledger/deposit", deposit)
        assert (first["status"], first["duplicate"]) == ("booked", False)
        (line,) = first["entries"]
        assert (line["book"], line["asset"], line["quantity"]) == ("a", "USD", "500")
        again = await here.post("/api/ledger/deposit", deposit)
        assert again == {**first, "duplicate": True}
        refused = await here.post("/api/ledger/deposit", {**deposit, "amount": 501}, status=409)
        assert refused["code"] == "idempotency_key_reused"
        (item,) = (await here.get("/api/history?kind=deposit"))["items"]
        assert (item["book"], item["total"], item["source"]) == ("a", "500", "ledger")
        await all_is_well(here.day)


async def test_every_kind_of_entry_is_taken(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        await here.day.submit("alpha", buy("TQQQ", "4"))
        await booked(here, 1)
        for asset, amount in (("USD", "11"), ("TQQQ", "2")):
            await paid(here, asset, asset, amount)
        bodies: dict[str, dict[str, object]] = {
            "deposit": {"book": "a", "asset": "TQQQ", "amount": 2, "price": "90"},
            "dividend": {"account": "main", "symbol": "TQQQ", "amount": "9"},
            "interest": {"book": "b", "amount": "2"},
            "transfer": {"book": "a", "to_book": "c", "asset": "TQQQ", "amount": 3},
        }
        for kind, body in bodies.items():
            told = await here.post(f"/api/ledger/{kind}", {"id": kind, **body})
            assert told["status"] == "booked", kind
        await all_is_well(here.day)
        away = await here.post("/api/ledger/withdrawal", {"id": "w", "book": "a", "amount": 5})
        assert away["entries"][0]["quantity"] == "-5"
        traded = {"id": "x", "book": "a", "amount": 100, "to_asset": "EUR", "to_amount": "92"}
        assert len((await here.post("/api/ledger/exchange", traded))["entries"]) == 2
        missing = {"id": "s", "book": "a", "amount": 1}
        refused = await here.post("/api/ledger/assign", missing, status=409)
        assert refused["code"] == "not_possible"
        assert refused["errors"] == [{"path": "amount", "message": "suspense of main has 0 USD"}]
        split = {"id": "split", "account": "main", "symbol": "TQQQ", "new": 2, "old": 1}
        told = await here.post("/api/ledger/split", split, status=202)
        assert (told["status"], told["entries"]) == ("waiting", [])
        await here.post("/api/paper/main/split", {"id": "s", "symbol": "TQQQ", "new": 2, "old": 1})
        await here.day.engine.ledger.carry_out()
        done = await here.post("/api/ledger/split", split)
        assert (done["status"], done["duplicate"]) == ("booked", True)
        assert {line["book"]: line["quantity"] for line in done["entries"]} == {"a": "3", "c": "3"}


async def test_history_tells_prices_profit_and_rate_and_can_be_had_as_csv(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        await here.day.submit("alpha", buy("TQQQ", "4"))
        await booked(here, 1)
        await here.day.submit("alpha", sell("TQQQ", "1", nets=False))
        await booked(here, 2)
        items = (await here.get("/api/history?book=a&symbol=TQQQ"))["items"]
        sold, bought = items
        assert (bought["kind"], bought["shares"], bought["buy_price"]) == ("BUY", "4", "100")
        assert (bought["total"], bought["profit"], bought["rate"]) == ("400", None, None)
        assert (sold["shares"], sold["buy_price"], sold["sell_price"]) == ("-1", "100", "100")
        assert (sold["total"], sold["profit"], sold["rate"]) == ("100", "0", "0")
        assert sold["date"] == here.day.clock.now().date().isoformat()
        headers = {**ADMIN, "Accept": "text/csv"}
        response = await here.client.get("/api/history?book=a", headers=headers)
        lines = (await response.text()).splitlines()
        assert lines[0].split(",")[:8] == [
            "id", "date", "at", "account", "book", "symbol", "kind", "shares",
        ]  # fmt: skip
        assert len(lines) == 3


async def test_the_report_of_a_day_sums_each_book(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        await here.day.submit("alpha", buy("TQQQ", "4"))
        await booked(here, 1)
        await here.post("/api/ledger/deposit", {"id": "1", "book": "a", "amount": 50})
        await here.post("/api/ledger/interest", {"id": "2", "book": "a", "amount": "1.5"})
        (report,) = (await here.get("/api/report?book=a"))["items"]
        assert (report["trades"], report["bought"], report["fees"]) == (1, "400", "1")
        assert (report["income"], report["moved"], report["currency"]) == ("1.5", "50", "USD")
        day = report["day"]
        assert len((await here.get(f"/api/report?day={day}&account=main"))["items"]) == 3
        (empty,) = (await here.get("/api/report?day=2020-01-02&book=b"))["items"]
        assert (empty["trades"], empty["bought"]) == (0, "0")
        headers = {**ADMIN, "Accept": "text/csv"}
        response = await here.client.get(f"/api/report?day={day}&book=a", headers=headers)
        head, line = (await response.text()).splitlines()
        row = dict(zip(head.split(","), line.split(","), strict=True))
        assert row == {name: str(value) for name, value in report.items()}
        await here.get("/api/report?day=yesterday", status=400)
        await here.get("/api/report?year=2020", status=400)


@pytest.mark.parametrize(
    ("kind", "body", "paths"),
    [
        ("deposit", {}, {"id", "book", "amount"}),
        ("deposit", {"id": "1", "book": "a", "amount": 0}, {"amount"}),
        ("deposit", {"id": "1", "book": "a", "amount": 1, "price": -1}, {"price"}),
        ("deposit", {"id": "1", "book": "a", "amount": 1, "to_book": "b"}, {"to_book"}),
        ("interest", {"id": "1", "book": "a", "amount": "0"}, {"amount"}),
        ("dividend", {"id": "1", "symbol": "TQQQ", "amount": 1}, {"account"}),
        (
            "dividend",
            {"id": "1", "symbol": "TQQQ", "amount": 1, "account": "main", "book": "a"},
            {"account"},
        ),
        ("split", {"id": "1", "account": "m", "symbol": "T", "new": 2, "old": 2}, {"new"}),
        ("split", {"id": "1", "account": "m", "symbol": "T", "new": 0, "old": 1.5}, {"new", "old"}),
        ("transfer", {"id": "1", "book": 7, "to_book": "", "amount": 1}, {"book", "to_book"}),
    ],
)
async def test_a_bad_entry_names_every_fault(
    tmp_path: Path, kind: str, body: dict[str, object], paths: set[str]
) -> None:
    async with served(tmp_path) as here:
        told = await here.post(f"/api/ledger/{kind}", body, status=400)
        assert {fault["path"] for fault in told["errors"]} == paths
        assert select(here.day, "SELECT * FROM ledger_keys") == []


async def test_only_paper_accounts_are_played_with(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        body = {"id": "1", "amount": 1}
        assert (await here.post("/api/paper/other/adjust", body, status=404))["code"] == "not_found"
        too_much = {"id": "1", "amount": -999999999}
        refused = await here.post("/api/paper/main/adjust", too_much, status=409)
        assert refused["errors"][0]["path"] == "amount"
        same = {"id": "1", "symbol": "TQQQ", "new": 1, "old": 1}
        await here.post("/api/paper/main/split", same, status=400)
        between = {"id": "2", "symbol": "TQQQ", "price": "99.999"}
        refused = await here.post("/api/paper/main/price", between, status=409)
        assert refused["errors"][0]["path"] == "price"
        assert refused["errors"][0]["message"].endswith("99.999 is not on the tick of 0.01")
        elsewhere = {"id": "3", "symbol": "NVDA", "price": "99"}
        refused = await here.post("/api/paper/main/price", elsewhere, status=409)
        assert refused["errors"][0]["path"] == "symbol"
        assert refused["errors"][0]["message"].endswith("NVDA is not traded here")


@pytest.mark.parametrize("path", [*(f"ledger/{kind}" for kind in KINDS), "paper/main/adjust"])
async def test_nothing_is_entered_without_the_admin_s_token(tmp_path: Path, path: str) -> None:
    async with served(tmp_path) as here:
        response = await here.client.post(f"/api/{path}", json={})
        assert response.status == 401


def test_a_house_without_a_ledger_has_no_such_paths() -> None:
    paths = {resource.canonical for resource in House().app().router.resources()}
    assert not any(path.startswith("/api/ledger") for path in paths)
