"""Hours at the simulated Binance in which anything may go wrong.

``python -m tests.binance_faults --seeds 1000``. Two bots place, cancel and are filled in two
shared accounts, while calls fail in every way that the exchange has, streams break, and the daemon
is killed. Afterwards no order may be lost or doubled, every fate is settled, and nobody's order
was cancelled but by its own bot.
"""
