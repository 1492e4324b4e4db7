"""Work that comes back: every so often, or at times of the market's day."""
