"""American orders: placing, amending, cancelling, and the lists of them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.simulators.kis.calls import Answer, Route, compact, padded_number
from tests.simulators.kis.divisions import division_of
from tests.simulators.kis.domestic_orders import WHO, empty, sent
from tests.simulators.kis.hours import EASTERN, KST, Country
from tests.simulators.kis.orders import BUY, SELL, Draft, What
from tests.simulators.kis.paging import Pager
from tests.simulators.kis.refusals import OrderRefused, Reason, field_wrong
from tests.simulators.kis.services import Profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulators.kis.calls import Call
    from tests.simulators.kis.engine import Engine
    from tests.simulators.kis.orders import Order, State
    from tests.simulators.kis.paging import Page, Row

AMERICA = Country.AMERICA
CONTEXT = ("CTX_AREA_FK200", "CTX_AREA_NK200")
EXCHANGES = ("NASD", "NYSE", "AMEX")
MARKET_NAMES = {"NASD": "나스닥", "NYSE": "뉴욕거래소", "AMEX": "아멕스"}
SIDE_NAMES = {SELL: "매도", BUY: "매수"}
REVISIONS = {What.NEW: ("00", ""), What.AMEND: ("01", "정정"), What.CANCEL: ("02", "취소")}
SIDES = {"00": (SELL, BUY), "01": (SELL,), "02": (BUY,)}
OPEN_ROWS = 40


class OverseasOrders:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._paper = engine.profile is Profile.PAPER
        self._shown: dict[int, tuple[State, tuple[str, str], Row]] = {}
        """By order: how a list showed it last; the same row is shown again and again."""

    def table(self) -> dict[str, Route]:
        order = Route(
            self.order,
            (
                *WHO,
                *("OVRS_EXCG_CD", "PDNO", "ORD_QTY", "OVRS_ORD_UNPR", "CTAC_TLNO"),
                *("MGCO_APTM_ODNO", "SLL_TYPE", "ORD_SVR_DVSN_CD", "ORD_DVSN"),
            ),
        )
        return {
            "us.buy": order,
            "us.sell": order,
            "us.revise": Route(
                self.revise,
                (
                    *WHO,
                    *("OVRS_EXCG_CD", "PDNO", "ORGN_ODNO", "RVSE_CNCL_DVSN_CD", "ORD_QTY"),
                    *("OVRS_ORD_UNPR", "MGCO_APTM_ODNO", "ORD_SVR_DVSN_CD"),
                ),
            ),
            "us.open": Route(self.open, (*WHO, "OVRS_EXCG_CD", "SORT_SQN", *CONTEXT)),
            "us.fills": Route(
                self.fills,
                (
                    *WHO,
                    *("PDNO", "ORD_STRT_DT", "ORD_END_DT", "SLL_BUY_DVSN", "CCLD_NCCS_DVSN"),
                    *("OVRS_EXCG_CD", "SORT_SQN", "ORD_DT", "ORD_GNO_BRNO", "ODNO", *CONTEXT),
                ),
            ),
        }

    # Orders

    def order(self, call: Call) -> Answer:
        side = BUY if call.service.name == "us.buy" else SELL
        if call.text("SLL_TYPE") != ("" if side == BUY else "00"):
            raise field_wrong("SLL_TYPE")
        call.choice("ORD_SVR_DVSN_CD", "0")
        call.choice("OVRS_EXCG_CD", *EXCHANGES)
        listing = self._engine.market.listings.get(call.text("PDNO"))
        if listing is None or listing.exchange != call.text("OVRS_EXCG_CD"):
            raise OrderRefused(Reason.NO_SYMBOL)
        if self._paper and self._engine.market.last(listing.symbol) < 1:
            raise OrderRefused(Reason.HALTED)
        day = self._engine.hours[AMERICA].day_at(call.now)
        division = division_of(AMERICA, call.text("ORD_DVSN"), day)
        if division is None:
            raise OrderRefused(Reason.DIVISION)
        price = call.money("OVRS_ORD_UNPR")
        if price and not division.is_priced:
            raise OrderRefused(Reason.PRICE_MISSING)
        draft = Draft(
            account=call.account,
            listing=listing,
            side=side,
            division=division,
            quantity=call.units("ORD_QTY"),
            price=price,
            venue=listing.exchange,
        )
        order = self._engine.place(draft, rejected_after=call.rejected_after)
        code = ("40600000" if side == BUY else "40590000") if self._paper else "APBK0013"
        return sent(order, code)

    def revise(self, call: Call) -> Answer:
        amends = call.choice("RVSE_CNCL_DVSN_CD", "01", "02") == "01"
        call.choice("ORD_SVR_DVSN_CD", "0")
        day = self._engine.hours[AMERICA].day_at(call.now)
        original = self._engine.find(call.account, AMERICA, day, call.number("ORGN_ODNO"))
        where = (call.text("PDNO"), call.text("OVRS_EXCG_CD"))
        if original is None or original.draft.by_hand:
            raise OrderRefused(Reason.NO_ORIGINAL)
        if where != (original.symbol, original.draft.venue):
            raise OrderRefused(Reason.NO_ORIGINAL)
        quantity, price = call.units("ORD_QTY"), call.money("OVRS_ORD_UNPR")
        if amends:
            draft = replace(original.draft, quantity=quantity, price=price)
            child = self._engine.amend(original, draft)
            return sent(child, "40620000" if self._paper else "APBK0013")
        if price:
            raise OrderRefused(Reason.PRICE_MISSING)
        child = self._engine.cancel(original, quantity)
        return sent(child, "40630000" if self._paper else "APBK0013")

    # Lists

    def open(self, call: Call) -> Answer:
        """List what can still trade; NASD asks for all of America."""
        where = call.choice("OVRS_EXCG_CD", *EXCHANGES)
        wanted = EXCHANGES if where == "NASD" else (where,)
        day = self._engine.hours[AMERICA].day_at(call.now)
        found = []
        for order in self._newest_first(call.account):
            state = order.seen_at(call.now)
            if state is None or order.day != day or order.draft.venue not in wanted:
                continue
            left = 0 if order.what is What.CANCEL else order.quantity - state.gone
            if left > 0:
                found.append((_key(order), self._open_row(order, state, left)))
        if call.text("SORT_SQN") != "DS":
            found.reverse()
        if not self._engine.switches.open_list_pages:
            found = found[:OPEN_ROWS]
        page = self._page(call, found, Pager(OPEN_ROWS, 200, "^"))
        return self._listed(page)

    def fills(self, call: Call) -> Answer:
        """List orders of some US days, filled or not. There is no search by number."""
        if self._paper:
            self._check_paper(call)
        first, last = call.day("ORD_STRT_DT"), call.day("ORD_END_DT")
        symbol, where = call.text("PDNO"), call.text("OVRS_EXCG_CD")
        if where not in {"", "%", *EXCHANGES}:
            raise field_wrong("OVRS_EXCG_CD")
        everywhere = where in {"", "%", "NASD"}
        sides = SIDES[call.choice("SLL_BUY_DVSN", "00", "01", "02")]
        wanted = call.choice("CCLD_NCCS_DVSN", "00", "01", "02")
        found = []
        for order in self._newest_first(call.account):
            state = order.seen_at(call.now)
            if state is None or not first <= order.day <= last or order.draft.side not in sides:
                continue
            if symbol not in {"", "%", order.symbol}:
                continue
            if not everywhere and where != order.draft.venue:
                continue
            left = 0 if order.what is What.CANCEL else order.quantity - state.gone
            if (wanted == "01" and not state.filled) or (wanted == "02" and not left):
                continue
            found.append((_key(order), self._fill_row(order, state, left)))
        if call.text("SORT_SQN") == "AS" and not self._paper:
            found.reverse()
        return self._listed(self._page(call, found, Pager(15 if self._paper else 20, 200, "^")))

    def _check_paper(self, call: Call) -> None:
        """Refuse the filters that paper does not have."""
        for name in ("PDNO", "OVRS_EXCG_CD"):
            if call.text(name):
                raise field_wrong(name)
        for name in ("SLL_BUY_DVSN", "CCLD_NCCS_DVSN"):
            call.choice(name, "00")

    def _page(self, call: Call, rows: list[tuple[str, Row]], pager: Pager) -> Page:
        version = sum(len(order.states) for order in self._engine.orders[call.account])
        return pager.page(call, rows, self._engine.switches, version)

    def _listed(self, page: Page) -> Answer:
        if not page.rows:
            blank: object = {"odno": "", "pdno": ""} if self._engine.switches.blank_output else []
            return empty({**page.context, "output": blank}, paper=False)
        more = not page.is_last
        parts = {**page.context, "output": page.rows}
        return Answer(parts, "KIOK0500" if more else "KIOK0510", tr_cont=page.tr_cont)

    def _newest_first(self, account: str) -> Iterator[Order]:
        for order in reversed(self._engine.orders[account]):
            if order.draft.listing.country is AMERICA:
                yield order

    def _open_row(self, order: Order, state: State, left: int) -> Row:
        return {
            **self._common(order, state, left),
            "orgn_odno": "" if order.original is None else self._number(order.original.number),
            "rvse_cncl_dvsn_cd": REVISIONS[order.what][0],
            "natn_cd": "840",
            "natn_kor_name": "미국",
            "prcs_stat_name": "",
        }

    def _fill_row(self, order: Order, state: State, left: int) -> Row:
        switches = self._engine.switches
        spelt = switches.us_order_clock, switches.overseas_numbers
        known = self._shown.get(order.serial)
        if known is None or known[0] is not state or known[1] != spelt:
            known = state, spelt, self._spell(order, state, left)
            self._shown[order.serial] = known
        return known[2]

    def _spell(self, order: Order, state: State, left: int) -> Row:
        stands = "거부" if state.rejected else "완료" if not left else "전송"
        local, korean = order.placed_at.astimezone(EASTERN), order.placed_at.astimezone(KST)
        clock = self._engine.switches.us_order_clock
        original = order.original
        return {
            **self._common(order, state, left),
            "orgn_odno": "0" if original is None else self._number(original.number),
            "rvse_cncl_dvsn": REVISIONS[order.what][0],
            "rvse_cncl_dvsn_name": REVISIONS[order.what][1],
            "tr_natn": "840",
            "tr_natn_name": "미국",
            "prcs_stat_name": stands,
            "ord_tmd": f"{korean if clock == 'korean' else local:%H%M%S}",
            "dmst_ord_dt": compact(korean.date()),
            "thco_ord_tmd": f"{local if clock == 'eastern' else korean:%H%M%S}",
            "mdia_dvsn_name": "MTS" if order.draft.by_hand else "OpenAPI",
        }

    def _common(self, order: Order, state: State, left: int) -> Row:
        average = state.amount / state.filled if state.filled else Decimal(0)
        return {
            "ord_dt": compact(order.day),
            "ord_gno_brno": order.branch,
            "odno": self._number(order.number),
            "pdno": order.symbol,
            "prdt_name": order.draft.listing.name,
            "sll_buy_dvsn_cd": order.draft.side,
            "sll_buy_dvsn_cd_name": SIDE_NAMES[order.draft.side],
            "rjct_rson": "9999" if state.rejected else "",
            "rjct_rson_name": order.reason if state.rejected else "",
            "ord_tmd": f"{order.placed_at.astimezone(KST):%H%M%S}",
            "tr_mket_name": MARKET_NAMES[order.draft.venue],
            "tr_crcy_cd": "USD",
            "ft_ord_qty": str(order.quantity),
            "ft_ccld_qty": str(state.filled),
            "nccs_qty": str(left),
            "ft_ord_unpr3": f"{order.draft.price:.8f}",
            "ft_ccld_unpr3": f"{average:.8f}",
            "ft_ccld_amt3": f"{state.amount:.5f}",
            "ovrs_excg_cd": order.draft.venue,
            "loan_type_cd": "00",
            "loan_dt": "",
            "usa_amk_exts_rqst_yn": "N",
            "splt_buy_attr_name": "",
        }

    def _number(self, number: int) -> str:
        match self._engine.switches.overseas_numbers:
            case "padded":
                return padded_number(number)
            case "spaced":
                return f"{number:10d}"
            case _:
                return str(number)


def _key(order: Order) -> str:
    return f"{compact(order.day)}{order.branch}{padded_number(order.number)}"
