"""Lines and bodies as KIS sends them, to be changed a little by a test."""

from __future__ import annotations

from typing import Any

Line = dict[str, Any]


def spelt(*values: object) -> str:
    """Spell what was read, to be compared as a whole."""
    return " ".join(str(value) for value in values)


def kr_line(number: str = "0000218840", **changes: str) -> Line:
    """A line of the Korean daily list: 3 of KODEX 200 at 41,250, 2 traded for 82,490."""
    return {
        "ord_dt": "20261120",
        "ord_gno_brno": "91264",
        "odno": number,
        "orgn_odno": "0000000000",
        "ord_dvsn_name": "지정가",
        "sll_buy_dvsn_cd": "02",
        "sll_buy_dvsn_cd_name": "현금매수",
        "pdno": "069500",
        "prdt_name": "KODEX 200",
        "ord_qty": "3",
        "ord_unpr": "41250",
        "ord_tmd": "101500",
        "tot_ccld_qty": "2",
        "avg_prvs": "41245",
        "cncl_yn": "N",
        "tot_ccld_amt": "82490",
        "ord_dvsn_cd": "00",
        "cncl_cfrm_qty": "0",
        "rmn_qty": "1",
        "rjct_qty": "0",
        "ccld_cndt_name": "",
        "excg_dvsn_cd": "02",
        "excg_id_dvsn_Cd": "KRX",
        **changes,
    }


def resting(number: str = "0000218840", **changes: str) -> Line:
    """The same order before anything of it traded."""
    untouched = {"tot_ccld_qty": "0", "tot_ccld_amt": "0", "avg_prvs": "0", "rmn_qty": "3"}
    return kr_line(number, **{**untouched, **changes})


def us_line(number: str = "31207", **changes: str) -> Line:
    """A line of the US list: 5 SOXL at 27.45, all traded for 137.20."""
    return {
        "ord_dt": "20261120",
        "ord_gno_brno": "00950",
        "odno": number,
        "orgn_odno": "0",
        "sll_buy_dvsn_cd": "02",
        "sll_buy_dvsn_cd_name": "매수",
        "rvse_cncl_dvsn": "00",
        "rvse_cncl_dvsn_name": "",
        "pdno": "SOXL",
        "prdt_name": "DIREXION 3X",
        "ft_ord_qty": "5",
        "ft_ord_unpr3": "27.45000000",
        "ft_ccld_qty": "5",
        "ft_ccld_unpr3": "27.44000000",
        "ft_ccld_amt3": "137.20000",
        "nccs_qty": "0",
        "prcs_stat_name": "완료",
        "rjct_rson": "",
        "ord_tmd": "234107",
        "tr_mket_name": "아멕스",
        "tr_crcy_cd": "USD",
        "tr_natn": "840",
        "ovrs_excg_cd": "AMEX",
        "dmst_ord_dt": "20261120",
        "thco_ord_tmd": "234107",
        "mdia_dvsn_name": "OpenAPI",
        **changes,
    }


KR_BALANCE: Line = {
    "output1": [
        {"pdno": "069500", "hldg_qty": "2", "ord_psbl_qty": "2", "loan_dt": ""},
        {"pdno": "005930", "hldg_qty": "0", "ord_psbl_qty": "0", "loan_dt": ""},
        {"pdno": "069500", "hldg_qty": "1", "ord_psbl_qty": "1", "loan_dt": "20260101"},
    ],
    "output2": [{"dnca_tot_amt": "1000000", "prvs_rcdl_excc_amt": "917498"}],
}
KR_PRICE: Line = {"output": {"stck_prpr": "41260", "rprs_mrkt_kor_name": "ETF", "aspr_unit": "5"}}
KR_BOOK: Line = {
    "output1": {"askp1": "41265", "bidp1": "41260", "askp10": "0"},
    "output2": {"stck_prpr": "41260", "stck_sdpr": "41400"},
}
US_PRICE: Line = {"output": {"rsym": "DAMSSOXL", "last": "27.4500", "base": "27.1100"}}
US_BALANCE: Line = {
    "output1": [
        {"ovrs_pdno": "SOXL", "ovrs_cblc_qty": "5", "ovrs_excg_cd": "AMEX", "loan_dt": ""},
        {"ovrs_pdno": "", "ovrs_cblc_qty": ""},
    ],
    "output2": {"frcr_pchs_amt1": "137.20000"},
}
US_MARGIN: Line = {
    "output": [
        {
            "natn_name": "미국",
            "crcy_cd": "USD",
            "frcr_dncl_amt1": "1000.00",
            "ustl_buy_amt": "137.20",
            "ustl_sll_amt": "0.00",
        },
        {"natn_name": "", "crcy_cd": ""},
    ]
}
