"""Korean orders: placing, amending, cancelling, and the lists of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.simulators.kis.calls import (
    Answer,
    Route,
    compact,
    original_number,
    padded_number,
    plain,
)
from tests.simulators.kis.divisions import DOMESTIC_DIVISIONS, division_of
from tests.simulators.kis.hours import Country, stamp
from tests.simulators.kis.orders import BUY, SELL, SIDE_NAMES, Draft, What
from tests.simulators.kis.paging import Pager
from tests.simulators.kis.refusals import OrderRefused, Reason, field_wrong, not_in_paper
from tests.simulators.kis.services import Profile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.simulators.kis.calls import Call
    from tests.simulators.kis.engine import Engine
    from tests.simulators.kis.orders import Order, State
    from tests.simulators.kis.paging import Row
    from tests.simulators.kis.switches import Switches

KOREA = Country.KOREA
WHO = ("CANO", "ACNT_PRDT_CD")
CONTEXT = ("CTX_AREA_FK100", "CTX_AREA_NK100")
VENUE_CODES = {"KRX": "02", "NXT": "03", "SOR": "04"}
QUARTER = timedelta(days=92)
SIDES = {"00": (SELL, BUY), "01": (SELL,), "02": (BUY,)}
MARKS = {What.AMEND: "정정*", What.CANCEL: "취소*"}


class DomesticOrders:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._paper = engine.profile is Profile.PAPER
        self._shown: dict[int, tuple[State, tuple[str, str], Row]] = {}
        """By order: how a daily list showed it last; the same row is shown again and again."""

    def table(self) -> dict[str, Route]:
        order = Route(self.order, (*WHO, "PDNO", "ORD_DVSN", "ORD_QTY", "ORD_UNPR"))
        daily = (
            *WHO,
            *("INQR_STRT_DT", "INQR_END_DT", "SLL_BUY_DVSN_CD", "PDNO", "ORD_GNO_BRNO", "ODNO"),
            *("CCLD_DVSN", "INQR_DVSN", "INQR_DVSN_1", "INQR_DVSN_3", *CONTEXT),
        )
        return {
            "domestic.buy": order,
            "domestic.sell": order,
            "domestic.revise": Route(
                self.revise,
                (
                    *WHO,
                    *("KRX_FWDG_ORD_ORGNO", "ORGN_ODNO", "ORD_DVSN", "RVSE_CNCL_DVSN_CD"),
                    *("ORD_QTY", "ORD_UNPR", "QTY_ALL_ORD_YN"),
                ),
            ),
            "domestic.cancellable": Route(
                self.cancellable, (*WHO, *CONTEXT, "INQR_DVSN_1", "INQR_DVSN_2")
            ),
            "domestic.daily": Route(self.daily, (*daily, "EXCG_ID_DVSN_CD")),
            "domestic.history": Route(self.history, (*daily, "EXCG_ID_DVSN_CD")),
            "domestic.retired": Route(self.retired, daily),
        }

    # Orders

    def order(self, call: Call) -> Answer:
        side = BUY if call.service.name == "domestic.buy" else SELL
        listing = self._engine.market.listings.get(call.text("PDNO"))
        if listing is None or listing.country is not KOREA:
            raise OrderRefused(Reason.NO_SYMBOL)
        venue = self._venue(call)
        division = division_of(
            KOREA, call.text("ORD_DVSN"), self._engine.hours[KOREA].day_at(call.now)
        )
        if division is None:
            raise OrderRefused(Reason.DIVISION)
        draft = Draft(
            account=call.account,
            listing=listing,
            side=side,
            division=division,
            quantity=call.units("ORD_QTY"),
            price=_price(call, priced=division.is_priced),
            venue=venue,
            stop=call.money("CNDT_PRIC") if division.code == "22" else None,
        )
        order = self._engine.place(draft, rejected_after=call.rejected_after)
        code = ("40600000" if side == BUY else "40590000") if self._paper else "APBK0013"
        return sent(order, code)

    def _venue(self, call: Call) -> str:
        venue = call.params.get("EXCG_ID_DVSN_CD", "").strip() or "KRX"
        if venue not in VENUE_CODES:
            raise field_wrong("EXCG_ID_DVSN_CD")
        if self._paper and venue != "KRX":
            raise not_in_paper()
        return venue

    def revise(self, call: Call) -> Answer:
        amends = call.choice("RVSE_CNCL_DVSN_CD", "01", "02") == "01"
        everything = call.choice("QTY_ALL_ORD_YN", "Y", "N") == "Y"
        original = self._original(call)
        quantity = original.remaining if everything else call.units("ORD_QTY")
        if not amends:
            child = self._engine.cancel(original, quantity)
            return sent(child, "40630000" if self._paper else "APBK0013")
        code = call.text("ORD_DVSN") or original.draft.division.code
        if code not in DOMESTIC_DIVISIONS:
            raise OrderRefused(Reason.DIVISION)
        division = DOMESTIC_DIVISIONS[code]
        price = _price(call, priced=division.is_priced)
        draft = replace(original.draft, quantity=quantity, price=price, division=division)
        child = self._engine.amend(original, draft)
        return sent(child, "40620000" if self._paper else "APBK0013")

    def _original(self, call: Call) -> Order:
        day = self._engine.hours[KOREA].day_at(call.now)
        original = self._engine.find(call.account, KOREA, day, call.number("ORGN_ODNO"))
        if original is None or original.draft.by_hand:
            raise OrderRefused(Reason.NO_ORIGINAL)
        branch = call.text("KRX_FWDG_ORD_ORGNO")
        if branch != original.branch and not (self._paper and not branch):
            raise OrderRefused(Reason.NO_ORIGINAL)
        if self._venue(call) != original.draft.venue:
            raise OrderRefused(Reason.NO_ORIGINAL)
        return original

    # Lists

    def cancellable(self, call: Call) -> Answer:
        sides = SIDES[f"0{call.choice('INQR_DVSN_2', '0', '1', '2')}"]
        call.choice("INQR_DVSN_1", "0", "1")
        day = self._engine.hours[KOREA].day_at(call.now)
        found = []
        for order in self._newest_first(call.account):
            state = order.seen_at(call.now)
            if state is None or order.day != day or order.draft.side not in sides:
                continue
            left = 0 if order.what is What.CANCEL else order.quantity - state.gone
            if left > 0:
                found.append((_key(order), self._cancellable_row(order, state, left)))
        return self._paged(call, found, Pager(50, separator="^"), "output", "KIOK0460")

    def daily(self, call: Call) -> Answer:
        first, last = call.day("INQR_STRT_DT"), call.day("INQR_END_DT")
        if first < call.now.date() - QUARTER:
            raise field_wrong("INQR_STRT_DT")
        found = self._daily_rows(call, lambda order: first <= order.day <= last)
        hidden = self._paper and self._engine.switches.lines_hidden
        return self._daily_answer(call, [] if hidden else found, found)

    def history(self, call: Call) -> Answer:
        """Answer from the copy of the ledger, which does not have today yet."""
        first, last = call.day("INQR_STRT_DT"), call.day("INQR_END_DT")
        today = self._engine.hours[KOREA].day_at(call.now)
        found = self._daily_rows(
            call, lambda order: first <= order.day <= last and order.day < today
        )
        return self._daily_answer(call, found, found)

    def retired(self, call: Call) -> Answer:
        """Answer as the old id does in paper: totals without rows."""
        first, last = call.day("INQR_STRT_DT"), call.day("INQR_END_DT")
        found = self._daily_rows(call, lambda order: first <= order.day <= last)
        return self._daily_answer(call, [] if self._paper else found, found)

    def _daily_rows(self, call: Call, wanted: Callable[[Order], bool]) -> list[tuple[str, Row]]:
        sides = SIDES[call.choice("SLL_BUY_DVSN_CD", "00", "01", "02")]
        filled = call.choice("CCLD_DVSN", "00", "01", "02")
        number = call.text("ODNO")
        symbol = call.text("PDNO")
        venue = call.params.get("EXCG_ID_DVSN_CD", "").strip()
        if venue not in {"", "ALL", *VENUE_CODES} or (self._paper and venue not in {"", "KRX"}):
            raise field_wrong("EXCG_ID_DVSN_CD")
        found = []
        for order in self._newest_first(call.account):
            state = order.seen_at(call.now)
            if state is None or not wanted(order) or order.draft.side not in sides:
                continue
            if symbol not in {"", order.symbol} or venue not in {"", "ALL", order.draft.venue}:
                continue
            if number and int(number) != order.number:
                continue
            row = self._daily_row(order, state)
            hidden = {"01": row["tot_ccld_qty"], "02": row["rmn_qty"]}.get(filled)
            if hidden != "0":
                found.append((_key(order), row))
        return found if call.choice("INQR_DVSN", "00", "01") == "00" else found[::-1]

    def _daily_answer(
        self, call: Call, shown: list[tuple[str, Row]], counted: list[tuple[str, Row]]
    ) -> Answer:
        units = sum(int(row["tot_ccld_qty"]) for _, row in counted)
        amount = sum((Decimal(row["tot_ccld_amt"]) for _, row in counted), Decimal(0))
        keys = {key for key, _ in counted}
        charges = sum(
            (
                order.charges
                for order in self._engine.orders[call.account]
                if order.executions and order.draft.listing.country is KOREA and _key(order) in keys
            ),
            Decimal(0),
        )
        totals = {
            "tot_ord_qty": str(sum(int(row["ord_qty"]) for _, row in counted)),
            "tot_ccld_qty": str(units),
            "tot_ccld_amt": plain(amount),
            "prsm_tlex_smtl": plain(charges),
            "pchs_avg_pric": f"{amount / units:.4f}" if units else "0.0000",
        }
        size = 15 if self._paper else 100
        return self._paged(call, shown, Pager(size), "output1", "KIOK0510", totals)

    def _paged(
        self,
        call: Call,
        rows: list[tuple[str, Row]],
        pager: Pager,
        name: str,
        code: str,
        totals: Row | None = None,
    ) -> Answer:
        version = sum(len(order.states) for order in self._engine.orders[call.account])
        page = pager.page(call, rows, self._engine.switches, version)
        parts: dict[str, object] = {**page.context, name: page.rows}
        if totals is not None:
            parts["output2"] = totals
        if not page.rows:
            return empty(parts, paper=self._paper)
        more = not page.is_last
        return Answer(
            parts, "KIOK0500" if more else code, "조회 계속" if more else "조회 완료", page.tr_cont
        )

    def _newest_first(self, account: str) -> Iterator[Order]:
        for order in reversed(self._engine.orders[account]):
            if order.draft.listing.country is KOREA:
                yield order

    def _cancellable_row(self, order: Order, state: State, left: int) -> Row:
        return {
            **_common(order),
            "orgn_odno": original_number(order.original, ""),
            "rvse_cncl_dvsn_name": MARKS.get(order.what, ""),
            "tot_ccld_qty": str(state.filled),
            "tot_ccld_amt": plain(state.amount),
            "psbl_qty": str(left),
            "mgco_aptm_odno": "",
            "excg_id_dvsn_cd": order.draft.venue,
            "excg_id_dvsn_name": order.draft.venue,
            "stpm_cndt_pric": plain(order.draft.stop or Decimal(0)),
            "stpm_efct_occr_yn": "Y" if order.draft.stop and order.triggered else "N",
        }

    def _daily_row(self, order: Order, state: State) -> Row:
        switches = self._engine.switches
        spelt = switches.expired_rows, switches.cancel_marks
        known = self._shown.get(order.serial)
        if known is None or known[0] is not state or known[1] != spelt:
            known = state, spelt, self._spell(order, state, switches)
            self._shown[order.serial] = known
        return known[2]

    def _spell(self, order: Order, state: State, switches: Switches) -> Row:
        cancels = order.what is What.CANCEL
        dead = switches.expired_rows == "cancelled"
        left = 0 if cancels else order.quantity - state.gone + (0 if dead else state.expired)
        gone = state.cancelled + (state.expired if dead else 0)
        hides = {"child": not cancels, "original": cancels}.get(switches.cancel_marks, False)
        marked = cancels if switches.cancel_marks != "original" else not cancels and gone > 0
        name = SIDE_NAMES[order.draft.side]
        if order.what is not What.NEW:
            name = name.removeprefix("현금") + MARKS[order.what]
        return {
            "ord_dt": compact(order.day),
            **_common(order),
            "orgn_odno": original_number(order.original),
            "sll_buy_dvsn_cd_name": name,
            "tot_ccld_qty": str(state.filled),
            "avg_prvs": plain(_average(state)),
            "cncl_yn": "Y" if marked else "N",
            "tot_ccld_amt": plain(state.amount),
            "loan_dt": "",
            "ordr_empno": "APP001" if order.draft.by_hand else "OpnAPI",
            "cncl_cfrm_qty": "0" if hides and not state.expired else str(gone),
            "rmn_qty": str(left),
            "rjct_qty": str(state.rejected),
            "ccld_cndt_name": "IOC" if order.draft.division.now else "",
            "inqr_ip_addr": "",
            "cpbc_ordp_ord_rcit_dvsn_cd": "",
            "cpbc_ordp_infm_mthd_dvsn_cd": "",
            "infm_tmd": stamp(state.at) if state.filled else "",
            "ctac_tlno": "",
            "prdt_type_cd": "300",
            "cpbc_ordp_mtrl_dvsn_cd": "",
            "ord_orgno": order.branch,
            "rsvn_ord_end_dt": "",
            "excg_id_dvsn_Cd": order.draft.venue,
            "stpm_cndt_pric": plain(order.draft.stop or Decimal(0)),
            "stpm_efct_occr_dtmd": "",
        }


def _common(order: Order) -> Row:
    return {
        "ord_gno_brno": order.branch,
        "odno": padded_number(order.number),
        "ord_dvsn_name": order.draft.division.name,
        "sll_buy_dvsn_cd": order.draft.side,
        "pdno": order.symbol,
        "prdt_name": order.draft.listing.name,
        "ord_qty": str(order.quantity),
        "ord_unpr": plain(order.draft.price),
        "ord_tmd": stamp(order.placed_at),
        "ord_dvsn_cd": order.draft.division.code,
        "excg_dvsn_cd": VENUE_CODES[order.draft.venue],
    }


def _average(state: State) -> Decimal:
    if not state.filled:
        return Decimal(0)
    return (state.amount / state.filled).quantize(Decimal("0.0001"))


def _key(order: Order) -> str:
    return f"{compact(order.day)}{order.branch}{padded_number(order.number)}"


def _price(call: Call, *, priced: bool) -> Decimal:
    """Return the limit; a type without one has to say 0."""
    price = call.money("ORD_UNPR")
    if not priced and price:
        raise OrderRefused(Reason.PRICE_MISSING)
    if price != price.to_integral_value():
        raise OrderRefused(Reason.TICK)
    return price


def sent(order: Order, code: str) -> Answer:
    """Answer that an order is on its way, with its number."""
    output = {
        "KRX_FWDG_ORD_ORGNO": order.branch,
        "ODNO": padded_number(order.number),
        "ORD_TMD": stamp(order.placed_at),
    }
    return Answer({"output": output}, code, "주문 전송 완료 되었습니다.")


def empty(parts: dict[str, object], *, paper: bool) -> Answer:
    if paper:
        return Answer(parts, "70070000", "모의투자 조회할 내역(자료)이 없습니다.")
    return Answer(parts, "KIOK0560", "조회할 내용이 없습니다")
