"""Asks the running daemon, as the person who may read its admin token."""

from __future__ import annotations

import http.client
import ssl
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

import orjson

from daemon.cli.voice import live_in, warn
from daemon.config import ConfigErrors, ensure_admin_token, load_config
from daemon.service.address import noted_address
from daemon.service.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from daemon.config import Config

    Item = Mapping[str, object]
    Document = dict[str, object]

TIMEOUT_S = 30.0
PAGE = 500
_LOCAL = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what listens everywhere is here too


_EXITS: Mapping[int, Exit] = {
    http.HTTPStatus.BAD_REQUEST: Exit.BAD_INPUT,
    http.HTTPStatus.UNAUTHORIZED: Exit.NOT_REACHABLE,
    http.HTTPStatus.TOO_MANY_REQUESTS: Exit.NOT_REACHABLE,
}


class NotReachableError(Exception):
    """No daemon answers, or not as one does."""


class RefusedError(Exception):
    """The daemon refused the request; the message says why, a line for each fault."""

    def __init__(self, status: int, problem: Document) -> None:
        errors = problem.get("errors")
        lines = [f"{problem.get('code', status)}: {problem.get('detail', '')}"]
        if isinstance(errors, list):
            lines = [f"{each['path']}: {each['message']}" for each in errors]
        super().__init__("\n".join(lines))
        self.exit = _EXITS.get(status, Exit.FAILED)


class Caller:
    """Asks a daemon, with the admin token."""

    def __init__(self, url: str, token: str, certificate: Path | None = None) -> None:
        self.url = url
        self._token = token
        self._certificate = certificate

    @classmethod
    def of(cls, config: Config) -> Caller:
        """Find the daemon of a configuration: where it says it is, or else where it should be."""
        url = noted_address(config.daemon.data_dir)
        if url is None:
            scheme = "http" if config.http.tls is None else "https"
            url = f"{scheme}://{_host(config.http.host)}:{config.http.port}"
        certificate = None if config.http.tls is None else config.http.tls.certificate
        return cls(url, ensure_admin_token(config).reveal(), certificate)

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Document]:
        """Return status and document, whatever they say. Raises NotReachableError."""
        connection = self._connection()
        headers = {"Authorization": f"Bearer {self._token}"}
        data = None if body is None else orjson.dumps(body)
        try:
            connection.request(method, path, body=data, headers=headers)
            answer = connection.getresponse()
            document = orjson.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NotReachableError(f"no daemon answers at {self.url}: {error}") from error
        finally:
            connection.close()
        if not isinstance(document, dict):
            raise NotReachableError(f"what answers at {self.url} is no nettingd")
        return answer.status, document

    def get(self, path: str, **query: str | None) -> Document:
        """Return a document. Raises NotReachableError and RefusedError."""
        words = urlencode({key: value for key, value in query.items() if value is not None})
        return self._taken(*self.ask("GET", f"{path}?{words}" if words else path))

    def post(self, path: str, body: object) -> Document:
        """Have something done. Raises NotReachableError and RefusedError."""
        return self._taken(*self.ask("POST", path, body))

    def all_of(self, name: str, **query: str | None) -> list[Item]:
        """Return every item of a list, page by page."""
        return self.some_of(name, None, **query)

    def some_of(self, name: str, most: int | None, **query: str | None) -> list[Item]:
        """Return the first items of a list, page by page; ``most`` None: all."""
        items: list[Item] = []
        after: str | None = None
        while True:
            limit = PAGE if most is None else min(PAGE, most - len(items))
            page = self.get(f"/api/{name}", **query, limit=str(limit), after=after)
            found, cursor = page.get("items"), page.get("next")
            if not isinstance(found, list):
                raise NotReachableError(f"what answers at {self.url} is no nettingd")
            items += found
            if cursor is None or (most is not None and len(items) >= most):
                return items
            after = str(cursor)

    def _taken(self, status: int, document: Document) -> Document:
        """Let pass what is an answer; a problem is raised."""
        if "code" in document and "detail" in document:
            raise RefusedError(status, document)
        return document

    def _connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        host = _host(parts.hostname or "")
        if parts.scheme == "http":
            return http.client.HTTPConnection(host, parts.port, timeout=TIMEOUT_S)
        # The certificate names the public host, not this one: it must be the very same instead.
        context = ssl.create_default_context(cafile=self._certificate)
        context.check_hostname = False
        return http.client.HTTPSConnection(host, parts.port, timeout=TIMEOUT_S, context=context)


def asked(
    command: str,
    config_path: Path,
    environ: Mapping[str, str],
    work: Callable[[Caller], int],
) -> int:
    """Do a command's work with the running daemon; every failure is a line and an exit code."""
    try:
        config = load_config(config_path, environ)
        live_in(config.daemon.timezone)
        return work(Caller.of(config))
    except ConfigErrors as errors:
        warn(f"{errors}\n")
        return Exit.BAD_INPUT
    except NotReachableError as error:
        warn(f"nettingd {command}: {error}\n")
        return Exit.NOT_REACHABLE
    except RefusedError as refused:
        warn("".join(f"nettingd {command}: {line}\n" for line in str(refused).splitlines()))
        return refused.exit


def print_json(document: object) -> None:
    """Print a document for programs."""
    sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")


def quoted(part: str) -> str:
    """Return a text as one part of a path."""
    return quote(part, safe="")


def _host(host: str) -> str:
    return _LOCAL.get(host, host)
