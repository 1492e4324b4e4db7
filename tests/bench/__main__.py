"""Every benchmark: ``make bench``."""

from __future__ import annotations

from tests.bench import loc, netting, webhook

if __name__ == "__main__":
    netting.main()
    loc.main()
    webhook.main()
