"""Every benchmark: ``make bench``."""

from __future__ import annotations

from tests.bench import netting, webhook

if __name__ == "__main__":
    netting.main()
    webhook.main()
