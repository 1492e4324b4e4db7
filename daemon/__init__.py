"""Everything that runs: configuration, storage, execution, HTTP, the command line.

May import from ``adapters`` and ``algorithms``; nothing imports from here but tests.
"""
