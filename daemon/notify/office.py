"""Opens a courier for every notifier of the configuration, and others when that changes."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from adapters.notify.webhook import WebhookPost
from adapters.sqlite.errors import StorageError
from adapters.tasks import TaskSupervisor
from daemon.notify.channel import TelegramChannel, WebhookChannel
from daemon.notify.courier import STORAGE_PAUSE_S, Courier
from daemon.notify.outbox import follow, known
from daemon.signals import NoticeRaised
from daemon.telegram.listener import Listener

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from adapters.notify.chat import Bot
    from adapters.notify.telegram import TelegramApi
    from daemon.api.metrics import Metrics
    from daemon.config.notify import NotifierConfig, NotifyConfig, OutgoingConfig, TelegramConfig
    from daemon.config.service import Locale
    from daemon.execution.services import Services
    from daemon.notify.channel import Channel
    from daemon.signals import SignalBus
    from daemon.telegram.commands import Commands

CLOSE_S = 1.0

log = logging.getLogger(__name__)


class NotifyOffice:
    """Who is told now. ``on_failure`` hears of a courier that ended with an error."""

    def __init__(
        self,
        services: Services,
        bus: SignalBus,
        metrics: Metrics,
        *,
        commands: Commands,
        on_failure: Callable[[str, BaseException], None],
    ) -> None:
        self._services = services
        self._metrics = metrics
        self._commands = commands
        self._on_failure = on_failure
        self._couriers: list[Courier] = []
        self._changed = asyncio.Event()
        bus.subscribe(NoticeRaised, self._noticed)

    def follow(self) -> None:
        """Look again at the configuration, which may have changed."""
        self._changed.set()

    async def run(self) -> None:
        """Serve the notifiers of the configuration in force until cancelled."""
        while True:
            self._changed.clear()
            in_force = self._in_force()
            async with AsyncExitStack() as opened:
                await self._open(in_force[0], opened)
                while self._in_force() == in_force:
                    await self._changed.wait()
                    self._changed.clear()
            self._couriers.clear()

    def _in_force(self) -> tuple[NotifyConfig, Locale]:
        config = self._services.current.setup.config
        return config.notify, config.daemon.locale

    async def _open(self, settings: NotifyConfig, opened: AsyncExitStack) -> None:
        tables: dict[str, NotifierConfig | None] = {
            "telegram": settings.telegram,
            "webhook": settings.webhook,
        }
        terms = {name: found for name, found in tables.items() if found is not None}
        now = self._services.clock.now()
        if set(await self._known()) != terms.keys():
            await self._services.persistence.write(lambda tx: follow(tx, terms.keys(), now))
        tasks = TaskSupervisor(on_failure=self._on_failure)
        channels: dict[str, Channel] = {}
        if settings.telegram is not None:
            bot = await self._bot(settings.telegram, opened)
            services = self._services
            channels["telegram"] = TelegramChannel(
                bot, settings.telegram.chat_id, services.current, services.clock
            )
            listener = Listener(
                bot, settings.telegram, self._commands, services.clock, self._metrics
            )
            tasks.spawn(listener.run(), name="listener telegram")
        if settings.webhook is not None:
            channels["webhook"] = self._webhook(settings.webhook)
        opened.push_async_callback(tasks.close, CLOSE_S)
        for name, channel in channels.items():
            courier = Courier(name, channel, terms[name], self._services, self._metrics)
            self._couriers.append(courier)
            tasks.spawn(courier.run(), name=f"courier {name}")

    async def _known(self) -> Collection[str]:
        """Read whom the outbox knows, as soon as it can be read."""
        while True:
            try:
                return await self._services.persistence.read(known)
            except StorageError as error:
                log.warning("whom to tell cannot be read now: %s", error)
                await self._services.clock.sleep(STORAGE_PAUSE_S)

    async def _bot(self, settings: TelegramConfig, opened: AsyncExitStack) -> Bot:
        api_of = await asyncio.to_thread(_telegram_api)
        api = api_of(settings.token.reveal(), settings.base_url)
        opened.push_async_callback(api.close)
        return api

    def _webhook(self, settings: OutgoingConfig) -> Channel:
        services = self._services
        key = None if settings.secret is None else settings.secret.reveal().encode()
        post = WebhookPost(settings.url, key, services.clock)
        return WebhookChannel(post, services.current, services.clock)

    def _noticed(self, raised: NoticeRaised) -> None:
        for courier in self._couriers:
            courier.noticed(raised)


def _telegram_api() -> type[TelegramApi]:
    """Load what only those need who have a bot; it would hold up the loop."""
    from adapters.notify.telegram import TelegramApi  # noqa: PLC0415 - as said

    return TelegramApi
