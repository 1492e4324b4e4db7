"""More than a daemon can take, and a week of what it takes every day."""
