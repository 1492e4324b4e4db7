"""What all tables of the configuration have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of known keys: frozen, no key beyond those, errors that show no values."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
