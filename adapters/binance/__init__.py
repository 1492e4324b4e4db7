"""Binance, spot and USD-M futures, spoken directly."""

from __future__ import annotations
