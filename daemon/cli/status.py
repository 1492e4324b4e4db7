"""``nettingd status``: how things stand, asked of the running daemon over HTTP."""

from __future__ import annotations

import http.client
import ssl
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import orjson

from daemon.address import noted_address
from daemon.cli.table import table
from daemon.config import ConfigErrors, ensure_admin_token, load_config
from daemon.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from daemon.config import Config

    Item = Mapping[str, object]

TIMEOUT_S = 10.0
PAGE = 500
LISTS = ("accounts", "books", "positions", "open-orders")
_LOCAL = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what listens everywhere is here too


class NotReachableError(Exception):
    """No daemon answers, or not as one does."""


def status(config_path: Path, environ: Mapping[str, str], *, as_json: bool) -> int:
    """Print accounts, positions, open orders and whether the daemon is ready.

    Returns 0 when it answers, ready or not; 2 for a wrong configuration, 5 without an answer.
    """
    try:
        config = load_config(config_path, environ)
        caller = Caller.of(config)
        report = _report(caller)
    except ConfigErrors as errors:
        sys.stderr.write(f"{errors}\n")
        return Exit.BAD_INPUT
    except NotReachableError as error:
        sys.stderr.write(f"nettingd status: {error}\n")
        return Exit.NOT_REACHABLE
    if as_json:
        sys.stdout.write(orjson.dumps(report, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        sys.stdout.write(_text(report))
    return Exit.OK


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

    def get(self, path: str) -> tuple[int, dict[str, object]]:
        """Return status and document. Raises NotReachableError."""
        connection = self._connection()
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {self._token}"})
            answer = connection.getresponse()
            document = orjson.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NotReachableError(f"no daemon answers at {self.url}: {error}") from error
        finally:
            connection.close()
        if not isinstance(document, dict):
            raise NotReachableError(f"what answers at {self.url} is no nettingd")
        return answer.status, document

    def all_of(self, name: str) -> list[Item]:
        """Return every item of a list, page by page."""
        items: list[Item] = []
        after = ""
        while True:
            code, page = self.get(f"/api/{name}?limit={PAGE}{after}")
            found = page.get("items")
            if code != http.HTTPStatus.OK or not isinstance(found, list):
                raise NotReachableError(f"{self.url}/api/{name}: {code} {page.get('detail', '')}")
            items += found
            cursor = page.get("next")
            if cursor is None:
                return items
            after = f"&after={quote(str(cursor), safe='')}"

    def _connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        host = _host(parts.hostname or "")
        if parts.scheme == "http":
            return http.client.HTTPConnection(host, parts.port, timeout=TIMEOUT_S)
        # The certificate names the public host, not this one: it must be the very same instead.
        context = ssl.create_default_context(cafile=self._certificate)
        context.check_hostname = False
        return http.client.HTTPSConnection(host, parts.port, timeout=TIMEOUT_S, context=context)


def _host(host: str) -> str:
    return _LOCAL.get(host, host)


def _report(caller: Caller) -> dict[str, object]:
    _, readiness = caller.get("/ready")
    lists = {name.replace("-", "_"): caller.all_of(name) for name in LISTS}
    return {"url": caller.url, "readiness": readiness, **lists}


def _text(report: Mapping[str, object]) -> str:
    parts = [_readiness(report)]
    for name, columns in _COLUMNS.items():
        items = report[name]
        assert isinstance(items, list)  # put there by _report
        title = name.replace("_", " ")
        parts.append(f"{title}: {_table(columns, items)}" if items else f"{title}: none\n")
    return "\n".join(parts)


def _readiness(report: Mapping[str, object]) -> str:
    readiness = report["readiness"]
    assert isinstance(readiness, dict)  # a document, as Caller.get has seen to
    lines = [f"{report['url']}: {str(readiness.get('status')).replace('_', ' ')}"]
    reasons = readiness.get("reasons")
    if isinstance(reasons, dict):
        lines += [f"  {name}: {reason}" for name, reason in reasons.items()]
    return "\n".join(lines) + "\n"


_COLUMNS: Mapping[str, Sequence[str]] = {
    "accounts": ("name", "broker", "market", "currency", "halted"),
    "books": ("name", "strategy", "account", ">capital", "halted"),
    "positions": ("account", "book", "asset", ">quantity", ">free", ">average_cost", ">profit"),
    "open_orders": (
        "id",
        "book",
        "symbol",
        "side",
        "order_type",
        ">quantity",
        ">filled",
        ">limit_price",
        "state",
    ),
}


def _table(columns: Sequence[str], items: Sequence[Item]) -> str:
    rows = [[_cell(item.get(name.removeprefix(">"))) for name in columns] for item in items]
    return f"{len(items)}\n" + table([name.replace("_", " ") for name in columns], rows)


def _cell(value: object) -> str:
    return "" if value is None or value is False else str(value)
