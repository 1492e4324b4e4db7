"""Load, kill -9, restart, verify: what a daemon promises, tried on the real process."""
