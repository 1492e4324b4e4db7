"""`python -m daemon` is the same as `nettingd`."""

from __future__ import annotations

import sys

from daemon.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
