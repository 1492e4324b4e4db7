"""Sharing one amount among several, exactly: the parts always sum to the whole."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.decimals import ZERO, exactly, floor_divide, total

if TYPE_CHECKING:
    from collections.abc import Sequence


def share(amount: Decimal, weights: Sequence[Decimal], step: Decimal) -> list[Decimal]:
    """Split ``amount`` (>= 0) in proportion to ``weights`` (>= 0, one of them above), in steps.

    Largest remainder: everybody gets the whole steps of their share; the steps left over go, one
    each, to those who lost most by that, ties to the first. What is less than a step goes to the
    first of these, so that nothing of the amount is lost. Raises ValueError without any weight.
    """
    whole = total(weights)
    if not whole:
        raise ValueError("nobody to share with")
    with exactly():
        steps = [floor_divide(amount * weight, whole * step) for weight in weights]
        parts = [step * Decimal(count) for count in steps]
        # What each lost, times the sum of all weights: compared without a division.
        lost = [amount * weight - part * whole for weight, part in zip(weights, parts, strict=True)]
        left = amount - total(parts)
        neediest = sorted(range(len(parts)), key=lambda n: -lost[n])
        for n in neediest:
            if left < step:
                break
            parts[n] += step
            left -= step
        parts[neediest[0]] += left
    return parts


def share_by_position(amount: Decimal, held: Sequence[Decimal], step: Decimal) -> list[Decimal]:
    """Split ``amount``, paid for the sum of what is ``held``, among long and short positions.

    Everybody gets ``amount`` times their part of the sum, cut to whole steps; one who is held
    against the others gets the opposite sign. What the cutting leaves goes to the largest
    position, so that the parts sum to the amount. Raises ValueError where the sum is zero.
    """
    whole = total(held)
    if not whole:
        raise ValueError("nobody to share with")
    with exactly():
        parts = []
        for units in held:
            steps = floor_divide(abs(amount * units), abs(whole) * step)
            opposite = (amount < ZERO) != ((units < ZERO) != (whole < ZERO))
            parts.append(-step * steps if opposite else step * steps)
        largest = max(range(len(held)), key=lambda n: abs(held[n]))
        parts[largest] += amount - total(parts)
    return parts
