"""Every benchmark: ``make bench``."""

from __future__ import annotations

from tests.bench import listing, loc, netting, pages, rebalancing, twap, webhook

if __name__ == "__main__":
    netting.main()
    loc.main()
    rebalancing.main()
    listing.main([])
    pages.main([])
    twap.main()
    webhook.main()
