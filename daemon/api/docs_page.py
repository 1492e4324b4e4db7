"""``GET /api/docs``: the API for people, one page without scripts and without outside resources."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Json = Mapping[str, Any]

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;color:#222;
background:#fff}
h2{border-top:1px solid #ccc;padding-top:1rem;font-size:1.1rem}code{font-size:.95em}
table{border-collapse:collapse;width:100%;margin:.5rem 0}td,th{border-bottom:1px solid #ddd;
padding:.2rem .6rem .2rem 0;text-align:left;vertical-align:top}
label,input,button{font:inherit;display:block;margin:.5rem 0}input{width:100%;max-width:30rem}
@media(prefers-color-scheme:dark){body{background:#161616;color:#ddd}td,th,h2{border-color:#444}
a{color:#9cf}}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
PAGE_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing but this very style: no script, no image, no other host."""


def page(title: str, parts: Iterable[str]) -> str:
    """Put a page around its parts, which are HTML."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1>{''.join(parts)}</body></html>"
    )


def docs_page(document: Json) -> str:
    """Write an OpenAPI document as a page."""
    return page(f"{document['info']['title']} {document['info']['version']}", _parts(document))


def _parts(document: Json) -> Iterator[str]:
    yield f"<p>{escape(document['info']['description'])} "
    yield 'For programs: <a href="/api/openapi.json">openapi.json</a>.</p><ul>'
    operations = [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    for method, path, operation in operations:
        name = escape(operation["operationId"])
        yield f'<li><a href="#{name}"><code>{method} {escape(path)}</code></a></li>'
    yield "</ul>"
    for method, path, operation in operations:
        yield from _operation(method, path, operation)
    yield "<h2>Types</h2>"
    for name, schema in document["components"]["schemas"].items():
        yield from _schema(name, schema)


def _operation(method: str, path: str, operation: Json) -> Iterator[str]:
    name = escape(operation["operationId"])
    yield f'<h2 id="{name}"><code>{method} {escape(path)}</code></h2>'
    yield f"<p>{escape(operation['summary'])}</p>"
    parameters = operation.get("parameters", ())
    if parameters:
        yield "<table><tr><th>Parameter</th><th>In</th><th></th></tr>"
        for each in parameters:
            words = f"{each['description']} {_words(each['schema'])}"
            yield f"<tr><td><code>{escape(each['name'])}</code></td><td>{escape(each['in'])}</td>"
            yield f"<td>{escape(words.strip())}</td></tr>"
        yield "</table>"
    body = operation.get("requestBody")
    if body:
        yield f"<p>Body: {_type(body['content']['application/json']['schema'])}</p>"
    yield "<table><tr><th>Status</th><th></th><th>Holds</th></tr>"
    for status, answer in operation["responses"].items():
        held = " or ".join(
            _type(media["schema"]) if kind.endswith("json") else f"<code>{escape(kind)}</code>"
            for kind, media in answer.get("content", {}).items()
        )
        yield f"<tr><td>{escape(status)}</td><td>{escape(answer['description'])}</td>"
        yield f"<td>{held}</td></tr>"
    yield "</table>"


def _schema(name: str, schema: Json) -> Iterator[str]:
    yield f'<h3 id="{escape(name)}"><code>{escape(name)}</code></h3>'
    if "description" in schema:
        yield f"<p>{escape(schema['description'])}</p>"
    if "enum" in schema:
        yield f"<p>{_type(schema)}</p>"
    properties = schema.get("properties", {})
    if properties:
        yield "<table>"
        for key, value in properties.items():
            note = escape(value.get("description", ""))
            yield f"<tr><td><code>{escape(key)}</code></td><td>{_type(value)}</td>"
            yield f"<td>{note}</td></tr>"
        yield "</table>"


def _words(schema: Json) -> str:
    if "enum" in schema:
        return f"({', '.join(map(str, schema['enum']))})"
    limits = [f"{key} {schema[key]}" for key in ("minimum", "maximum", "default") if key in schema]
    return f"({', '.join(limits)})" if limits else ""


def _type(schema: Json) -> str:
    """Name a type in a few words, with links."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return " or ".join(map(_type, schema[key]))
    if "enum" in schema:
        return " ".join(f"<code>{escape(str(word))}</code>" for word in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    words = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return escape(schema.get("format", words))
