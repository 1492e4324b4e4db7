"""How numbers are written on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


def text(value: Decimal) -> str:
    """Write an amount as replies do: a string with eight decimals."""
    return f"{value:.8f}"
