"""What KIS says that nobody has described: it is survived, and told once.

The lists are those of the documents, as the reference restates them. Of prices and order books
they are not complete, so those are not looked at.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from adapters.kis.operations import Operation

if TYPE_CHECKING:
    from adapters.fields import Fields

MOST_TOLD = 1_000
_CONTEXT = ("fk100", "nk100", "fk200", "nk200", "fk", "nk")
ENVELOPE = frozenset({"rt_cd", "msg_cd", "msg1", "message"}) | {
    *(f"output{number}" for number in ("", 1, 2, 3)),
    *(f"ctx_area_{which}" for which in _CONTEXT),
}
_PLACED = "krx_fwdg_ord_orgno odno ord_tmd"
_US_ORDER = (
    "ord_dt ord_gno_brno odno orgn_odno pdno prdt_name sll_buy_dvsn_cd sll_buy_dvsn_cd_name"
    " rjct_rson rjct_rson_name ord_tmd tr_mket_name tr_crcy_cd ft_ord_qty ft_ccld_qty nccs_qty"
    " ft_ord_unpr3 ft_ccld_unpr3 ft_ccld_amt3 ovrs_excg_cd prcs_stat_name loan_type_cd loan_dt"
    " usa_amk_exts_rqst_yn splt_buy_attr_name"
)
_WORDS = {
    Operation.KR_BUY: _PLACED,
    Operation.KR_SELL: _PLACED,
    Operation.KR_CHANGE: _PLACED,
    Operation.US_BUY: _PLACED,
    Operation.US_SELL: _PLACED,
    Operation.US_CHANGE: _PLACED,
    Operation.KR_CANCELLABLE: "ord_gno_brno odno orgn_odno ord_dvsn_name pdno prdt_name"
    " rvse_cncl_dvsn_name ord_qty ord_unpr ord_tmd tot_ccld_qty tot_ccld_amt psbl_qty"
    " sll_buy_dvsn_cd ord_dvsn_cd mgco_aptm_odno excg_dvsn_cd excg_id_dvsn_cd excg_id_dvsn_name"
    " stpm_cndt_pric stpm_efct_occr_yn",
    Operation.KR_ORDERS: "ord_dt ord_gno_brno odno orgn_odno ord_dvsn_name sll_buy_dvsn_cd"
    " sll_buy_dvsn_cd_name pdno prdt_name ord_qty ord_unpr ord_tmd tot_ccld_qty avg_prvs cncl_yn"
    " tot_ccld_amt loan_dt ordr_empno ord_dvsn_cd cncl_cfrm_qty cnc_cfrm_qty rmn_qty rjct_qty"
    " ccld_cndt_name inqr_ip_addr cpbc_ordp_ord_rcit_dvsn_cd cpbc_ordp_infm_mthd_dvsn_cd infm_tmd"
    " ctac_tlno prdt_type_cd excg_dvsn_cd cpbc_ordp_mtrl_dvsn_cd ord_orgno rsvn_ord_end_dt"
    " excg_id_dvsn_cd stpm_cndt_pric stpm_efct_occr_dtmd",
    Operation.KR_BALANCE: "pdno prdt_name trad_dvsn_name bfdy_buy_qty bfdy_sll_qty thdt_buyqty"
    " thdt_sll_qty hldg_qty ord_psbl_qty pchs_avg_pric pchs_amt prpr evlu_amt evlu_pfls_amt"
    " evlu_pfls_rt evlu_erng_rt loan_dt loan_amt stln_slng_chgs expd_dt fltt_rt bfdy_cprs_icdc"
    " item_mgna_rt_name grta_rt_name sbst_pric stck_loan_unpr",
    Operation.KR_BUYABLE: "ord_psbl_cash ord_psbl_sbst ruse_psbl_amt fund_rpch_chgs"
    " psbl_qty_calc_unpr nrcvb_buy_amt nrcvb_buy_qty max_buy_amt max_buy_qty cma_evlu_amt"
    " ovrs_re_use_amt_wcrc ord_psbl_frcr_amt_wcrc",
    Operation.KR_SELLABLE: "pdno prdt_name buy_qty sll_qty cblc_qty nsvg_qty ord_psbl_qty"
    " pchs_avg_pric pchs_amt now_pric evlu_amt evlu_pfls_amt evlu_pfls_rt",
    Operation.KR_HOLIDAYS: "bass_dt wday_dvsn_cd bzdy_yn tr_day_yn opnd_yn sttl_day_yn",
    Operation.US_OPEN: _US_ORDER + " rvse_cncl_dvsn_cd natn_cd natn_kor_name",
    Operation.US_ORDERS: _US_ORDER + " rvse_cncl_dvsn rvse_cncl_dvsn_name tr_natn tr_natn_name"
    " dmst_ord_dt thco_ord_tmd mdia_dvsn_name",
    Operation.US_BALANCE: "cano acnt_prdt_cd prdt_type_cd ovrs_pdno ovrs_item_name"
    " frcr_evlu_pfls_amt evlu_pfls_rt pchs_avg_pric ovrs_cblc_qty ord_psbl_qty frcr_pchs_amt1"
    " ovrs_stck_evlu_amt now_pric2 tr_crcy_cd ovrs_excg_cd loan_type_cd loan_dt expd_dt",
    Operation.US_BUYABLE: "tr_crcy_cd ord_psbl_frcr_amt sll_ruse_psbl_amt ovrs_ord_psbl_amt"
    " max_ord_psbl_qty echm_af_ord_psbl_amt echm_af_ord_psbl_qty ord_psbl_qty exrt"
    " frcr_ord_psbl_amt1 ovrs_max_ord_psbl_qty",
    Operation.US_MARGIN: "natn_name crcy_cd frcr_dncl_amt1 ustl_buy_amt ustl_sll_amt frcr_rcvb_amt"
    " frcr_mgn_amt frcr_gnrl_ord_psbl_amt frcr_ord_psbl_amt1 itgr_ord_psbl_amt bass_exrt",
}
FIELDS = {operation: frozenset(words.split()) for operation, words in _WORDS.items()}
"""Names of the fields of a line, in small letters."""

log = logging.getLogger(__name__)


class Oddities:
    """Remembers what was told already, for one app key."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def tell(self, what: str, said: str = "") -> None:
        """Log something strange, and what was said with it the first time."""
        if what not in self._told and len(self._told) < MOST_TOLD:
            self._told.add(what)
            log.warning("KIS: %s%s", what, f" ({said})" if said else "")

    def look_at(self, operation: Operation, body: Fields) -> None:
        """Tell of fields in a good answer that nobody has described."""
        known = FIELDS.get(operation)
        if known is None:
            return
        names = {name.lower() for name in body} - ENVELOPE
        output = body.get("output1", body.get("output"))
        line = output[0] if isinstance(output, list) and output else output
        if isinstance(line, dict):
            names |= {str(name).lower() for name in line} - known
        for name in sorted(names):
            self.tell(f"an unfamiliar field, {name}, in answers to {operation.name}")
