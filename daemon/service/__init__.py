"""The process as a service: its logs, its word to systemd, its health, how it ends."""
