"""Access tokens and approval keys: one a minute, the same one for six hours, a day's life."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tests.simulators.kis.hours import KST
from tests.simulators.kis.refusals import gateway, oauth

if TYPE_CHECKING:
    from random import Random

    from tests.simulators.kis.accounts import Key, KeyRing
    from tests.simulators.kis.switches import Switches

LIFE = timedelta(hours=24)
SAME_FOR = timedelta(hours=6)
APPROVAL_SPACING = timedelta(seconds=1)
GRANT = "client_credentials"


@dataclass(slots=True)
class Token:
    text: str
    app_key: str
    issued_at: datetime
    dead: bool = False

    @property
    def expires_at(self) -> datetime:
        return self.issued_at + LIFE


class Tokens:
    """What was issued. Raises Refused where a request is not to be answered."""

    def __init__(self, keys: KeyRing, switches: Switches, random: Random) -> None:
        self._keys = keys
        self._switches = switches
        self._random = random
        self._tokens: dict[str, Token] = {}
        self._newest: dict[str, Token] = {}
        self._asked: dict[str, datetime] = {}
        self._approvals: dict[str, tuple[str, datetime]] = {}
        self._approval_asked: dict[str, datetime] = {}
        self.issued = 0
        """How many tokens were given out or refused, for tests that count."""

    def issue(self, body: dict[str, object], now: datetime) -> dict[str, object]:
        self._check_grant(body)
        key = self._keys.for_oauth(body.get("appkey"), body.get("appsecret"))
        self.issued += 1
        asked = self._asked.get(key.app_key)
        if asked is not None and now - asked < timedelta(seconds=self._switches.token_refusal_s):
            if self._switches.token_refusal_grows:
                self._asked[key.app_key] = now
            raise oauth("EGW00133")
        self._asked[key.app_key] = now
        token = self._token_for(key.app_key, now)
        left = token.expires_at - now
        return {
            "access_token": token.text,
            "access_token_token_expired": f"{token.expires_at.astimezone(KST):%Y-%m-%d %H:%M:%S}",
            "token_type": "Bearer",
            "expires_in": int(left.total_seconds()),
        }

    def _token_for(self, app_key: str, now: datetime) -> Token:
        newest = self._newest.get(app_key)
        if newest is not None and now - newest.issued_at < SAME_FOR and self._is_usable(newest):
            return newest
        if newest is not None and self._switches.new_token_kills_old:
            newest.dead = True
        middle = hashlib.sha256(f"{app_key}/{now.isoformat()}".encode()).hexdigest()
        token = Token(f"eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzUxMiJ9.{middle * 3}.{middle}", app_key, now)
        self._newest[app_key] = self._tokens[token.text] = token
        return token

    def _is_usable(self, token: Token) -> bool:
        return not token.dead or self._switches.revoked_token_comes_back

    def revoke(self, body: dict[str, object]) -> dict[str, object]:
        key = self._keys.for_oauth(body.get("appkey"), body.get("appsecret"))
        token = self._tokens.get(str(body.get("token")))
        if token is None or token.app_key != key.app_key:
            raise oauth("EGW00121")
        token.dead = True
        return {"code": 200, "message": "접근토큰 폐기에 성공하였습니다"}

    def check(self, authorization: str, key: Key, now: datetime) -> None:
        """Refuse a call whose bearer is not a living token of its key."""
        if not authorization:
            raise gateway("EGW00122")
        kind, _, text = authorization.partition(" ")
        if kind != "Bearer":
            raise gateway("EGW00205")
        token = self._tokens.get(text)
        if token is None or token.app_key != key.app_key or token.dead:
            raise gateway("EGW00121")
        if now >= token.expires_at:
            raise gateway("EGW00123", self._switches.expired_token_status)

    def expire_all(self) -> None:
        """Let every token be over its day."""
        for token in self._tokens.values():
            token.issued_at -= LIFE

    def forget_approvals(self) -> None:
        """Let no approval key open a session any more."""
        self._approvals.clear()

    def approve(self, body: dict[str, object], now: datetime) -> dict[str, object]:
        """Issue an approval key for the websocket; its field for the secret has another name."""
        self._check_grant(body)
        key = self._keys.for_oauth(body.get("appkey"), body.get("secretkey"))
        asked = self._approval_asked.get(key.app_key)
        self._approval_asked[key.app_key] = now
        if asked is not None and now - asked < APPROVAL_SPACING:
            raise gateway("EGW00201")
        approval = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        self._approvals[approval] = (key.app_key, now)
        return {"approval_key": approval}

    def approved(self, approval: str, now: datetime) -> str | None:
        """Return the app key of a living approval key."""
        app_key, at = self._approvals.get(approval, ("", now))
        return app_key if app_key and now - at < LIFE else None

    @staticmethod
    def _check_grant(body: dict[str, object]) -> None:
        if not body.get("grant_type"):
            raise oauth("EGW00115")
        if body["grant_type"] != GRANT:
            raise oauth("EGW00116")
