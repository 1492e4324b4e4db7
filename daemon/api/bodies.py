"""Reading a JSON body by the model that describes it, with every fault at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from daemon.api.body import read_body
from daemon.api.decode import decode_json
from daemon.api.problems import WHOLE_BODY, BadInput, Problem, model_problems

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from daemon.api.decode import Json

SMALL_BODY_BYTES_MAX = 64 * 1024
PREVIEW_BYTES_MAX = 32 * 1024 * 1024
PREVIEW_SECONDS_MAX = 60.0

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


class Body(BaseModel):
    """What a path takes: no key that it does not know, and nothing that changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


async def read_model(request: web.Request, model: type[M]) -> M:
    """Read a small body. Raises BadInput, and Refused as ``read_body`` does."""
    return checked(decoded(await read_body(request, SMALL_BODY_BYTES_MAX)), model)


def checked(document: Json, model: type[M]) -> M:
    """Check a decoded body. ``null`` counts as not given. Raises BadInput with every fault."""
    if not isinstance(document, dict):
        raise BadInput([Problem(WHOLE_BODY, "must be a JSON object")])
    given = {key: value for key, value in document.items() if value is not None}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise BadInput(model_problems(error, model)) from error


def decoded(body: bytes) -> Json:
    """Decode a body; one that is empty stands for an object without keys."""
    return decode_json(body) if body.strip() else {}


async def aside(size: int, work: Callable[[], T]) -> T:
    """Run a calculation where it holds nobody up: a large one in a thread."""
    return work() if size <= SMALL_BODY_BYTES_MAX else await asyncio.to_thread(work)
