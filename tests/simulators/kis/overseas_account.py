"""What an account holds and may buy in America."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from tests.simulators.kis.calls import Answer, Route, plain
from tests.simulators.kis.domestic_orders import WHO
from tests.simulators.kis.hours import Country
from tests.simulators.kis.listings import Listing
from tests.simulators.kis.overseas_orders import AMERICA, CONTEXT, EXCHANGES
from tests.simulators.kis.paging import Pager
from tests.simulators.kis.refusals import refused
from tests.simulators.kis.services import Profile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from tests.simulators.kis.calls import Call
    from tests.simulators.kis.engine import Engine
    from tests.simulators.kis.ledger import Account
    from tests.simulators.kis.paging import Row

ZERO = Decimal(0)
BLANK = Listing(symbol="", name="", price=Decimal(0), country=AMERICA, exchange="")
CENT = Decimal("0.01")
WON_PER_DOLLAR = Decimal("1452.30")
TYPE_CODES = {"NASD": "512", "NYSE": "513", "AMEX": "529"}
PAGE_ROWS = 100
FILLERS_OF_MARGIN = 24


@dataclass(frozen=True, slots=True)
class Position:
    """A holding as today's prices see it."""

    listing: Listing
    units: int
    average: Decimal
    last: Decimal
    sellable: int

    @property
    def cost(self) -> Decimal:
        return self.average * self.units

    @property
    def value(self) -> Decimal:
        return self.last * self.units

    @property
    def gain_percent(self) -> Decimal:
        return (self.value - self.cost) / self.cost * 100 if self.cost else ZERO


class OverseasAccount:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._paper = engine.profile is Profile.PAPER

    def table(self) -> dict[str, Route]:
        return {
            "us.balance": Route(self.balance, (*WHO, "OVRS_EXCG_CD", "TR_CRCY_CD", *CONTEXT)),
            "us.present": Route(
                self.present,
                (*WHO, "WCRC_FRCR_DVSN_CD", "NATN_CD", "TR_MKET_CD", "INQR_DVSN_CD"),
            ),
            "us.buyable": Route(self.buyable, (*WHO, "OVRS_EXCG_CD", "OVRS_ORD_UNPR", "ITEM_CD")),
            "us.margin": Route(self.margin, WHO),
        }

    def _positions(self, account: Account, exchanges: tuple[str, ...]) -> Iterator[Position]:
        market = self._engine.market
        for symbol, holding in sorted(account.holdings.items()):
            listing = market.listings[symbol]
            if listing.exchange in exchanges and holding.quantity:
                yield Position(
                    listing,
                    holding.quantity,
                    holding.average,
                    market.last(symbol),
                    account.sellable(symbol),
                )

    def balance(self, call: Call) -> Answer:
        """List holdings: NASD is all of America at the real host, and Nasdaq alone in paper."""
        where = call.choice("OVRS_EXCG_CD", *EXCHANGES, "NAS")
        call.choice("TR_CRCY_CD", "USD")
        exchanges = EXCHANGES if where == "NASD" and not self._paper else (where,)
        if where == "NAS":
            exchanges = ("NASD",)
        account = self._engine.accounts[call.account]
        positions = list(self._positions(account, exchanges))
        rows = [(each.listing.symbol, self._row(account, each)) for each in positions]
        page = Pager(PAGE_ROWS, 200, "^").page(call, rows, self._engine.switches)
        names = self._row(account, Position(BLANK, 0, ZERO, ZERO, 0))
        fillers = [dict.fromkeys(names, "")] * self._engine.switches.filler_rows
        cost = sum((each.cost for each in positions), ZERO)
        value = sum((each.value for each in positions), ZERO)
        totals = {
            "frcr_pchs_amt1": f"{cost:.5f}",
            "ovrs_rlzt_pfls_amt": "0.00000",
            "ovrs_tot_pfls": f"{value - cost:.5f}",
            "rlzt_erng_rt": "0.00000000",
            "tot_evlu_pfls_amt": f"{value:.8f}",
            "tot_pftrt": f"{(value - cost) / cost * 100:.8f}" if cost else "0.00000000",
            "frcr_buy_amt_smtl1": f"{cost:.6f}",
            "ovrs_rlzt_pfls_amt2": "0.00000",
            "frcr_buy_amt_smtl2": f"{cost:.6f}",
        }
        parts = {**page.context, "output1": [*page.rows, *fillers], "output2": totals}
        return Answer(parts, tr_cont=page.tr_cont)

    def _row(self, account: Account, held: Position) -> Row:
        return {
            "cano": account.number[:8],
            "acnt_prdt_cd": account.number[8:],
            "prdt_type_cd": TYPE_CODES.get(held.listing.exchange, ""),
            "ovrs_pdno": held.listing.symbol,
            "ovrs_item_name": held.listing.name,
            "frcr_evlu_pfls_amt": f"{held.value - held.cost:.6f}",
            "evlu_pfls_rt": f"{held.gain_percent:.2f}",
            "pchs_avg_pric": f"{held.average:.4f}",
            "ovrs_cblc_qty": str(held.units),
            "ord_psbl_qty": str(held.sellable),
            "frcr_pchs_amt1": f"{held.cost:.5f}",
            "ovrs_stck_evlu_amt": f"{held.value:.8f}",
            "now_pric2": f"{held.last:.6f}",
            "tr_crcy_cd": "USD",
            "ovrs_excg_cd": held.listing.exchange,
            "loan_type_cd": "00",
            "loan_dt": "",
            "expd_dt": "",
        }

    def present(self, call: Call) -> Answer:
        """Show holdings and cash; in paper only the totals mean anything."""
        in_won = call.choice("WCRC_FRCR_DVSN_CD", "01", "02") == "01"
        call.choice("NATN_CD", "000", "840")
        markets = {"00": EXCHANGES, "01": ("NASD",), "02": ("NYSE",), "05": ("AMEX",)}
        exchanges = markets[call.choice("TR_MKET_CD", *markets)]
        account = self._engine.accounts[call.account]
        rate = WON_PER_DOLLAR if in_won else Decimal(1)
        positions = list(self._positions(account, exchanges))
        today = self._engine.hours[AMERICA].day_at(call.now)
        cost = sum((each.cost for each in positions), ZERO)
        value = sum((each.value for each in positions), ZERO)
        deposit = account.deposit(AMERICA, today)
        bought, sold = _unsettled(account, today)
        currency = {
            "crcy_cd": "USD",
            "frcr_buy_amt_smtl": f"{bought:.6f}",
            "frcr_sll_amt_smtl": f"{sold:.6f}",
            "frcr_dncl_amt_2": f"{deposit:.6f}",
            "frst_bltn_exrt": f"{WON_PER_DOLLAR:.8f}",
            "frcr_buy_mgn_amt": f"{bought + account.reserved_cash(AMERICA):.6f}",
            "frcr_etc_mgna": "0.000000",
            "frcr_drwg_psbl_amt_1": f"{deposit - bought:.6f}",
            "frcr_evlu_amt2": f"{value * WON_PER_DOLLAR:.6f}",
            "acpl_cstd_crcy_yn": "Y",
            "nxdy_frcr_drwg_psbl_amt": f"{account.cash(AMERICA):.6f}",
        }
        won = account.cash(Country.KOREA)
        totals = {
            "pchs_amt_smtl": _won(cost),
            "evlu_amt_smtl": _won(value),
            "evlu_pfls_amt_smtl": _won(value - cost),
            "dncl_amt": plain(won),
            "cma_evlu_amt": "0",
            "tot_dncl_amt": plain(won),
            "etc_mgna": "0",
            "wdrw_psbl_tot_amt": plain(won),
            "frcr_evlu_tota": _won(account.cash(AMERICA)),
            "evlu_erng_rt1": "0.00",
            "tot_asst_amt": plain(won + Decimal(_won(account.cash(AMERICA) + value))),
            "buy_mgn_amt": "0",
            "mgna_tota": "0",
            "frcr_use_psbl_amt": f"{account.available(AMERICA):.2f}",
            "ustl_sll_amt_smtl": _won(sold),
            "ustl_buy_amt_smtl": _won(bought),
            "tot_frcr_cblc_smtl": _won(account.cash(AMERICA)),
            "tot_loan_amt": "0",
        }
        shown = (
            [] if self._paper else [self._present_row(account, p, rate, call) for p in positions]
        )
        parts = {
            "output1": shown,
            "output2": [] if self._paper else [currency],
            "output3": totals,
        }
        return Answer(parts)

    def _present_row(self, account: Account, held: Position, rate: Decimal, call: Call) -> Row:
        today = self._engine.hours[AMERICA].day_at(call.now)
        holding = account.holdings[held.listing.symbol]
        bought, sold = holding.bought.get(today, 0), holding.sold.get(today, 0)
        exchange = held.listing.exchange
        return {
            "prdt_name": held.listing.name,
            "cblc_qty13": f"{held.units - bought + sold:.8f}",
            "thdt_buy_ccld_qty1": f"{bought:.8f}",
            "thdt_sll_ccld_qty1": f"{sold:.8f}",
            "ccld_qty_smtl1": f"{held.units:.8f}",
            "ord_psbl_qty1": f"{held.sellable:.8f}",
            "frcr_pchs_amt": f"{held.cost * rate:.5f}",
            "frcr_evlu_amt2": f"{held.value * rate:.6f}",
            "evlu_pfls_amt2": f"{(held.value - held.cost) * rate:.5f}",
            "evlu_pfls_rt1": f"{held.gain_percent:.2f}",
            "pdno": held.listing.symbol,
            "bass_exrt": f"{WON_PER_DOLLAR:.8f}",
            "buy_crcy_cd": "USD",
            "ovrs_now_pric1": f"{held.last * rate:.6f}",
            "avg_unpr3": f"{held.average * rate:.4f}",
            "tr_mket_name": exchange,
            "natn_kor_name": "미국",
            "prdt_type_cd": TYPE_CODES[exchange],
            "unit_amt": "1",
            "loan_rmnd": "0",
            "loan_dt": "",
            "loan_expd_dt": "",
            "ovrs_excg_cd": exchange,
            "item_lnkg_excg_cd": exchange,
        }

    def buyable(self, call: Call) -> Answer:
        where, symbol = call.text("OVRS_EXCG_CD"), call.text("ITEM_CD")
        listing = self._engine.market.listings.get(symbol)
        if listing is None or listing.exchange != where:
            raise refused("7", "APBK0656", "해당종목정보가 없습니다")
        account = self._engine.accounts[call.account]
        price = call.money("OVRS_ORD_UNPR")
        cash = max(account.available(AMERICA), ZERO).quantize(CENT, ROUND_DOWN)
        unit = price * (1 + account.rates.of_buying(AMERICA))
        units = str(int(cash // unit) if unit else 0)
        output = {
            "tr_crcy_cd": "USD",
            "ord_psbl_frcr_amt": f"{cash:.2f}",
            "sll_ruse_psbl_amt": "0.00",
            "ovrs_ord_psbl_amt": f"{cash:.2f}",
            "max_ord_psbl_qty": units,
            "echm_af_ord_psbl_amt": "0.00",
            "echm_af_ord_psbl_qty": "0",
            "ord_psbl_qty": units,
            "exrt": f"{WON_PER_DOLLAR:.10f}",
            "frcr_ord_psbl_amt1": "0.000000",
            "ovrs_max_ord_psbl_qty": "0",
        }
        return Answer({"output": output})

    def margin(self, call: Call) -> Answer:
        """List cash by country, and many blank rows after it."""
        account = self._engine.accounts[call.account]
        today = self._engine.hours[AMERICA].day_at(call.now)
        bought, sold = _unsettled(account, today)
        row = {
            "natn_name": "미국",
            "crcy_cd": "USD",
            "frcr_dncl_amt1": f"{account.deposit(AMERICA, today):.6f}",
            "ustl_buy_amt": f"{bought:.6f}",
            "ustl_sll_amt": f"{sold:.6f}",
            "frcr_rcvb_amt": "0.000000",
            "frcr_mgn_amt": f"{account.reserved_cash(AMERICA):.6f}",
            "frcr_gnrl_ord_psbl_amt": f"{account.available(AMERICA):.6f}",
            "frcr_ord_psbl_amt1": f"{account.available(AMERICA):.6f}",
            "itgr_ord_psbl_amt": "0.000000",
            "bass_exrt": f"{WON_PER_DOLLAR:.8f}",
        }
        return Answer({"output": [row, *[dict.fromkeys(row, "")] * FILLERS_OF_MARGIN]})


def _unsettled(account: Account, today: date) -> tuple[Decimal, Decimal]:
    """Return what was bought and sold and has not settled yet, charges included."""
    flows = [f.amount for f in account.flows if f.country is AMERICA and f.settles > today]
    paid, received = (each for each in flows if each < 0), (each for each in flows if each > 0)
    return -sum(paid, ZERO), sum(received, ZERO)


def _won(dollars: Decimal) -> str:
    return plain((dollars * WON_PER_DOLLAR).quantize(Decimal(1), ROUND_DOWN))
