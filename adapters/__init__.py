"""Everything that touches the world outside: brokers, the clock, the database driver.

May import `algorithms`, never `daemon`. Each kind of adapter has one Protocol, and every
implementation of it passes the same contract suite.
"""
