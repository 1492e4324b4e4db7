"""The command line: one function for each command, each importing only what it needs."""
