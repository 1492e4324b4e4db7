"""Every benchmark: ``make bench``."""

from __future__ import annotations

from tests.bench import listing, loc, netting, twap, webhook

if __name__ == "__main__":
    netting.main()
    loc.main()
    listing.main([])
    twap.main()
    webhook.main()
