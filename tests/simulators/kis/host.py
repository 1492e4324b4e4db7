"""The broker without its network: who may call what, and what comes back."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import orjson

from tests.simulators.kis.accounts import DEFAULT_ACCOUNTS, AccountSeed, KeyRing
from tests.simulators.kis.agenda import Agenda
from tests.simulators.kis.calls import Answer, Call
from tests.simulators.kis.domestic_account import DomesticAccount
from tests.simulators.kis.domestic_orders import DomesticOrders
from tests.simulators.kis.domestic_quotes import DomesticQuotes
from tests.simulators.kis.engine import Engine
from tests.simulators.kis.faults import Fault, Faults, Met
from tests.simulators.kis.hours import Country, Hours
from tests.simulators.kis.ledger import Account
from tests.simulators.kis.limits import Limits
from tests.simulators.kis.listings import LISTINGS
from tests.simulators.kis.market import Market
from tests.simulators.kis.overseas_account import OverseasAccount
from tests.simulators.kis.overseas_orders import OverseasOrders
from tests.simulators.kis.overseas_quotes import OverseasQuotes
from tests.simulators.kis.refusals import (
    TEXTS,
    OrderRefused,
    Refused,
    field_missing,
    gateway,
    refused,
    wrong_account,
)
from tests.simulators.kis.services import Profile, find_service
from tests.simulators.kis.switches import Switches
from tests.simulators.kis.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from adapters.clock import Clock
    from tests.simulators.kis.listings import Listing
    from tests.simulators.kis.orders import News
    from tests.simulators.kis.services import Service

REJECTED_AFTER_S = 0.5
LONGEST_LOG = 100_000
OAUTH = {
    "/oauth2/tokenP": "token",
    "/oauth2/revokeP": "revoke",
    "/oauth2/Approval": "approval",
    "/uapi/hashkey": "hashkey",
}


@dataclass(frozen=True, slots=True)
class Request:
    """A call as it came over the wire; names of headers in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: Mapping[str, object]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that came with a living token."""

    at: datetime
    account: str
    operation: str


class Host:
    """One of the two hosts. Synchronous: a call is carried out whole before the next."""

    def __init__(
        self,
        clock: Clock,
        *,
        profile: Profile,
        seed: int,
        accounts: Iterable[AccountSeed] = DEFAULT_ACCOUNTS,
        listings: Iterable[Listing] = LISTINGS,
    ) -> None:
        accounts = tuple(accounts)
        self._clock = clock
        self.profile = profile
        self.seeds = {each.name: each for each in accounts}
        self.random = Random(seed)
        self.switches = switches_of(profile)
        self.faults = Faults(Random(seed + 1))
        self.agenda = Agenda(clock)
        self.hours = {country: Hours(country) for country in Country}
        self.market = Market(listings, Random(seed + 2))
        self.accounts = {
            each.number: Account(each, self.market, self.hours, self.switches, clock)
            for each in accounts
        }
        self.log: deque[Asked] = deque(maxlen=LONGEST_LOG)
        """What was asked lately, oldest first, throttled calls included."""
        self.news: list[News] = []
        """What notices have yet to tell."""
        self.engine = Engine(
            clock,
            self.agenda,
            self.market,
            self.hours,
            self.accounts,
            profile=profile,
            switches=self.switches,
            random=self.random,
            tell=self.news.append,
        )
        self.keys = KeyRing(seed, profile, accounts)
        self.tokens = Tokens(self.keys, self.switches, self.random)
        self.limits = Limits(self.switches, self.random)
        self.routes = (
            DomesticOrders(self.engine).table()
            | DomesticAccount(self.engine).table()
            | DomesticQuotes(self.engine).table()
            | OverseasOrders(self.engine).table()
            | OverseasAccount(self.engine).table()
            | OverseasQuotes(self.engine).table()
        )

    def operation(self, request: Request) -> str:
        """Name what a request asks for, as faults are scripted; empty if nothing."""
        if request.path in OAUTH:
            return OAUTH[request.path]
        try:
            return self._service(request).name
        except Refused:
            return ""

    def perform(self, request: Request, met: Met | None = None) -> Reply:
        """Carry a request out as it arrives now."""
        self.agenda.catch_up()
        headers = {"tr_id": request.headers.get("tr_id", ""), "gt_uid": self._uid()}
        try:
            if request.path in OAUTH and request.method == "POST":
                return Reply(200, self._oauth(request))
            answer = self._answer(request, met)
        except Refused as no:
            return Reply(no.status, no.body, headers)
        if answer.tr_cont:
            headers["tr_cont"] = answer.tr_cont
        return Reply(200, self._surprising(answer.body), headers)

    def _surprising(self, body: dict[str, object]) -> dict[str, object]:
        """Add what no document mentions, where the switches say so."""
        if self.switches.strange_codes:
            body["msg_cd"] = f"{str(body['msg_cd'])[:4]}0999"
        if not self.switches.extra_fields:
            return body
        found: dict[str, object] = {"output9": [{"unkn_fld": "1"}]}
        for name, value in body.items():
            rows = value if isinstance(value, list) else [value]
            wider = [{**row, "unkn_fld": "?"} if isinstance(row, dict) else row for row in rows]
            found[name] = wider if isinstance(value, list) else wider[0]
        return found

    def _uid(self) -> str:
        return f"{self.random.getrandbits(128):032x}"

    def _service(self, request: Request) -> Service:
        tr_id = request.headers.get("tr_id", "")
        return find_service(self.profile, request.method, request.path, tr_id)

    def _oauth(self, request: Request) -> dict[str, object]:
        try:
            body = orjson.loads(request.body)
        except orjson.JSONDecodeError:
            raise gateway("EGW00132") from None
        if not isinstance(body, dict):
            raise gateway("EGW00132")
        now = self._clock.now()
        match OAUTH[request.path]:
            case "token":
                return self.tokens.issue(body, now)
            case "revoke":
                return self.tokens.revoke(body)
            case "approval":
                return self.tokens.approve(body, now)
            case _:
                headers = request.headers
                self.keys.for_call(headers.get("appkey", ""), headers.get("appsecret", ""))
                return {"BODY": body, "HASH": hash_of(body)}

    def _answer(self, request: Request, met: Met | None) -> Answer:
        service, headers, now = self._service(request), request.headers, self._clock.now()
        key = self.keys.for_call(headers.get("appkey", ""), headers.get("appsecret", ""))
        self.tokens.check(headers.get("authorization", ""), key, now)
        self._check_headers(request)
        self.log.append(Asked(now, key.account, service.name))
        if met is None or met.fault not in {Fault.SLOW, Fault.LATE}:  # those came before
            self.limits.take(key.app_key, service, now)
        params = self._params(request)
        route = self.routes[service.name]
        for name in route.needs:
            if name not in params:
                raise field_missing(name)
        if "CANO" in params and params["CANO"] + params["ACNT_PRDT_CD"] != key.account:
            raise wrong_account()
        if met is not None and met.fault is Fault.DATA_CHANGED:
            raise refused("1", "SYDB0050", TEXTS["SYDB0050"])
        late = None
        if met is not None and met.fault is Fault.REJECT_LATE:
            late = timedelta(seconds=met.delay_s or REJECTED_AFTER_S)
        continues = headers.get("tr_cont", "") == "N"
        call = Call(service, key.account, params, now, continues, late)
        try:
            return route.handle(call)
        except OrderRefused as no:
            paper = self.profile is Profile.PAPER
            spoken = no.reason.spoken(paper=paper, status=self.switches.business_status)
            if self.switches.blank_output and service.is_order:
                blank = dict.fromkeys(("KRX_FWDG_ORD_ORGNO", "ODNO", "ORD_TMD"), "")
                spoken.body["output"] = blank
            raise spoken from None

    def _check_headers(self, request: Request) -> None:
        headers = request.headers
        if headers.get("custtype") not in {"P", "B"}:
            raise gateway("EGW00208")
        if headers["custtype"] == "B" and self.profile is Profile.PAPER:
            raise gateway("EGW00210")
        if not headers.get("content-type", "").startswith("application/json"):
            raise gateway("EGW00132")

    def _params(self, request: Request) -> dict[str, str]:
        if request.method == "GET":
            return {
                name.upper() if name.startswith("fid_") else name: value
                for name, value in request.query.items()
            }
        try:
            body = orjson.loads(request.body)
        except orjson.JSONDecodeError:
            raise gateway("EGW00132") from None
        if not isinstance(body, dict):
            raise gateway("EGW00132")
        given = request.headers.get("hashkey", "")
        if given and given != hash_of(body):
            raise gateway("EGW00131")
        for name, value in body.items():
            if not isinstance(value, str):
                raise refused("2", "OPSQ2002", f"ERROR : INPUT FIELD_TYPE [{name}]")
        return body


def switches_of(profile: Profile) -> Switches:
    """Return the switches as they stand at a host until they are turned."""
    if profile is Profile.REAL:
        return Switches()
    return Switches(
        rate_limit=1,
        us_visible_from_s=15.0,
        us_visible_to_s=30.0,
        overseas_numbers="stripped",
        us_hold_percent=0.7,
    )


def hash_of(body: Mapping[str, object]) -> str:
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()
