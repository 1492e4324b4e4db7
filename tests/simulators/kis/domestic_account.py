"""What a Korean account holds, may buy and may sell."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from tests.simulators.kis.calls import Answer, Route, plain
from tests.simulators.kis.domestic_orders import CONTEXT, WHO
from tests.simulators.kis.hours import Country
from tests.simulators.kis.paging import Pager
from tests.simulators.kis.refusals import OrderRefused, Reason
from tests.simulators.kis.services import Profile

if TYPE_CHECKING:
    from datetime import date

    from tests.simulators.kis.calls import Call
    from tests.simulators.kis.engine import Engine
    from tests.simulators.kis.ledger import Account, Holding
    from tests.simulators.kis.paging import Row

KOREA = Country.KOREA
ZERO = Decimal(0)


class DomesticAccount:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._paper = engine.profile is Profile.PAPER

    def table(self) -> dict[str, Route]:
        return {
            "domestic.balance": Route(
                self.balance,
                (
                    *WHO,
                    *("AFHR_FLPR_YN", "OFL_YN", "INQR_DVSN", "UNPR_DVSN", "FUND_STTL_ICLD_YN"),
                    *("FNCG_AMT_AUTO_RDPT_YN", "PRCS_DVSN", *CONTEXT),
                ),
            ),
            "domestic.buyable": Route(
                self.buyable,
                (
                    *WHO,
                    *("PDNO", "ORD_UNPR", "ORD_DVSN", "CMA_EVLU_AMT_ICLD_YN", "OVRS_ICLD_YN"),
                ),
            ),
            "domestic.sellable": Route(self.sellable, (*WHO, "PDNO")),
        }

    def balance(self, call: Call) -> Answer:
        call.choice("INQR_DVSN", "01", "02")
        account = self._engine.accounts[call.account]
        today = self._engine.hours[KOREA].day_at(call.now)
        rows = [
            row
            for symbol, holding in sorted(account.holdings.items())
            if self._engine.market.listings[symbol].country is KOREA
            and (holding.quantity or self._settles_still(holding, today))
            for row in self._rows(account, symbol, holding, today)
        ]
        pager = Pager(20 if self._paper else 50)
        page = pager.page(call, rows, self._engine.switches)
        context = page.context
        if len(rows) <= 1 and self._paper:
            context = {}
        elif not rows:
            context = {"ctx_area_fk100": context.get("ctx_area_fk100", "").strip()[:24].ljust(24)}
        parts = {**context, "output1": page.rows, "output2": [self._totals(account, today, rows)]}
        code = "KIOK0510" if page.is_last else "KIOK0500"
        return Answer(parts, code, "조회 완료", page.tr_cont)

    def _settles_still(self, holding: Holding, today: date) -> bool:
        last = max(holding.sold, default=None)
        hours = self._engine.hours[KOREA]
        return last is not None and today < hours.next_day(hours.next_day(last))

    def _rows(
        self, account: Account, symbol: str, holding: Holding, today: date
    ) -> list[tuple[str, Row]]:
        """Return a holding's row, or two where part of it was bought on credit."""
        row = self._row(account, symbol, holding, today)
        borrowed = holding.quantity // 2
        if not (self._engine.switches.split_holdings and borrowed):
            return [(symbol, row)]
        free = min(borrowed, account.sellable(symbol))
        other = {
            **row,
            "trad_dvsn_name": "융자",
            "loan_dt": "20261101",
            "hldg_qty": str(borrowed),
            "ord_psbl_qty": str(free),
        }
        row["hldg_qty"] = str(holding.quantity - borrowed)
        row["ord_psbl_qty"] = str(account.sellable(symbol) - free)
        return [(symbol, row), (f"{symbol}+", other)]

    def _row(self, account: Account, symbol: str, holding: Holding, today: date) -> Row:
        listing, last = self._engine.market.listings[symbol], self._engine.market.last(symbol)
        value = last * holding.quantity
        gain = value - holding.cost
        before = [day for day in (*holding.bought, *holding.sold) if day < today]
        yesterday = max(before, default=None)
        return {
            "pdno": symbol,
            "prdt_name": listing.name,
            "trad_dvsn_name": "현금",
            "bfdy_buy_qty": str(holding.bought.get(yesterday, 0) if yesterday else 0),
            "bfdy_sll_qty": str(holding.sold.get(yesterday, 0) if yesterday else 0),
            "thdt_buyqty": str(holding.bought.get(today, 0)),
            "thdt_sll_qty": str(holding.sold.get(today, 0)),
            "hldg_qty": str(holding.quantity),
            "ord_psbl_qty": str(account.sellable(symbol)),
            "pchs_avg_pric": f"{holding.average:.4f}",
            "pchs_amt": plain(holding.cost.quantize(Decimal(1), ROUND_DOWN)),
            "prpr": plain(last),
            "evlu_amt": plain(value),
            "evlu_pfls_amt": plain(gain.quantize(Decimal(1), ROUND_DOWN)),
            "evlu_pfls_rt": f"{gain / holding.cost * 100:.2f}" if holding.cost else "0.00",
            "evlu_erng_rt": "0.00000000",
            "loan_dt": "",
            "loan_amt": "0",
            "stln_slng_chgs": "0",
            "expd_dt": "",
            "fltt_rt": "0.00000000",
            "bfdy_cprs_icdc": "0",
            "item_mgna_rt_name": "",
            "grta_rt_name": "",
            "sbst_pric": "0",
            "stck_loan_unpr": "0.0000",
        }

    def _totals(self, account: Account, today: date, rows: list[tuple[str, Row]]) -> Row:
        hours = self._engine.hours[KOREA]
        tomorrow = hours.next_day(today)
        flows = [each for each in account.flows if each.country is KOREA]
        todays = [each for each in flows if each.traded == today]
        bought = sum((-each.amount - each.charges for each in todays if each.amount < 0), ZERO)
        sold = sum((each.amount + each.charges for each in todays if each.amount > 0), ZERO)
        shares = sum((Decimal(row["evlu_amt"]) for _, row in rows), ZERO)
        cost = sum((Decimal(row["pchs_amt"]) for _, row in rows), ZERO)
        cash = account.cash(KOREA)
        amounts = {
            "dnca_tot_amt": account.deposit(KOREA, today),
            "nxdy_excc_amt": account.deposit(KOREA, tomorrow),
            "prvs_rcdl_excc_amt": cash,
            "cma_evlu_amt": ZERO,
            "bfdy_buy_amt": ZERO,
            "thdt_buy_amt": bought,
            "nxdy_auto_rdpt_amt": ZERO,
            "bfdy_sll_amt": ZERO,
            "thdt_sll_amt": sold,
            "d2_auto_rdpt_amt": ZERO,
            "bfdy_tlex_amt": ZERO,
            "thdt_tlex_amt": sum((each.charges for each in todays), ZERO),
            "tot_loan_amt": ZERO,
            "scts_evlu_amt": shares,
            "tot_evlu_amt": shares + cash,
            "nass_amt": shares + cash,
            "pchs_amt_smtl_amt": cost,
            "evlu_amt_smtl_amt": shares,
            "evlu_pfls_smtl_amt": shares - cost,
            "tot_stln_slng_chgs": ZERO,
            "bfdy_tot_asst_evlu_amt": ZERO,
            "asst_icdc_amt": ZERO,
        }
        texts = {name: plain(amount) for name, amount in amounts.items()}
        return {**texts, "fncg_gld_auto_rdpt_yn": "", "asst_icdc_erng_rt": "0.00000000"}

    def buyable(self, call: Call) -> Answer:
        account = self._engine.accounts[call.account]
        market, symbol = self._engine.market, call.text("PDNO")
        cash = max(account.available(KOREA), ZERO).quantize(Decimal(1), ROUND_DOWN)
        spendable = (cash / (1 + account.rates.commission)).quantize(Decimal(1), ROUND_DOWN)
        unit = ZERO
        known = symbol in market.listings and market.listings[symbol].country is KOREA
        if known:
            limits = market.limits(symbol)
            priced = call.text("ORD_DVSN") == "00" and call.text("ORD_UNPR") not in {"", "0"}
            unit = call.money("ORD_UNPR") if priced else (limits[1] if limits else ZERO)
        units = int(spendable // unit) if unit else 0
        output = {
            "ord_psbl_cash": plain(cash),
            "ord_psbl_sbst": "0",
            "ruse_psbl_amt": "0",
            "fund_rpch_chgs": "0",
            "psbl_qty_calc_unpr": plain(unit),
            "nrcvb_buy_amt": plain(spendable),
            "nrcvb_buy_qty": str(units),
            "max_buy_amt": plain(spendable),
            "max_buy_qty": str(units),
            "cma_evlu_amt": "0",
            "ovrs_re_use_amt_wcrc": "0",
            "ord_psbl_frcr_amt_wcrc": "0",
        }
        return Answer({"output": output})

    def sellable(self, call: Call) -> Answer:
        account, symbol = self._engine.accounts[call.account], call.text("PDNO")
        holding = account.holdings.get(symbol)
        if holding is None or self._engine.market.listings[symbol].country is not KOREA:
            raise OrderRefused(Reason.HOLDING)
        today = self._engine.hours[KOREA].day_at(call.now)
        row = self._row(account, symbol, holding, today)
        output = {
            "pdno": symbol,
            "prdt_name": row["prdt_name"],
            "buy_qty": row["thdt_buyqty"],
            "sll_qty": row["thdt_sll_qty"],
            "cblc_qty": row["hldg_qty"],
            "nsvg_qty": "0",
            "ord_psbl_qty": row["ord_psbl_qty"],
            "pchs_avg_pric": row["pchs_avg_pric"],
            "pchs_amt": row["pchs_amt"],
            "now_pric": row["prpr"],
            "evlu_amt": row["evlu_amt"],
            "evlu_pfls_amt": row["evlu_pfls_amt"],
            "evlu_pfls_rt": row["evlu_pfls_rt"],
        }
        return Answer({"output": output}, "KIOK0420")
