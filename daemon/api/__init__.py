"""What the daemon answers over HTTP: requests decoded and checked, answers written."""
