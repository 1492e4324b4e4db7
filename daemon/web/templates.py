"""Templates: jinja2 by aiohttp-jinja2, loaded with the first page and not before.

aiohttp-jinja2 finds the environment in the application, which is closed when the daemon starts.
What stands there is this stand-in, so that a daemon whose pages nobody looks at does not carry
jinja (it takes 4 MB).
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, cast

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping

    import jinja2

    from adapters.clock import Clock

STEP_S = 0.001
FOLDER = Path(__file__).with_name("templates")


class Templates:
    """The environment, made when it is first asked for a template."""

    def __init__(self) -> None:
        self._environment: jinja2.Environment | None = None

    def get_template(self, name: str) -> jinja2.Template:
        """Return a template, compiled once."""
        if self._environment is None:
            self._environment = environment()
        return self._environment.get_template(name)


TEMPLATES = web.AppKey("templates", Templates)


def environment() -> jinja2.Environment:
    """Make the environment: everything is escaped, and a name that is not there is an error."""
    import jinja2  # noqa: PLC0415 - see above

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def render(request: web.Request, name: str, context: Mapping[str, object]) -> str:
    """Fill in a template."""
    import aiohttp_jinja2  # noqa: PLC0415 - see above

    # It asks the environment for a template, and nothing else.
    key = cast("web.AppKey[jinja2.Environment]", TEMPLATES)
    return aiohttp_jinja2.render_string(name, request, context, app_key=key)


async def render_in_steps(
    request: web.Request, name: str, context: Mapping[str, object], clock: Clock
) -> str:
    """Fill in a template, and let the event loop see to others every ``STEP_S``.

    A long page takes as long as many webhooks; none of them shall wait for all of it.
    """
    import aiohttp_jinja2  # noqa: PLC0415 - see above

    key = cast("web.AppKey[jinja2.Environment]", TEMPLATES)
    template = aiohttp_jinja2.get_env(request.app, app_key=key).get_template(name)
    pieces: list[str] = []
    began = clock.monotonic()
    for piece in template.generate(context):
        pieces.append(piece)
        if clock.monotonic() - began >= STEP_S:
            await asyncio.sleep(0)
            began = clock.monotonic()
    return "".join(pieces)
