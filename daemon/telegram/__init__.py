"""Commands to the bot: what a person may ask and do from a chat.

``listener`` hears and sorts out who may; ``commands`` says what each word means; ``looks`` answers
what changes nothing; ``actions`` are asked about first; ``questions`` keeps what was asked until a
button is pressed.
"""

from __future__ import annotations
