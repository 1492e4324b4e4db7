"""What values look like on the wire: the types that requests and answers are described with.

Answers are made of texts, numbers, lists and objects as they stand; these types only say which
text is meant, for the reader and for OpenAPI. Requests are read by them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from algorithms.domain import Side, Symbol
from daemon.api import webhook_fields as fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.api.decode import Json

DECIMAL_PATTERN = r"^-?[0-9]+(\.[0-9]+)?$"
REASON_LENGTH_MAX = 200

Time = Annotated[
    str, WithJsonSchema({"type": "string", "format": "date-time", "description": "ISO 8601, UTC."})
]
Amount = Annotated[
    str,
    WithJsonSchema(
        {
            "type": "string",
            "pattern": DECIMAL_PATTERN,
            "description": "A decimal without exponent and without trailing zeros.",
        }
    ),
]
Document = Annotated[
    dict[str, object],
    WithJsonSchema({"type": "object", "description": "A document as it was stored."}),
]


def reading(reader: Callable[[Json], object]) -> PlainValidator:
    """Make a model's field of a reader that raises ``ValueError`` with what would be right."""

    def read(value: Json) -> object:
        try:
            return reader(value)
        except ValueError as error:
            raise PydanticCustomError("wire", "{message}", {"message": str(error)}) from error

    return PlainValidator(read)


def _reason(value: Json) -> str:
    if not (isinstance(value, str) and value.isprintable() and value.strip()):
        raise ValueError("must be a text of printable characters")
    if len(value) > REASON_LENGTH_MAX:
        raise ValueError(f"must have at most {REASON_LENGTH_MAX} characters")
    return value


def _text_schema(longest: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "minLength": 1, "maxLength": longest})


NAME_LENGTH_MAX = 64

GivenName = Annotated[str, reading(fields.name), _text_schema(NAME_LENGTH_MAX)]
GivenToken = Annotated[str, reading(fields.token), _text_schema(512)]
GivenId = Annotated[str, reading(fields.order_id), _text_schema(fields.KEY_LENGTH_MAX)]
GivenKey = Annotated[
    str,
    reading(fields.request_key),
    WithJsonSchema({"type": ["string", "integer"], "description": "Idempotency key."}),
]
GivenSymbol = Annotated[
    Symbol, reading(fields.symbol), WithJsonSchema({"type": "string", "examples": ["TQQQ"]})
]
GivenSide = Annotated[
    Side,
    reading(fields.side),
    WithJsonSchema({"type": "string", "enum": ["buy", "sell", "long", "short"]}),
]
GivenSwitch = Annotated[bool, reading(fields.yes_or_no), WithJsonSchema({"type": "boolean"})]
GivenReason = Annotated[str, reading(_reason), _text_schema(REASON_LENGTH_MAX)]
GivenAmount = Annotated[
    Decimal, reading(fields.positive), WithJsonSchema({"type": ["string", "number"]})
]
