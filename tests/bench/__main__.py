"""Every benchmark: ``make bench``."""

from __future__ import annotations

from tests.bench import listing, loc, netting, webhook

if __name__ == "__main__":
    netting.main()
    loc.main()
    listing.main([])
    webhook.main()
