"""The access token: asked for once a day, kept on disk, shared by all processes of this host.

KIS refuses a second request within a minute, then for longer while attempts go on, and tells the
customer of every token by message. So one process at a time may ask (a lock file says which), the
time of asking is on disk before the request leaves, and a token is used for as long as it lives.
Nobody who needs a token asks himself: who is in a hurry leaves, and what was asked for arrives.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import logging
import os
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, TypeGuard

import orjson

from adapters.broker import BrokerError, BrokerMisconfiguredError, BrokerUnavailableError
from adapters.files import hand_over, make_file, make_folder
from adapters.http import NotSent
from adapters.kis.answers import Reply
from adapters.kis.codes import Remedy, meaning_of
from adapters.kis.fields import text
from adapters.tasks import SupervisorClosedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from adapters.clock import Clock
    from adapters.kis.answers import Observation
    from adapters.tasks import TaskSupervisor

RENEW_S = 2 * 3600.0
"""A token with less time left is replaced; until that succeeds it goes on being used."""
LEAST_S = 60.0
"""A token with less time left may die on its way."""
AGAIN_S = 65.0
"""Between two requests for a token, doubled after each refusal up to ``LONGEST_S``."""
LONGEST_S = 900.0
LOCK_S = 15.0
LOOK_S = 0.1
TOO_SOON = "EGW00133"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the file holds. Times are seconds since the epoch."""

    token: str = ""
    expires_at: float = 0.0
    asked_at: float = 0.0
    refusals: int = 0

    def is_fresh(self, now: float) -> bool:
        return self.expires_at - now > RENEW_S

    def may_ask_at(self) -> float:
        return self.asked_at + min(AGAIN_S * (1 << min(self.refusals, 10)), LONGEST_S)


@dataclass(frozen=True, slots=True)
class Keys:
    """The two secrets of an app key."""

    app_key: str
    app_secret: str

    def __repr__(self) -> str:
        return "Keys(...)"


def token_file(folder: Path, host: str, keys: Keys) -> Path:
    """Return where the token of a key at a host is kept: never that of another key or host."""
    mark = hashlib.sha256(f"{host}\n{keys.app_key}".encode()).hexdigest()[:16]
    return folder / f"kis-{mark}.token"


class Tokens:
    """Gives the token of one app key. ``issue`` asks KIS for a new one, inside of ``tasks``."""

    def __init__(
        self,
        clock: Clock,
        file: Path,
        issue: Callable[[], Awaitable[Observation]],
        tasks: TaskSupervisor,
    ) -> None:
        self._clock = clock
        self._file = file
        self._issue = issue
        self._tasks = tasks
        self._kept: Kept | None = None
        self._dead = ""
        self._asking: asyncio.Task[str | BrokerError] | None = None

    async def token(self) -> str:
        """Return a token that should work; while an old one lives, its renewal is not waited for.

        Raises BrokerUnavailableError when there is none now, BrokerMisconfiguredError when KIS
        does not take the keys.
        """
        now = self._now()
        if self._is_alive(self._kept, now) and self._kept.is_fresh(now):
            return self._kept.token
        if self._asking is None or self._asking.done():
            try:
                self._asking = self._tasks.spawn(self._ask(), name="token of KIS")
            except SupervisorClosedError:
                raise BrokerUnavailableError("no token: not connected") from None
        if self._is_alive(self._kept, now):
            return self._kept.token
        asking = self._asking
        await asyncio.wait({asking})
        if asking.cancelled():
            raise BrokerUnavailableError("no token: not connected")
        outcome = asking.result()
        if isinstance(outcome, BrokerError):
            raise type(outcome)(str(outcome))  # one each: several may wait
        return outcome

    async def _ask(self) -> str | BrokerError:
        """Look for a token on disk, and ask for one if it is time."""
        try:
            async with self._locked():
                return await self._current()
        except BrokerError as error:
            return error

    async def _current(self) -> str:
        self._kept = kept = self._read()
        now = self._now()
        usable = self._is_alive(kept, now)
        if usable and kept.is_fresh(now):
            return kept.token
        if now < kept.may_ask_at():
            if usable:
                return kept.token
            raise BrokerUnavailableError(
                f"no token; the next may be asked for in {kept.may_ask_at() - now:.0f} s"
            )
        return await self._renew(kept, usable=usable)

    def refused(self, token: str) -> None:
        """Hear that KIS does not take a token (any more)."""
        self._dead = token

    def _is_alive(self, kept: Kept | None, now: float) -> TypeGuard[Kept]:
        return (
            kept is not None
            and bool(kept.token)
            and kept.token != self._dead
            and kept.expires_at - now > LEAST_S
        )

    async def _renew(self, kept: Kept, *, usable: bool) -> str:
        """Ask for a new token; while the old one lives, a failure is not one."""
        asked_at = self._now()
        if not self._keep(replace(kept, asked_at=asked_at)):
            if usable:
                return kept.token
            raise BrokerUnavailableError("no token: when it was asked for cannot be stored")
        seen = await self._issue()
        body = seen.body if isinstance(seen, Reply) else {}
        token, lifetime = text(body, "access_token"), body.get("expires_in")
        if token and isinstance(lifetime, int | float):
            self._dead = ""
            self._keep(Kept(token, asked_at + float(lifetime), asked_at))
            return token
        refused = isinstance(seen, Reply) and seen.code == TOO_SOON
        self._keep(replace(kept, asked_at=asked_at, refusals=kept.refusals + refused))
        reason = seen.said() if isinstance(seen, Reply) else seen.reason
        if usable:
            log.warning("no new token, the old one goes on: %s", reason)
            return kept.token
        if isinstance(seen, Reply) and not refused:
            if meaning_of(seen.code, seen.message).remedy is Remedy.PERSON:
                raise BrokerMisconfiguredError(f"KIS does not take the keys: {reason}")
        elif isinstance(seen, NotSent):
            self._keep(kept)  # nobody heard the question
        raise BrokerUnavailableError(f"no token: {reason}")

    def _now(self) -> float:
        return self._clock.now().timestamp()

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        """Be the only one, of all processes here, who may ask for this token."""
        try:
            make_folder(self._file.parent)
            lock = self._file.with_suffix(".lock")
            make_file(lock)
            descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise BrokerUnavailableError(f"no token: its folder cannot be used: {error}") from error
        try:
            for _ in range(int(LOCK_S / LOOK_S)):
                with suppress(BlockingIOError):
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                await self._clock.sleep(LOOK_S)
            else:
                raise BrokerUnavailableError("another process asks for the token")
            yield
        finally:
            os.close(descriptor)

    def _read(self) -> Kept:
        """Read the file; one that cannot be read is as good as none."""
        try:
            raw = orjson.loads(self._file.read_bytes())
            kept = Kept(
                str(raw["token"]),
                float(raw["expires_at"]),
                min(float(raw["asked_at"]), self._now()),  # a clock may have been set back
                int(raw["refusals"]),
            )
        except FileNotFoundError:
            return Kept()
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, OSError) as error:
            log.warning("the kept token cannot be read: %s", error)
            return Kept()
        return kept

    def _keep(self, kept: Kept) -> bool:
        """Remember, also on disk; return whether the disk took it."""
        self._kept = kept
        try:
            self._write(kept)
        except OSError as error:
            log.warning("the token cannot be stored: %s", error)
            return False
        return True

    def _write(self, kept: Kept) -> None:
        """Replace the file at once and whole; only its owner may read it."""
        beside = self._file.with_suffix(".new")
        with suppress(FileNotFoundError):
            beside.unlink()
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(orjson.dumps(asdict(kept)))
            stream.flush()
            os.fsync(stream.fileno())
        hand_over(beside)
        beside.replace(self._file)
