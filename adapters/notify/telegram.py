"""Telegram's Bot API, through pyTelegramBotAPI: https://core.telegram.org/bots/api.

Only what a daemon needs: send a text with buttons, edit it, hear what was written. Every call has
a time limit, and every fault comes out as NotDeliveredError without the token, which is part of
every address.

The library costs 13 MB and a tenth of a second to load; import this module only when there is a
bot.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp
from telebot import asyncio_helper
from telebot.async_telebot import AsyncTeleBot
from telebot.types import BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, Update

from adapters.notify.chat import Button, Heard
from adapters.notify.errors import ASKED_WAIT_S_MAX, NotDeliveredError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence

T = TypeVar("T")

CALL_S = 10.0
POLL_S = 25
"""How long Telegram holds a question for news open."""
NAME_MAX = 64
_TOO_MANY = 429
_LASTING = frozenset({400, 401, 403, 404})
"""A wrong token, a chat that is gone or that shut the bot out: the same every time."""
_REDIRECTS = range(300, 400)
_SAYS_SO = "message is not modified"
_HEARD = ["message", "callback_query"]

log = logging.getLogger(__name__)
# The library writes lines of its own to stderr; what it says there comes as an exception, too.
logging.getLogger("TeleBot").handlers.clear()
logging.getLogger("TeleBot").setLevel(logging.CRITICAL)


async def _open_session() -> aiohttp.ClientSession:
    """Open what the library calls by; its own would go wherever an answer leads."""
    manager = asyncio_helper.session_manager
    connector = aiohttp.TCPConnector(limit=asyncio_helper.REQUEST_LIMIT, ssl=manager.ssl_context)
    session = aiohttp.ClientSession(connector=connector, middlewares=(_stay,))
    manager.session = session
    return session


async def _stay(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Take a redirect for a fault. Raises NotDeliveredError."""
    answer = await handler(request)
    if answer.status in _REDIRECTS:
        answer.close()
        raise NotDeliveredError(f"Telegram answered {answer.status}")
    return answer


asyncio_helper.session_manager.create_session = _open_session  # type: ignore[method-assign]


class TelegramApi:
    """One bot, as ``Bot`` says."""

    def __init__(self, token: str, base_url: str) -> None:
        # The library keeps the address for all bots of a process; there is one.
        asyncio_helper.API_URL = base_url.rstrip("/") + "/bot{0}/{1}"
        self._token = token
        self._bot = AsyncTeleBot(token, disable_web_page_preview=True, validate_token=False)

    async def close(self) -> None:
        """Close its connections."""
        await self._bot.close_session()  # type: ignore[no-untyped-call]

    async def send(self, chat: str, text: str, buttons: Sequence[Button] = ()) -> int:
        """Write to a chat; return the message's number. Raises NotDeliveredError."""
        markup = _markup(buttons)
        sending = self._bot.send_message(chat, text, reply_markup=markup, timeout=int(CALL_S))
        return int((await _asked(sending, CALL_S)).message_id)

    async def replace(self, chat: str, message: int, text: str) -> None:
        """Write another text in place of a message, without buttons. Raises NotDeliveredError.

        A message that says so already is one that says so.
        """
        editing = self._bot.edit_message_text(
            text, chat_id=chat, message_id=message, timeout=int(CALL_S)
        )
        try:
            await _asked(editing, CALL_S)
        except NotDeliveredError as error:
            if _SAYS_SO not in str(error):
                raise

    async def answer(self, press: str, text: str | None = None) -> None:
        """Say that a press was heard. Raises NotDeliveredError."""
        await _asked(self._bot.answer_callback_query(press, text), CALL_S)

    async def whereabouts(self, chat: str) -> tuple[str, str]:
        """Return the bot's @name, and what the chat is called. Raises NotDeliveredError."""
        me = await _asked(self._bot.get_me(), CALL_S)
        there = await _asked(self._bot.get_chat(chat), CALL_S)
        return f"@{me.username}", str(there.title or there.username or there.first_name or chat)

    async def offer(self, commands: Mapping[str, str]) -> None:
        """Show these commands, with a few words on each, as a menu. Raises NotDeliveredError."""
        menu = [BotCommand(name, words) for name, words in commands.items()]
        await _asked(self._bot.set_my_commands(menu), CALL_S)

    async def heard(self, after: int) -> tuple[int, list[Heard]]:
        """Wait for news behind update ``after``; return the last update's number and the news.

        Telegram forgets what lies before ``after``. Raises NotDeliveredError.
        """
        asking = asyncio_helper.get_updates(  # type: ignore[no-untyped-call]
            self._token,
            offset=after + 1,
            timeout=POLL_S,
            request_timeout=POLL_S + int(CALL_S),
            allowed_updates=_HEARD,
        )
        raw = await _asked(asking, POLL_S + CALL_S)
        if not isinstance(raw, list):
            raise NotDeliveredError("Telegram's answer cannot be read")
        numbers = [each["update_id"] for each in raw if _is_update(each)]
        news = [heard for each in raw if _is_update(each) and (heard := _read(each))]
        return max([after, *numbers]), news


def _markup(buttons: Sequence[Button]) -> InlineKeyboardMarkup | None:
    if not buttons:
        return None
    row = [InlineKeyboardButton(each.label, callback_data=each.data) for each in buttons]
    return InlineKeyboardMarkup([row])


def _is_update(raw: object) -> bool:
    return isinstance(raw, dict) and isinstance(raw.get("update_id"), int)


def _read(raw: dict[str, Any]) -> Heard | None:
    """Read one update; None for what is nothing to us, or cannot be read."""
    try:
        return _heard(raw["update_id"], Update.de_json(raw))  # type: ignore[no-untyped-call]
    except (AttributeError, KeyError, OSError, OverflowError, TypeError, ValueError):
        log.warning("an update of Telegram cannot be read; it is passed over")
        return None


def _heard(number: int, update: Update) -> Heard | None:
    press = update.callback_query
    message = update.message if press is None else press.message
    user: Any = press.from_user if press is not None else message and message.from_user
    if message is None or user is None:
        return None
    text = message.text if press is None else press.data
    chat = message.chat
    names = {str(chat.id)} | ({f"@{chat.username}"} if chat.username else set())
    return Heard(
        update=number,
        chats=frozenset(names),
        user=user.id,
        who=_named(user.full_name),
        at=datetime.fromtimestamp(message.date, UTC),
        text=text or "",
        message=message.message_id,
        press=None if press is None else press.id,
    )


def _named(name: str) -> str:
    """Return what somebody calls themselves on one line of a log or a page."""
    shown = "".join(each if each.isprintable() else " " for each in name)
    return " ".join(shown.split())[:NAME_MAX]


async def _asked(call: Awaitable[T], limit_s: float) -> T:
    """Wait for a call's answer. Raises NotDeliveredError for whatever went wrong."""
    try:
        async with asyncio.timeout(limit_s):
            return await call
    except TimeoutError:
        raise NotDeliveredError(f"Telegram did not answer within {limit_s:.0f} s") from None
    except asyncio_helper.ApiTelegramException as error:
        raise _explained(error) from None
    except asyncio_helper.ApiHTTPException as error:
        raise NotDeliveredError(f"Telegram answered {error.result.status}") from None
    except (asyncio_helper.RequestTimeout, aiohttp.ClientError, OSError):
        raise NotDeliveredError("Telegram cannot be reached") from None
    except (asyncio_helper.ApiException, AttributeError, KeyError, TypeError, ValueError):
        raise NotDeliveredError("Telegram's answer cannot be read") from None


def _explained(error: asyncio_helper.ApiTelegramException) -> NotDeliveredError:
    more = error.result_json.get("parameters")
    wait = more.get("retry_after") if isinstance(more, dict) else None
    if error.error_code != _TOO_MANY or not isinstance(wait, int):
        wait = None
    moved = more.get("migrate_to_chat_id") if isinstance(more, dict) else None
    hint = "" if moved is None else f"; its number is {moved} now"
    return NotDeliveredError(
        f"Telegram answered {error.error_code}: {error.description}{hint}",
        retry_after_s=None if wait is None else min(float(wait), ASKED_WAIT_S_MAX),
        lasting=error.error_code in _LASTING,
    )
