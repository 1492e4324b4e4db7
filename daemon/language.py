"""In which language somebody is answered: the first they ask for that there is, else another."""

from __future__ import annotations

from daemon.config.service import Locale

RANGES_MAX = 20
"""Nobody speaks more languages than this; the rest of the header is not looked at."""


def locale_for(accepted: str, otherwise: Locale) -> Locale:
    """Read ``Accept-Language`` (RFC 9110, 12.5.4); what is no such header names no language."""
    ranges: list[tuple[float, Locale]] = []
    for part in accepted.split(",")[:RANGES_MAX]:
        name, _, parameter = part.strip().partition(";")
        language = name.strip().partition("-")[0].lower()
        if language in set(Locale):
            ranges.append((_weight(parameter), Locale(language)))
    wanted = [each for each in ranges if each[0] > 0]
    # Of equal weights the first one counts, as max() has it.
    return max(wanted, key=lambda each: each[0])[1] if wanted else otherwise


def _weight(parameter: str) -> float:
    key, _, value = parameter.strip().partition("=")
    if not key:
        return 1.0
    try:
        return float(value) if key.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0
