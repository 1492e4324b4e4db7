"""Telling people outside, without ever being in the way of an order.

A notice is stored with the change it reports, and waits there. ``outbox`` knows who was told
what; a ``courier`` for each notifier takes what waits to its ``channel``, as one ``digest``;
``office`` opens and ends couriers as the configuration says.
"""

from __future__ import annotations
