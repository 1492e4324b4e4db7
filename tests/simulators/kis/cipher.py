"""Notices are encrypted: AES-256-CBC with PKCS#7, base64 around it, a key for each registration."""

from __future__ import annotations

import base64
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

if TYPE_CHECKING:
    from random import Random

KEY_LENGTH = 32
IV_LENGTH = 16
BLOCK_BITS = 128
CHARACTERS = string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True)
class Secret:
    """``key`` and ``iv`` as the acknowledgement spells them: their bytes are what counts."""

    key: str
    iv: str

    @classmethod
    def make(cls, random: Random) -> Secret:
        def text(length: int) -> str:
            return "".join(random.choice(CHARACTERS) for _ in range(length))

        return cls(text(KEY_LENGTH), text(IV_LENGTH))

    def encrypt(self, text: str) -> str:
        padder = PKCS7(BLOCK_BITS).padder()
        padded = padder.update(text.encode()) + padder.finalize()
        cipher = Cipher(algorithms.AES(self.key.encode()), modes.CBC(self.iv.encode())).encryptor()
        return base64.b64encode(cipher.update(padded) + cipher.finalize()).decode()
