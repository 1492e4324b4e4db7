"""``GET /api/openapi.json``: the description of the API, made from what the API is made of."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from daemon.api.errors import PROBLEM_TYPE
from daemon.api.operation import HTML, JSON, STREAM, Access

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from http import HTTPStatus

    from daemon.api.errors import ErrorCode
    from daemon.api.operation import Answer, Operation, Parameter

    Json = dict[str, Any]
    _Mode = Literal["validation", "serialization"]

_REF = "#/components/schemas/{model}"
_SCHEMES: Mapping[Access, list[Json]] = {
    Access.ANYBODY: [],
    Access.STRATEGY: [{"token": []}],
    Access.ADMIN: [{"token": []}, {"session": []}],
}


class Fault(TypedDict):
    """One fault of a request: where, and what would be right."""

    path: str
    message: str


class _ProblemMembers(TypedDict):
    type: str
    title: str
    status: int
    code: str
    detail: str


class Problem(_ProblemMembers, total=False):
    """Why a request was refused (RFC 9457). ``code`` is stable and made for programs."""

    errors: list[Fault]


def openapi(operations: Iterable[Operation]) -> Json:
    """Describe operations as OpenAPI 3.1."""
    schemas = _Schemas()
    paths: dict[str, Json] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(
            operation, schemas
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "nettingd",
            "version": version("nettingd"),
            "description": "Nets the orders of many strategies inside few brokerage accounts. "
            "Decimals travel as texts, times as ISO 8601 in UTC.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.named.items())),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "nettingd"},
            },
        },
    }


def _operation(operation: Operation, schemas: _Schemas) -> Json:
    described: Json = {
        "summary": operation.summary,
        "operationId": _name(operation),
        "security": _SCHEMES[operation.access],
        "responses": {
            str(status): _answer(each, schemas) for status, each in operation.answers.items()
        },
    }
    for status, codes in operation.problems().items():
        problem = _problem(status, codes, schemas)
        if any(HTML in answer.media for answer in operation.answers.values()):
            problem["content"][HTML] = {"schema": {"type": "string"}}
        answer = described["responses"].setdefault(str(status.value), problem)
        answer["content"] |= problem["content"]
    parameters = [
        *(_parameter(each, "path") for each in operation.in_path),
        *(_parameter(each, "query") for each in operation.query),
        *(_parameter(each, "header") for each in operation.headers),
    ]
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        described["requestBody"] = {
            "required": operation.body_required,
            "content": {JSON: {"schema": schemas.of(operation.body, "validation")}},
        }
    return described


def _name(operation: Operation) -> str:
    words = operation.path.replace("{", "").replace("}", "").replace(".", "_").strip("/")
    return f"{operation.method.lower()}_{words.replace('/', '_').replace('-', '_')}"


def _parameter(parameter: Parameter, place: str) -> Json:
    return {
        "name": parameter.name,
        "in": place,
        "required": place == "path",
        "description": parameter.text,
        "schema": dict(parameter.schema),
    }


def _answer(answer: Answer, schemas: _Schemas) -> Json:
    described: Json = {"description": answer.text}
    if answer.media:
        described["content"] = {
            media: {
                "schema": schemas.of(answer.model, "serialization")
                if media in {JSON, STREAM}
                else {"type": "string"}
            }
            for media in answer.media
        }
    return described


def _problem(status: HTTPStatus, codes: list[ErrorCode], schemas: _Schemas) -> Json:
    return {
        "description": f"{status.phrase}: {', '.join(codes)}",
        "content": {PROBLEM_TYPE: {"schema": schemas.of(Problem, "serialization")}},
    }


class _Schemas:
    """The schemas of types. Those of objects stand in one place and are referred to."""

    def __init__(self) -> None:
        self.named: Json = {}
        self._known: dict[tuple[int, str], Json] = {}

    def of(self, model: object, mode: _Mode) -> Json:
        """Return the schema of a type; each is made once, which is what takes the time."""
        key = (id(model), mode)  # the operations keep their models alive
        if key not in self._known:
            self._known[key] = self._made(model, mode)
        return self._known[key]

    def _made(self, model: object, mode: _Mode) -> Json:
        adapter: TypeAdapter[object] = TypeAdapter(model)  # type: ignore[arg-type] # made of types
        schema = adapter.json_schema(ref_template=_REF, mode=mode)
        self.named.update(schema.pop("$defs", {}))
        title = schema.get("title")
        if schema.get("type") == "object" and isinstance(title, str) and "$ref" not in schema:
            self.named[title] = schema
            return {"$ref": _REF.format(model=title)}
        return schema
