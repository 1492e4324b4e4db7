"""A client as plain as can be, written from the broker's reference: it sends, and shows replies.

It knows nothing of the simulator's code but where it listens and which keys it has printed.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

import aiohttp
import orjson

from adapters.clock import LoopClock
from tests.simulators.kis import DEFAULT_ACCOUNTS, KisSimulator, Profile
from tests.simulators.kis.listings import LISTINGS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from tests.simulators.kis import AccountSeed, Urls
    from tests.simulators.kis.listings import Listing

KST = ZoneInfo("Asia/Seoul")
FRIDAY_MORNING = datetime(2026, 11, 20, 10, 15, tzinfo=KST)
FRIDAY_NIGHT = datetime(2026, 11, 20, 23, 40, tzinfo=KST)
DOMESTIC = "/uapi/domestic-stock/v1"
OVERSEAS = "/uapi/overseas-stock/v1"
REAL_IDS = {
    "buy": "TTTC0012U",
    "sell": "TTTC0011U",
    "revise": "TTTC0013U",
    "cancellable": "TTTC0084R",
    "daily": "TTTC0081R",
    "history": "CTSC9215R",
    "balance": "TTTC8434R",
    "buyable": "TTTC8908R",
    "sellable": "TTTC8408R",
    "price": "FHKST01010100",
    "book": "FHKST01010200",
    "holidays": "CTCA0903R",
    "us_buy": "TTTT1002U",
    "us_sell": "TTTT1006U",
    "us_revise": "TTTT1004U",
    "us_open": "TTTS3018R",
    "us_fills": "TTTS3035R",
    "us_balance": "TTTS3012R",
    "us_present": "CTRP6504R",
    "us_buyable": "TTTS3007R",
    "us_margin": "TTTC2101R",
    "us_price": "HHDFS00000300",
    "us_days": "HHDFS76240000",
    "us_detail": "HHDFS76200200",
    "us_book": "HHDFS76200100",
}
PAPER_IDS = {
    **REAL_IDS,
    "buy": "VTTC0012U",
    "sell": "VTTC0011U",
    "revise": "VTTC0013U",
    "cancellable": "VTTC0084R",
    "daily": "VTTC0081R",
    "history": "VTSC9215R",
    "balance": "VTTC8434R",
    "buyable": "VTTC8908R",
    "sellable": "VTTC8408R",
    "us_buy": "VTTT1002U",
    "us_sell": "VTTT1001U",
    "us_revise": "VTTT1004U",
    "us_open": "VTTS3018R",
    "us_fills": "VTTS3035R",
    "us_balance": "VTTS3012R",
    "us_present": "VTRP6504R",
    "us_buyable": "VTTS3007R",
    "us_margin": "VTTC2101R",
}
PATHS = {
    "buy": "trading/order-cash",
    "sell": "trading/order-cash",
    "revise": "trading/order-rvsecncl",
    "cancellable": "trading/inquire-psbl-rvsecncl",
    "daily": "trading/inquire-daily-ccld",
    "history": "trading/inquire-daily-ccld",
    "balance": "trading/inquire-balance",
    "buyable": "trading/inquire-psbl-order",
    "sellable": "trading/inquire-psbl-sell",
    "price": "quotations/inquire-price",
    "book": "quotations/inquire-asking-price-exp-ccn",
    "holidays": "quotations/chk-holiday",
}
PATHS = {name: f"{DOMESTIC}/{path}" for name, path in PATHS.items()} | {
    "us_buy": f"{OVERSEAS}/trading/order",
    "us_sell": f"{OVERSEAS}/trading/order",
    "us_revise": f"{OVERSEAS}/trading/order-rvsecncl",
    "us_open": f"{OVERSEAS}/trading/inquire-nccs",
    "us_fills": f"{OVERSEAS}/trading/inquire-ccnl",
    "us_balance": f"{OVERSEAS}/trading/inquire-balance",
    "us_present": f"{OVERSEAS}/trading/inquire-present-balance",
    "us_buyable": f"{OVERSEAS}/trading/inquire-psamount",
    "us_margin": f"{OVERSEAS}/trading/foreign-margin",
    "us_price": "/uapi/overseas-price/v1/quotations/price",
    "us_days": "/uapi/overseas-price/v1/quotations/dailyprice",
    "us_detail": "/uapi/overseas-price/v1/quotations/price-detail",
    "us_book": "/uapi/overseas-price/v1/quotations/inquire-asking-price",
}
CONTEXT = {"CTX_AREA_FK100": "", "CTX_AREA_NK100": ""}
DAILY = {
    "INQR_STRT_DT": "20261120",
    "INQR_END_DT": "20261120",
    "SLL_BUY_DVSN_CD": "00",
    "PDNO": "",
    "ORD_GNO_BRNO": "",
    "ODNO": "",
    "CCLD_DVSN": "00",
    "INQR_DVSN": "00",
    "INQR_DVSN_1": "",
    "INQR_DVSN_3": "00",
    "EXCG_ID_DVSN_CD": "KRX",
    **CONTEXT,
}
BALANCE = {
    "AFHR_FLPR_YN": "N",
    "OFL_YN": "",
    "INQR_DVSN": "02",
    "UNPR_DVSN": "01",
    "FUND_STTL_ICLD_YN": "N",
    "FNCG_AMT_AUTO_RDPT_YN": "N",
    "PRCS_DVSN": "00",
    **CONTEXT,
}
CONTEXT_200 = {"CTX_AREA_FK200": "", "CTX_AREA_NK200": ""}
US_FILLS = {
    "PDNO": "",
    "ORD_STRT_DT": "20261120",
    "ORD_END_DT": "20261120",
    "SLL_BUY_DVSN": "00",
    "CCLD_NCCS_DVSN": "00",
    "OVRS_EXCG_CD": "",
    "SORT_SQN": "DS",
    "ORD_DT": "",
    "ORD_GNO_BRNO": "",
    "ODNO": "",
    **CONTEXT_200,
}
CANCELLABLE = {**CONTEXT, "INQR_DVSN_1": "0", "INQR_DVSN_2": "0"}


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def code(self) -> str:
        return str(self.body.get("msg_cd", self.body.get("error_code", "")))

    @property
    def ok(self) -> bool:
        return bool(self.status == 200 and self.body.get("rt_cd") == "0")


@dataclass(slots=True)
class Client:
    """One account at one host. ``pause_s`` keeps its calls within the rate limit."""

    simulator: KisSimulator
    urls: Urls
    session: aiohttp.ClientSession
    clock: LoopClock
    number: str
    app_key: str
    app_secret: str
    ids: Mapping[str, str]
    pause_s: float
    authorization: str = ""
    extra: dict[str, str] = field(default_factory=dict)

    async def log_in(self) -> Self:
        issued = await self.token()
        self.authorization = f"Bearer {issued.body['access_token']}"
        return self

    async def token(self, **changed: object) -> Reply:
        body = {
            "grant_type": "client_credentials",
            "appkey": self.app_key,
            "appsecret": self.app_secret,
            **changed,
        }
        return await self.raw("POST", "/oauth2/tokenP", body=body)

    async def approval(self, **changed: object) -> Reply:
        body = {
            "grant_type": "client_credentials",
            "appkey": self.app_key,
            "secretkey": self.app_secret,
            **changed,
        }
        return await self.raw("POST", "/oauth2/Approval", body=body)

    def headers(self, tr_id: str) -> dict[str, str]:
        return {
            "content-type": "application/json; charset=utf-8",
            "authorization": self.authorization,
            "appkey": self.app_key,
            "appsecret": self.app_secret,
            "tr_id": tr_id,
            "custtype": "P",
            **self.extra,
        }

    def who(self) -> dict[str, str]:
        return {"CANO": self.number[:8], "ACNT_PRDT_CD": self.number[8:]}

    async def get(self, name: str, params: Mapping[str, str], tr_cont: str = "") -> Reply:
        await self.clock.sleep(self.pause_s)
        headers = {**self.headers(self.ids[name]), "tr_cont": tr_cont}
        return await self.raw("GET", PATHS[name], headers=headers, params=params)

    async def post(self, name: str, body: Mapping[str, str]) -> Reply:
        await self.clock.sleep(self.pause_s)
        headers = self.headers(self.ids[name])
        return await self.raw("POST", PATHS[name], headers=headers, body=body)

    async def raw(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Reply:
        async with self.session.request(
            method,
            self.urls.rest + path,
            headers=headers,
            params=params,
            data=None if body is None else orjson.dumps(body),
        ) as answer:
            text = await answer.read()
            json = answer.content_type == "application/json"
            return Reply(answer.status, answer.headers, orjson.loads(text) if json else text)

    # The daily business of an account

    async def order(self, side: str = "buy", **changed: str) -> Reply:
        body = {
            **self.who(),
            "PDNO": "069500",
            "ORD_DVSN": "00",
            "ORD_QTY": "3",
            "ORD_UNPR": "41250",
            "EXCG_ID_DVSN_CD": "KRX",
            "SLL_TYPE": "" if side == "buy" else "01",
            "CNDT_PRIC": "",
        }
        return await self.post(side, {**body, **changed})

    async def bought(self, **changed: str) -> str:
        """Place an order that must be taken; return its number."""
        reply = await self.order(**changed)
        assert reply.ok, reply
        number = reply.body["output"]["ODNO"]
        assert isinstance(number, str)
        return number

    async def revise(self, number: str, what: str, **changed: str) -> Reply:
        real = self.ids is REAL_IDS
        body = {
            **self.who(),
            "KRX_FWDG_ORD_ORGNO": "91264" if real else "00950",
            "ORGN_ODNO": number,
            "ORD_DVSN": "00",
            "RVSE_CNCL_DVSN_CD": what,
            "ORD_QTY": "0",
            "ORD_UNPR": "0",
            "QTY_ALL_ORD_YN": "Y",
            "EXCG_ID_DVSN_CD": "KRX",
        }
        return await self.post("revise", {**body, **changed})

    async def cancel(self, number: str, **changed: str) -> Reply:
        return await self.revise(number, "02", **changed)

    async def amend(self, number: str, price: str, **changed: str) -> Reply:
        return await self.revise(number, "01", ORD_UNPR=price, **changed)

    async def daily(self, tr_cont: str = "", **changed: str) -> Reply:
        return await self.get("daily", {**self.who(), **DAILY, **changed}, tr_cont)

    async def row(self, number: str) -> Any:  # noqa: ANN401 - a document
        """Return the row of an order in the daily list."""
        rows = (await self.daily(ODNO=number)).body["output1"]
        assert len(rows) == 1, rows
        return rows[0]

    async def balance(self, tr_cont: str = "", **changed: str) -> Reply:
        return await self.get("balance", {**self.who(), **BALANCE, **changed}, tr_cont)

    async def cancellable(self, **changed: str) -> Reply:
        return await self.get("cancellable", {**self.who(), **CANCELLABLE, **changed})

    async def buyable(self, **changed: str) -> Reply:
        asked = {
            **self.who(),
            "PDNO": "069500",
            "ORD_UNPR": "",
            "ORD_DVSN": "01",
            "CMA_EVLU_AMT_ICLD_YN": "N",
            "OVRS_ICLD_YN": "N",
        }
        return await self.get("buyable", {**asked, **changed})

    async def quote(self, name: str, symbol: str) -> Reply:
        asked = {"FID_COND_MRKT_DIV_CODE": "J", "FID_INPUT_ISCD": symbol}
        return await self.get(name, asked)


@dataclass(slots=True)
class American:
    """The same account's business in New York."""

    client: Client

    async def order(self, side: str = "buy", **changed: str) -> Reply:
        body = {
            **self.client.who(),
            "OVRS_EXCG_CD": "AMEX",
            "PDNO": "SOXL",
            "ORD_QTY": "5",
            "OVRS_ORD_UNPR": "27.40",
            "CTAC_TLNO": "",
            "MGCO_APTM_ODNO": "",
            "SLL_TYPE": "" if side == "buy" else "00",
            "ORD_SVR_DVSN_CD": "0",
            "ORD_DVSN": "00",
        }
        return await self.client.post(f"us_{side}", {**body, **changed})

    async def placed(self, side: str = "buy", **changed: str) -> str:
        """Place an order that must be taken; return its number."""
        reply = await self.order(side, **changed)
        assert reply.ok, reply
        number = reply.body["output"]["ODNO"]
        assert isinstance(number, str)
        return number

    async def revise(self, number: str, what: str, **changed: str) -> Reply:
        body = {
            **self.client.who(),
            "OVRS_EXCG_CD": "AMEX",
            "PDNO": "SOXL",
            "ORGN_ODNO": number,
            "RVSE_CNCL_DVSN_CD": what,
            "ORD_QTY": "5",
            "OVRS_ORD_UNPR": "0",
            "MGCO_APTM_ODNO": "",
            "ORD_SVR_DVSN_CD": "0",
        }
        return await self.client.post("us_revise", {**body, **changed})

    async def fills(self, tr_cont: str = "", **changed: str) -> Reply:
        asked = {**self.client.who(), **US_FILLS, **changed}
        return await self.client.get("us_fills", asked, tr_cont)

    async def row(self, number: str) -> Any:  # noqa: ANN401 - a document
        """Return the row of an order in the list of the day."""
        rows = (await self.fills()).body["output"]
        found = [row for row in rows if int(row["odno"]) == int(number)]
        assert len(found) == 1, rows
        return found[0]

    async def open(self, tr_cont: str = "", **changed: str) -> Reply:
        asked = {**self.client.who(), "OVRS_EXCG_CD": "NASD", "SORT_SQN": "DS", **CONTEXT_200}
        return await self.client.get("us_open", {**asked, **changed}, tr_cont)

    async def balance(self, exchange: str = "NASD") -> Reply:
        asked = {**self.client.who(), "OVRS_EXCG_CD": exchange, "TR_CRCY_CD": "USD", **CONTEXT_200}
        return await self.client.get("us_balance", asked)

    async def present(self, **changed: str) -> Reply:
        asked = {
            **self.client.who(),
            "WCRC_FRCR_DVSN_CD": "02",
            "NATN_CD": "840",
            "TR_MKET_CD": "00",
            "INQR_DVSN_CD": "00",
        }
        return await self.client.get("us_present", {**asked, **changed})

    async def buyable(self, **changed: str) -> Reply:
        asked = {
            **self.client.who(),
            "OVRS_EXCG_CD": "AMEX",
            "OVRS_ORD_UNPR": "27.45",
            "ITEM_CD": "SOXL",
        }
        return await self.client.get("us_buyable", {**asked, **changed})

    async def quote(self, name: str, exchange: str, symbol: str, **more: str) -> Reply:
        return await self.client.get(name, {"AUTH": "", "EXCD": exchange, "SYMB": symbol, **more})


@asynccontextmanager
async def trading(
    profile: Profile,
    *,
    at: datetime = FRIDAY_MORNING,
    account: str = "alice",
    accounts: Iterable[AccountSeed] = DEFAULT_ACCOUNTS,
    listings: Iterable[Listing] = LISTINGS,
    seed: int = 1,
    walk_s: float = 0.0,
) -> AsyncIterator[Client]:
    """A host on a port, whose lists show everything at once, and a client that is logged in."""
    clock = LoopClock(at)
    simulator = KisSimulator(
        clock, profile, seed=seed, walk_s=walk_s, accounts=accounts, listings=listings
    )
    simulator.switches.visible_to_s = 0.0
    simulator.switches.us_visible_from_s = simulator.switches.us_visible_to_s = 0.0
    urls = await simulator.start()
    async with aiohttp.ClientSession() as session:
        yield await client_of(simulator, urls, session, clock, account).log_in()
    await simulator.close()


def client_of(
    simulator: KisSimulator,
    urls: Urls,
    session: aiohttp.ClientSession,
    clock: LoopClock,
    account: str,
) -> Client:
    """Return another account's client, not logged in yet."""
    key = simulator.key(account)
    real = simulator.host.profile is Profile.REAL
    return Client(
        simulator,
        urls,
        session,
        clock,
        simulator.account(account).number,
        key.app_key,
        key.app_secret,
        REAL_IDS if real else PAPER_IDS,
        0.06 if real else 1.0,
    )
