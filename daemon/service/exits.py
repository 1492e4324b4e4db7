"""With which code the program ends, and what that means. The documentation is tested for it."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command; the last two follow the shell's custom of 128 + signal."""

    OK = 0
    FAILED = 1
    BAD_INPUT = 2
    ALREADY_RUNNING = 3
    DATABASE = 4
    NOT_REACHABLE = 5
    INTERRUPTED = 130
    OUTPUT_CLOSED = 141


MEANING: dict[Exit, str] = {
    Exit.OK: "It worked; what was asked is so.",
    Exit.FAILED: "It did not work, or what was asked is not so: an invariant is broken, the "
    "address cannot be listened on, the demonstration went wrong.",
    Exit.BAD_INPUT: "The configuration, an argument or the input is wrong; every fault is named.",
    Exit.ALREADY_RUNNING: "Another daemon works on this data directory.",
    Exit.DATABASE: "The database cannot be used; the message says why and what helps.",
    Exit.NOT_REACHABLE: "No daemon answers, or it does not take the admin token.",
    Exit.INTERRUPTED: "Stopped by Ctrl-C.",
    Exit.OUTPUT_CLOSED: "Whoever read the output went away, as `head` does.",
}
