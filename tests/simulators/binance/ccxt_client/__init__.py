"""The unmodified ccxt and ccxt.pro clients, which we did not write, use the simulator."""
