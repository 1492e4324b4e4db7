"""Malformed webhooks by the thousand, against a daemon that serves good ones meanwhile."""
