"""The house rules that linters do not know. Each test names every offender at once.

After TigerBeetle's `src/tidy.zig` and mitmproxy's `test/filename_matching.py`.
"""

from __future__ import annotations

import ast
import gc
import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("algorithms", "adapters", "daemon")
TEXT_SUFFIXES = {".css", ".html", ".js", ".md", ".py", ".sql", ".toml"}

FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 500
README_LINES_MAX = 130
TINY_MODULE_LINES = 60
"""A module up to this long may be tested in a file named after its package."""

ENTRY_POINTS = {"daemon.__main__", "daemon.cli.main", "daemon.config.reference"}

TASK_STARTER = "adapters/tasks.py"

NO_MIRROR = {
    "daemon/brokers/binance.py": "a venue's half of brokers; test_brokers tells their stories",
    "daemon/brokers/kis.py": "a venue's half of brokers; test_brokers tells their stories",
    "daemon/__main__.py": "hands over to daemon.cli.main; every test of a process goes through it",
    "daemon/execution/backlog.py": "requests that wait; test_desk tells their stories",
    "daemon/execution/enquiries.py": "prices before an order; test_desk tells their stories",
    "daemon/execution/lanes.py": "waiting behind a cancel; test_desk tells their stories",
    "daemon/execution/waiters.py": "who waits for an answer; test_desk tells their stories",
}
"""Modules without a test file of their own, and why."""

NOT_IMPORTED = {
    "adapters.virtual_time": "drives the clock of tests and simulations; ships for their authors",
    "daemon.testing": "runs the daemon inside tests; ships for those who write rules",
    "daemon.testing.loops": "part of daemon.testing",
    "daemon.testing.running": "part of daemon.testing",
    "daemon.testing.safety": "part of daemon.testing",
    "daemon.testing.wire": "part of daemon.testing",
}
"""Modules that no entry point reaches, and why they stay."""


@dataclass(frozen=True, slots=True)
class Source:
    """A Python file. path: relative to the repository's root."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def module(self) -> str:
        parts = self.path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def lines(self) -> int:
        return self.text.count("\n")

    def at(self, node: ast.expr | ast.stmt) -> str:
        return f"{self.path}:{node.lineno}"


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    texts = [(path, path.read_text(encoding="utf-8")) for path in paths]
    gc.disable()  # trees are kept: walking them again and again would take most of the time
    try:
        return tuple(Source(path.relative_to(ROOT), text, ast.parse(text)) for path, text in texts)
    finally:
        gc.freeze()
        gc.enable()


def product() -> tuple[Source, ...]:
    return sources(*PACKAGES)


def everything() -> tuple[Source, ...]:
    return product() + sources("tests")


def none_of(complaints: Iterable[str], rule: str) -> None:
    found = list(complaints)
    if found:
        pytest.fail("\n  ".join([f"{rule} ({len(found)}):", *found]), pytrace=False)


def test_functions_fit_a_screen() -> None:
    none_of(
        (
            f"{source.at(node)} {node.name}: {length} lines"
            for source in everything()
            for node in ast.walk(source.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
        ),
        f"functions have at most {FUNCTION_LINES_MAX} lines",
    )


def test_files_hold_one_thing() -> None:
    none_of(
        (
            f"{source.path}: {source.lines} lines"
            for source in everything()
            if source.lines > FILE_LINES_MAX
        ),
        f"files have at most {FILE_LINES_MAX} lines",
    )


def texts() -> Iterator[tuple[Path, str]]:
    folders = [ROOT / folder for folder in (*PACKAGES, "tests", "docs")]
    nested = [path for folder in folders for path in folder.rglob("*")]
    for path in [*ROOT.glob("*"), *nested]:
        if path.is_file() and (path.suffix in TEXT_SUFFIXES or path.name == "Makefile"):
            yield path.relative_to(ROOT), path.read_text(encoding="utf-8")


def test_nothing_is_left_for_later() -> None:
    leftover = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")  # does not match itself
    none_of(
        (
            f"{path}:{number}: {line.strip()}"
            for path, text in texts()
            for number, line in enumerate(text.splitlines(), start=1)
            if leftover.search(line)
        ),
        "what is to be done is an issue, not a comment",
    )


def test_no_comment_is_a_banner() -> None:
    banner = re.compile(r"^\s*#.*[-=#~*]{5}")
    none_of(
        (
            f"{source.path}:{number}"
            for source in everything()
            for number, line in enumerate(source.text.splitlines(), start=1)
            if banner.match(line)
        ),
        "what needs a banner wants to be a file of its own",
    )


def has_code(source: Source) -> bool:
    """Tell whether a package's `__init__` does more than describe and re-export."""
    harmless = ast.Import | ast.ImportFrom | ast.Expr | ast.Assign
    return not all(isinstance(node, harmless) for node in source.tree.body)


def mirrors(source: Source) -> list[Path]:
    """List the test files of which one must exist, the usual one first.

    The contract suite of a Protocol tests the module that defines it and those that fulfil it.
    """
    package = Path("tests") / source.path.parent
    named_after_package = [
        package.parent / f"test_{package.name}.py",
        package / f"test_{package.name}.py",
    ]
    if source.path.name == "__init__.py":
        return named_after_package
    name = f"test_{source.path.stem.lstrip('_')}.py"
    own = [package / name, Path("tests/contracts") / name]
    return own + named_after_package if source.lines <= TINY_MODULE_LINES else own


def has_tests(source: Source) -> bool:
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign):  # a state machine's TestCase
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        else:
            continue
        if any(name.startswith(("test_", "Test")) for name in names):
            return True
    return False


def test_every_module_has_its_test_file() -> None:
    existing = {source.path for source in sources("tests") if has_tests(source)}
    untested = {
        source.path.as_posix(): mirrors(source)[0]
        for source in product()
        if (source.path.name != "__init__.py" or has_code(source))
        and existing.isdisjoint(mirrors(source))
    }
    none_of(
        (f"{path}: no {test}" for path, test in untested.items() if path not in NO_MIRROR),
        "each module has a test file of its name",
    )
    none_of(NO_MIRROR.keys() - untested.keys(), "exceptions that are none any more")


def imported_by(source: Source) -> Iterator[str]:
    """Yield the dotted names a file imports; a name may be a module or something in one.

    A string that is a module's dotted name counts: commands are imported by name when chosen.
    """
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def with_parents(module: str) -> Iterator[str]:
    parts = module.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def test_every_module_is_reached_from_an_entry_point() -> None:
    modules = {source.module: source for source in product()}
    reached: set[str] = set()
    waiting = list(ENTRY_POINTS)
    while waiting:
        for module in with_parents(waiting.pop()):
            if module in modules and module not in reached:
                reached.add(module)
                waiting.extend(imported_by(modules[module]))
    dead = {name for name, source in modules.items() if source.tree.body} - reached
    none_of(sorted(dead - NOT_IMPORTED.keys()), "modules that nothing runs")
    none_of(NOT_IMPORTED.keys() - dead, "exceptions that are none any more")


def impurity(node: ast.AST) -> str | None:
    match node:
        case ast.Constant(value=float() | complex() as number):
            return f"the literal {number}"
        case ast.Name(id="float" | "complex" | "open" | "print" | "input" as name):
            return name
        case ast.Await() | ast.AsyncFunctionDef() | ast.AsyncWith() | ast.AsyncFor():
            return "async"
        case _:
            return None


def test_algorithms_know_no_float_and_no_await() -> None:
    none_of(
        (
            f"{source.path}:{getattr(node, 'lineno', '?')} uses {what}"
            for source in sources("algorithms")
            for node in ast.walk(source.tree)
            if (what := impurity(node))
        ),
        "algorithms are exact and pure",
    )


def task_groups(tree: ast.Module) -> set[str]:
    """Collect the names bound by `async with asyncio.TaskGroup() as name`."""
    return {
        item.optional_vars.id
        for node in ast.walk(tree)
        if isinstance(node, ast.AsyncWith)
        for item in node.items
        if isinstance(item.optional_vars, ast.Name)
        and ast.unparse(item.context_expr).endswith("TaskGroup()")
    }


def naked_tasks(source: Source) -> Iterator[str]:
    groups = task_groups(source.tree)
    for node in ast.walk(source.tree):
        match node:
            case ast.Attribute(attr="create_task" | "ensure_future"):
                if ast.unparse(node.value) not in groups:
                    yield f"{source.at(node)} {ast.unparse(node)}"
            case ast.ImportFrom(module="asyncio"):
                for alias in node.names:
                    if alias.name in {"create_task", "ensure_future"}:
                        yield f"{source.at(node)} imports {alias.name}"
            case _:
                pass


def test_tasks_are_started_by_their_supervisor_or_a_task_group() -> None:
    none_of(
        (
            complaint
            for source in everything()
            if source.path.as_posix() != TASK_STARTER
            for complaint in naked_tasks(source)
        ),
        f"a task that nobody owns may vanish with its error; see {TASK_STARTER}",
    )


def test_no_ban_is_lifted_in_place() -> None:
    lifted = re.compile(r"noqa:.*\bTID25" + r"1\b")
    none_of(
        (
            f"{source.path}:{number}"
            for source in everything()
            for number, line in enumerate(source.text.splitlines(), start=1)
            if lifted.search(line)
        ),
        "the clock and the starting of tasks are banned elsewhere for good",
    )


def test_no_class_is_lent_what_it_has_not() -> None:
    lent = re.compile(r"setattr\(type\(.*raising=False|setattr\([A-Z]\w*,.*raising=False")
    none_of(
        (
            f"{source.path}:{number}"
            for source in everything()
            for number, line in enumerate(source.text.splitlines(), start=1)
            if lent.search(line) and source.path.name != "test_tidy.py"
        ),
        "isinstance() remembers that a class met a protocol, also when the test is over: patch the"
        " one object",
    )


def strays(source: Source) -> Iterator[str]:
    """Find strings that describe the name above them, where there is none."""
    for node in ast.walk(source.tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        for above, each in pairwise(body):
            match each:
                case ast.Expr(value=ast.Constant(value=str())):
                    if not isinstance(above, ast.Assign | ast.AnnAssign):
                        yield source.at(each)
                case _:
                    pass


def test_what_describes_a_name_stands_below_it() -> None:
    none_of((place for source in everything() for place in strays(source)), "stray strings")


FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)")
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)


def documents() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@cache
def anchors(document: Path) -> frozenset[str]:
    """Name the headings as the usual forges do: lower case, dashes, a number if repeated."""
    seen: Counter[str] = Counter()
    names: set[str] = set()
    for title in HEADING.findall(FENCED.sub("", document.read_text(encoding="utf-8"))):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        names.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return frozenset(names)


def broken_links(document: Path) -> Iterator[str]:
    for link in LINK.findall(FENCED.sub("", document.read_text(encoding="utf-8"))):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue  # outside the repository
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        exists = target.exists() and target.is_relative_to(ROOT)
        if not exists or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            yield f"{document.relative_to(ROOT)}: {link}"


def test_links_between_documents_lead_somewhere() -> None:
    none_of((link for each in documents() for link in broken_links(each)), "broken links")


def test_the_readme_can_be_read_in_one_go() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").count("\n")
    assert lines < README_LINES_MAX


def pins(name: str) -> dict[str, str]:
    """Map each locked requirement (a distribution with its marker, if any) to its version."""
    locked: dict[str, str] = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        requirement = line.partition("#")[0].strip()
        pin = re.fullmatch(r"([a-z0-9.-]+)==([\w.!+]+)( ; .+)?", requirement)
        assert pin, f"{name} holds exact pins only: {line}"
        locked[pin[1] + (pin[3] or "")] = pin[2]
    return locked


def test_both_locks_agree_and_cover_what_is_asked_for() -> None:
    runtime, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert runtime.items() <= dev.items()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [re.split(r"[<>=\[]", wanted)[0] for wanted in project["dependencies"]]
    assert set(asked) <= runtime.keys()
    tools = [re.split(r"[<>=\[]", wanted)[0] for wanted in project["optional-dependencies"]["dev"]]
    assert set(tools) <= dev.keys()
    with_ccxt = pins("requirements-ccxt.lock")
    (bridge,) = project["optional-dependencies"]["ccxt"]
    assert set(asked) <= with_ccxt.keys()
    assert f"ccxt=={with_ccxt['ccxt']}" == bridge
