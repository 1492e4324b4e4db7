"""A refusal, as both venues send it: a code and a text. Codes are stable, texts are not."""

from __future__ import annotations


class ApiError(Exception):
    """The request is refused, and nothing of it was done."""

    def __init__(self, code: int, message: str, *, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status

    @property
    def body(self) -> dict[str, object]:
        return {"code": self.code, "msg": self.message}


def missing(name: str) -> ApiError:
    return ApiError(
        -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    )


def unknown_symbol() -> ApiError:
    return ApiError(-1121, "Invalid symbol.")


def illegal(name: str) -> ApiError:
    return ApiError(-1100, f"Illegal characters found in parameter '{name}'.")


def no_such_order() -> ApiError:
    return ApiError(-2013, "Order does not exist.")


def nothing_to_cancel() -> ApiError:
    return ApiError(-2011, "Unknown order sent.")


def bad_key() -> ApiError:
    return ApiError(-2015, "Invalid API-key, IP, or permissions for action.", status=401)
