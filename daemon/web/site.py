"""Every page on one page: who may see it, in which language, and how it is put together."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

import orjson
from aiohttp import hdrs, web

from daemon.api.errors import ErrorCode
from daemon.api.lean import SECURITY_HEADERS
from daemon.api.operation import (
    HTML,
    STREAM,
    Access,
    Answer,
    Operation,
    Parameter,
    StreamEvent,
)
from daemon.api.pages import local
from daemon.api.respond import refusal_of, too_slow
from daemon.i18n import words_in
from daemon.language import locale_for
from daemon.web import (
    accounts,
    assets,
    log,
    netting,
    order_book,
    orders,
    questions,
    rebalancing,
    settings,
    strategies,
    today,
    webhooks,
)
from daemon.web.changes import Changes
from daemon.web.formats import Formats
from daemon.web.menu import MENU
from daemon.web.page import Visit
from daemon.web.templates import render, render_in_steps
from daemon.web.totals import Totals

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.api.errors import Refused
    from daemon.config.service import Locale
    from daemon.signals import SignalBus
    from daemon.web.page import Page, Sources

PART_HEADER = "X-Part"
"""A request with it gets the main part alone."""
KEPT_S = 2.0
"""How long a part serves everybody who asks for it: a hundred browsers cost one rendering."""
KEPT_MAX = 64
LOAD_S = 10.0
HEADERS = {
    **SECURITY_HEADERS,
    hdrs.CONTENT_TYPE: f"{HTML}; charset=utf-8",
    hdrs.VARY: f"Accept-Language, {PART_HEADER}",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}
PAGES: tuple[Callable[[Sources, Totals], Page], ...] = (
    today.page,
    accounts.page,
    orders.page,
    orders.life_page,
    netting.page,
    order_book.page,
    rebalancing.page,
    webhooks.page,
    webhooks.one_page,
    strategies.page,
    settings.page,
    log.page,
    questions.page,
)

logger = logging.getLogger(__name__)


class _Part(NamedTuple):
    """The main part of a page as it was at a time of the monotonic clock, after so much news.

    ``body`` is what all who ask for it are sent, ``event`` the same for those who stay.
    """

    made_at: float
    news: int
    title: str
    html: str
    body: bytes
    event: bytes


class Site:
    """Serves the pages."""

    def __init__(self, sources: Sources, bus: SignalBus) -> None:
        self._sources = sources
        self._changes = Changes(bus)
        self._kept: dict[tuple[str, Locale], _Part] = {}
        self._turn = asyncio.Lock()
        self.totals = Totals()
        """Sums that pages show."""

    async def run(self) -> None:
        """Make the sums that pages show, beside everything else, until cancelled."""
        await self.totals.run(self._sources, self._changes.tell)

    def operations(self) -> list[Operation]:
        """Return what can be asked here."""
        pages = [make(self._sources, self.totals) for make in PAGES]
        return [
            *map(self._operation, pages),
            self._login(),
            *assets.operations(),
        ]

    def close(self) -> None:
        """Let go of every open page; none may hold up the end."""
        self._changes.close()

    def _operation(self, page: Page) -> Operation:
        return Operation(
            method="GET",
            path=page.path,
            summary=page.summary,
            handler=partial(self._show, page),
            in_path=page.in_path,
            query=page.query,
            answers={
                200: Answer(
                    "A page; asked for as a stream, its main part whenever it has changed.",
                    StreamEvent,
                    (HTML, STREAM),
                ),
                303: Answer("Nobody is logged in: a browser goes there first.", media=()),
            },
            codes=page.codes
            | {ErrorCode.PAGE_SLOW, ErrorCode.TOO_MANY_READERS}
            | ({ErrorCode.NOT_FOUND} if page.in_path else set()),
        )

    def _login(self) -> Operation:
        return Operation(
            method="GET",
            path="/login",
            summary="The form for logging in with a browser.",
            handler=self._login_form,
            access=Access.ANYBODY,
            query=(
                Parameter("next", "Where to go on afterwards, a path of this host."),
                Parameter("failed", "1: the token was wrong; 2: too many were."),
            ),
            answers={200: Answer("A page.", media=(HTML,))},
            asks_database=False,
        )

    async def _show(self, page: Page, request: web.Request) -> web.StreamResponse:
        """Show a page, its main part alone, or that again and again.

        Why it cannot be shown is a page for a browser.
        """
        accepted = request.headers.get(hdrs.ACCEPT, "")
        if accepted == STREAM:
            part = partial(self._event, page, request)
            return await self._changes.stream(request, self._sources.sessions, part)
        visit = self._visit(request)
        is_part = PART_HEADER in request.headers
        anew = not is_part or "no-cache" in request.headers.get(hdrs.CACHE_CONTROL, "")
        try:
            made = await self._in_time(page, visit, anew=anew)
            if is_part:
                return web.Response(body=made.body, headers=HEADERS)
            return _answer(await self._shell(page, visit, made.title, made.html))
        except Exception as error:
            if is_part or HTML not in accepted:
                raise
            return await self._fault(page, visit, refusal_of(error))

    async def _event(self, page: Page, request: web.Request) -> bytes:
        """Return the main part as an event; what is one person's own does not change by itself."""
        if not page.is_kept:
            return b""
        return (await self._in_time(page, self._visit(request), anew=False)).event

    async def _in_time(self, page: Page, visit: Visit, *, anew: bool) -> _Part:
        """Make the main part, or give it up. Raises Refused."""
        try:
            async with asyncio.timeout(LOAD_S):
                return await self._part(page, visit, anew=anew)
        except TimeoutError:
            logger.warning("the page %s took longer than %s s", page.path, LOAD_S)
            raise too_slow() from None

    async def _fault(self, page: Page, visit: Visit, refused: Refused) -> web.StreamResponse:
        """Say why a page cannot be shown, with the way back to everything else."""
        words = visit.words
        match refused.status:
            case HTTPStatus.NOT_FOUND:
                title = words.say("Nothing is here")
            case HTTPStatus.SERVICE_UNAVAILABLE:
                title = words.say("Not now")
            case _:
                title = words.say("This cannot be shown")
        context = {
            **self._common(visit),
            "title": title,
            "detail": words.again(refused.detail),
            "problems": [f"{each.path}: {words.again(each.message)}" for each in refused.problems],
            "address": visit.request.path_qs,
        }
        html = await self._shell(page, visit, title, render(visit.request, "fault.html", context))
        response = _answer(html, refused.status)
        response.headers.update(refused.headers)
        return response

    async def _shell(self, page: Page, visit: Visit, title: str, main: str) -> str:
        """Put what is around every page around a main part."""
        session = await self._sources.sessions.of(visit.request)
        context = {
            **self._common(visit),
            "title": title,
            "main": main,
            "menu": MENU,
            "here": page.menu_path,
            "zone": str(self._sources.engine.config.daemon.timezone),
            "csrf": "" if session is None else session.csrf,
        }
        return render(visit.request, "shell.html", context)

    async def _part(self, page: Page, visit: Visit, *, anew: bool) -> _Part:
        """Make the main part ``anew``, or take one that was made for somebody else just now.

        Whoever looks because something was stored sees it: a part from before that is not taken,
        but made anew once it has served its time, by one for all who wait. What is nobody else's
        is made at once: it may ask a broker that takes its time, and no page waits for that.
        """
        if not page.is_kept:
            return await self._made(page, visit)
        key = (visit.request.path_qs, visit.locale)
        arrived, clock = self._changes.count, self._sources.clock
        while True:
            async with self._turn:
                kept = self._kept.get(key)
                age = clock.monotonic() - kept.made_at if kept is not None else KEPT_S
                if kept is None or anew or age >= KEPT_S:
                    if len(self._kept) >= KEPT_MAX:
                        self._kept.clear()
                    part = self._kept[key] = await self._made(page, visit)
                    return part
                if kept.news >= arrived:
                    return kept
            await clock.sleep(KEPT_S - age)

    async def _made(self, page: Page, visit: Visit) -> _Part:
        count, made_at = self._changes.count, self._sources.clock.monotonic()
        loaded = {"title": visit.words.say(MENU[page.menu_path]), **await page.load(visit)}
        context = {**self._common(visit), **loaded}
        html = await render_in_steps(visit.request, page.template, context, self._sources.clock)
        event = b"event: part\ndata: %s\n\n" % orjson.dumps(html)
        return _Part(made_at, count, str(loaded["title"]), html, html.encode(), event)

    async def _login_form(self, request: web.Request) -> web.StreamResponse:
        visit = self._visit(request)
        following = local(request.query.get("next", "/"))
        context = {"following": following, "failed": visit.asked("failed")}
        return _answer(render(request, "login.html", {**self._common(visit), **context}))

    def _visit(self, request: web.Request) -> Visit:
        settings = self._sources.engine.config.daemon
        locale = locale_for(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""), settings.locale)
        words, now = words_in(locale), self._sources.clock.now()
        return Visit(
            request=request,
            locale=locale,
            words=words,
            formats=Formats(words, settings.timezone, now),
            now=now,
        )

    def _common(self, visit: Visit) -> dict[str, object]:
        """Return what every template knows."""
        return {
            "say": visit.words.say,
            "count": visit.words.count,
            "again": visit.words.again,
            "f": visit.formats,
            "locale": visit.locale.value,
            "name": self._sources.engine.config.daemon.name,
            "asset": assets.address,
        }


def _answer(html: str, status: int = HTTPStatus.OK) -> web.Response:
    return web.Response(body=html.encode(), status=status, headers=HEADERS)
