"""Every English sentence that is made somewhere in the code and may reach a person.

The net is cast wide: any text of two words counts, wherever it stands. What is no sentence for a
person is let through by the rules below, each with its reason.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.execution.reasons import REASONS
from daemon.sentences import ALONE, SPEAKER, normal
from daemon.service.exits import MEANING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
SEARCHED = ("daemon", "adapters", "algorithms")
OTHERWISE = (
    "daemon/notices.py",  # say() has these, with named values
    "daemon/web/",
    "daemon/labels.py",
    "daemon/telegram/",
    "daemon/loc/words.py",
    "daemon/testing/",  # for programmers
    "daemon/cli/completion.py",  # scripts
    "daemon/storage/",
    "daemon/api/metrics.py",  # English reference
    "daemon/api/openapi.py",
    "daemon/api/docs_page.py",
    "daemon/api/errors.py",
    "daemon/api/operation.py",
    "daemon/config/reference.py",
    "daemon/config/kinds.py",
    "adapters/virtual_time.py",
    "adapters/paper/",  # stands for a broker, whose words are shown as they are
    "adapters/clock.py",  # mistakes of ours, not a person's
    "algorithms/allocation.py",
    "algorithms/executions.py",
    "algorithms/netting.py",
    "algorithms/pairing.py",
    "algorithms/transitions.py",
    "adapters/kis/exchanges.py",
    "daemon/api/lean.py",
)
"""Files whose texts are translated by other means, or are no texts for people."""
WIRE = re.compile(
    r"(fields|reading|notices|signing|wire|register|library|group_commit|transaction|driver"
    r"|outcomes|codes|fitness|session|sessions|tasks|answers|feed|\w+_feed|hub|events|tokens|asking"
    r"|observations|oddities)\.py$"
)
"""Modules of adapters that quote protocols: such words are shown as they are."""
MACHINE = re.compile(
    r"^--[a-z]+ \{0\}$"
    r"|^(SELECT|INSERT|PRAGMA|BEGIN|UPDATE|DELETE|CREATE|HTTP/|default-src|\(\?P|<[a-z{]|Bearer )"
    r"|^seen_at IS NULL|is not modified$"
    r"|^(Callable|dict\[|STATUS=|systemctl |nettingd (\{|ready|verify)|nettingd: |current_price)"
    r"|^[a-z_]+ = ([^{]*[\"\d]$|\{ TQQQ)|charset=|\\\\|^\{\"|; rel="
)
REFERENCE = re.compile(r"^[`A-Z\"0-9].*\.$|^[`A-Z][^{}]*$|^\"?[a-z]+\"?: .*\.$", re.DOTALL)
"""Whole sentences that describe keys, fields and operations in the English reference."""
SILENT_CALLS = {"cast", "TypeVar", "getLogger", "spawn", "start_session"}
OF_BODIES = re.compile(r"_KEYS$")
"""Rows of texts of this name are keys of a request."""
SILENT_KEYWORDS = {"name", "description", "summary", "title", "default_text", "shown"}
SILENT_ERRORS = {"AssertionError", "TypeError", "RuntimeError"}
WORDS_LEAST = 2
SHORT = ("daemon/cli/", "daemon/cancel_preview.py", "algorithms/tiered.py", "daemon/rules/")
COUNTED = re.compile(r"1 |.*\{0\}")
"""With a number or a value, one word is a sentence in these."""
COLUMNS = {
    *(">", ">quantity", ">books", ">target", ">limit_price", ">after_ms"),
    *("account", "account_id", "currency", "from_status", "seen_by", "symbol"),
}
"""A row of texts with one of these names the columns of a table."""
SINGLE = (
    *ALONE,
    "from {0} to {1}",
    "checking",
    "copying",
    "cancelled on request",  # of the paper exchange
    *("halts", "accounts", "books", "positions", "open orders", "ready", "not ready"),
    *("children", "fills", "pairs", "changes", "phases"),
    *("verified", "NOT VERIFIED", "applied", "holds"),
    "options",
    "positional arguments",
    "usage:",
)
"""Headings and sentences of one word."""
JOINING = {
    "a",
    "an",
    "and",
    "at",
    "by",
    "for",
    "from",
    "in",
    "is",
    "it",
    "no",
    "of",
    "on",
    "or",
    "the",
    "to",
}
"""Words that alone make no sentence: too much would look like one of that form."""


def sentences() -> dict[str, str]:
    """Return every sentence, its values numbered, and where it stands."""
    found: dict[str, str] = {}
    for folder in SEARCHED:
        for path in sorted((ROOT / folder).rglob("*.py")):
            place = path.relative_to(ROOT).as_posix()
            if place.startswith(OTHERWISE) or (folder == "adapters" and WIRE.search(place)):
                continue
            tree = ast.parse(path.read_text(encoding="utf-8"))
            if place.startswith("daemon/cli/"):
                found.update(dict.fromkeys(_of_commands(tree), place))
            for text in _texts(tree):
                for line in map(_lines_own, text.split("\n")):
                    if _is_said(line, place):
                        found.setdefault(line, place)
    for text in (*REASONS.values(), *MEANING.values(), *SINGLE):
        found.setdefault(normal(text), "a table")
    return found


def _lines_own(line: str) -> str:
    """Return a line of a text as a sentence of its own, its values numbered from zero."""
    numbers = iter(range(line.count("{")))
    bare = SPEAKER.sub("", line)
    return normal(re.sub(r"\{\d+\}", lambda _: f"{{{next(numbers)}}}", bare))


def _of_commands(tree: ast.Module) -> Iterator[str]:
    """Yield what commands say in single words: helps, and the headings of tables."""
    keys = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and OF_BODIES.search(ast.unparse(node.targets[0]))
    }
    for node in ast.walk(tree):
        if id(node) in keys:
            continue
        match node:
            case ast.keyword(arg="help" | "title", value=ast.Constant(value=str(text))):
                yield normal(text)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                values = [each.value for each in elements if isinstance(each, ast.Constant)]
                texts = [each for each in values if isinstance(each, str)]
                if len(texts) == len(elements) and COLUMNS & set(texts):
                    yield from (
                        each.lstrip(">").replace("_", " ") for each in texts if each.lstrip(">")
                    )
            case _:
                pass


def _is_said(text: str, place: str) -> bool:
    words = re.findall(r"[A-Za-z]{2,}", re.sub(r"\{\d+\}", " ", text))
    counts = COUNTED.match(text) and place.startswith(SHORT)
    least = 1 if counts else WORDS_LEAST
    if len(words) < least or " " not in text or not {*map(str.lower, words)} - JOINING:
        return False
    if MACHINE.search(text):
        return False
    refers = place.startswith(("daemon/api/", "daemon/config/", "daemon/rules/"))
    return not (refers and REFERENCE.search(text))


def _texts(tree: ast.Module) -> Iterator[str]:
    """Yield every text of a module that is not silent, outermost first."""
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        text = template(node)
        if text is not None:
            yield text
            stack += _inside(node)
        else:
            stack += _heard(node)


def template(node: ast.AST) -> str | None:
    """Return a text with its values numbered: ``{0} of {1}``; None for what is no text."""
    parts = _parts(node)
    if parts is None or not any(parts):
        return None
    numbers = iter(range(len(parts)))
    return "".join(f"{{{next(numbers)}}}" if part is None else part for part in parts)


def _parts(node: ast.AST) -> list[str | None] | None:
    """Return a text in parts; None stands for a value."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=values):
            return [part for each in values for part in (_parts(each) or [None])]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            first, second = _parts(left), _parts(right)
            if first is None and second is None:
                return None
            return [*(first or [None]), *(second or [None])]
        case _:
            return None


def _inside(node: ast.AST) -> list[ast.AST]:
    """Return the values of a text, in which further ones may be."""
    match node:
        case ast.JoinedStr(values=values):
            return [each.value for each in values if isinstance(each, ast.FormattedValue)]
        case ast.BinOp(left=left, right=right):
            return [
                inner
                for each in (left, right)
                for inner in (_inside(each) if _parts(each) is not None else [each])
            ]
        case _:
            return []


def _heard(node: ast.AST) -> list[ast.AST]:
    """Return what is below a node, less what nobody is told."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Assert() | ast.AnnAssign(value=None):
            return []
        case ast.AnnAssign(value=value):
            return [] if value is None else [value]
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return [*node.body, *node.args.defaults, *filter(None, node.args.kw_defaults)]
        case ast.Call(func=func):
            owner = getattr(getattr(func, "value", None), "id", "")
            name = getattr(func, "attr", getattr(func, "id", ""))
            if owner in {"log", "re", "words"} or name in SILENT_CALLS | SILENT_ERRORS:
                return []
            spoken = [each.value for each in node.keywords if each.arg not in SILENT_KEYWORDS]
            return [func, *node.args, *spoken]
        case _:
            return list(ast.iter_child_nodes(node))
