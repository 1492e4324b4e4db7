"""Pages: a header that says whether more follow, and context keys to ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.simulators.kis.refusals import TEXTS, field_wrong, refused

if TYPE_CHECKING:
    from tests.simulators.kis.calls import Call
    from tests.simulators.kis.switches import Switches

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Row]
    context: dict[str, str]
    tr_cont: str
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class Pager:
    """How one inquiry is divided. ``width``: of the context keys, which are named after it."""

    size: int
    width: int = 100
    separator: str = "!^"

    def page(
        self, call: Call, rows: list[tuple[str, Row]], switches: Switches, version: int = 0
    ) -> Page:
        """Return the page a call asks for. A row's key must stay its own; versions count changes.

        Raises Refused if the data changed between the pages, where ``switches`` say so.
        """
        name = f"ctx_area_fk{self.width}", f"ctx_area_nk{self.width}"
        asked = self._asked(call)
        start = 0
        if call.continues:
            if call.params[name[0].upper()].strip() != asked:
                raise field_wrong(name[0].upper())
            start = self._start(call.params[name[1].upper()].strip(), rows, switches, version)
        shown = rows[start : start + self.size]
        if start + self.size < len(rows):
            after = f"{shown[-1][0]}{self.separator}{version}"
            context = {name[0]: asked.ljust(self.width), name[1]: after.ljust(self.width)}
            return Page([row for _, row in shown], context, switches.page_status)
        ends = {
            "blank": {name[0]: asked.ljust(self.width), name[1]: " " * self.width},
            "static": {
                name[0]: asked.ljust(self.width),
                name[1]: (f"{shown[0][0] if shown else ''}{self.separator}{version}").ljust(
                    self.width
                ),
            },
            "absent": dict[str, str](),
        }
        end = switches.end_status
        return Page([row for _, row in shown], ends[switches.end_keys], end, is_last=True)

    def _asked(self, call: Call) -> str:
        skip = ("CTX_AREA", "ACNT_PRDT_CD")
        values = [value for name, value in call.params.items() if not name.startswith(skip)]
        return self.separator.join(values)[: self.width].strip()

    def _start(
        self, key: str, rows: list[tuple[str, Row]], switches: Switches, version: int
    ) -> int:
        """Return where the next page begins: after the end, the last page comes again."""
        last = max(len(rows) - 1, 0) // self.size * self.size
        if not key:
            return last
        row, _, seen = key.rpartition(self.separator)
        if switches.pages_notice_changes and seen != str(version):
            raise refused("1", "SYDB0050", TEXTS["SYDB0050"])
        places = [place for place, (each, _) in enumerate(rows) if each == row]
        if not places:
            raise refused("1", "SYDB0050", TEXTS["SYDB0050"])
        return places[0] + 1 if places[0] + 1 < len(rows) else last
