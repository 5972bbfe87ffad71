"""An error as Meta answers it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import orjson

from syncer.sandbox.wording import Locale, wording

Path = tuple[str | int, ...]
"""Keys down to a value, such as `("data", 3, "user_data", "em")`."""

Hints = Literal["none", "object", "text"]
"""How an error says which value is to blame: not at all, as an object, or as JSON inside a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One error: its numbers, and what it is about."""

    code: int
    subcode: int | None = None
    status: int = 400
    type: str = "OAuthException"
    """OAuthException even for plain data errors; GraphMethodException occurs for ids."""
    message: str
    is_transient: bool | None = None
    path: Path = ()
    event: int | None = None
    """Index of the event to blame, where an event is to blame."""

    def at(self, event: int) -> "Refusal":
        """Return the same error, blamed on the event at this index of `data`."""
        return replace(self, event=event, path=("data", event, *self.path))

    def envelope(
        self, trace_id: str, *, locale: Locale = "en", hints: Hints = "none", blame: Path | None = None
    ) -> object:
        """Return the JSON document of the answer; `blame` is a path to name in place of the true one.

        Only `message`, `type`, `code` and `fbtrace_id` are always there.
        """
        error: dict[str, object] = {"message": self.message, "type": self.type, "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.is_transient is not None:
            error["is_transient"] = self.is_transient
        texts = wording(self.subcode, locale)
        if texts:
            error["error_user_title"], error["error_user_msg"] = texts
        blamed = blame or self.path
        if blamed and hints != "none":
            error["error_data"] = _hint(blamed, as_text=hints == "text")
        error["fbtrace_id"] = trace_id
        return {"error": error}


def _hint(path: Path, *, as_text: bool) -> object:
    data = {"blame_field_specs": [[str(key) for key in path]]}
    return orjson.dumps(data).decode() if as_text else data


def invalid(subcode: int, path: Path = ()) -> Refusal:
    """Return the data error of a known subcode."""
    return Refusal(code=100, subcode=subcode, message="Invalid parameter", is_transient=False, path=path)


def bad_parameter(path: Path, what: str) -> Refusal:
    """Return a data error without subcode: the parameter at `path` is not as documented."""
    return Refusal(code=100, message=f"(#100) Param {spelled(path)} {what}", is_transient=False, path=path)


def spelled(path: Sequence[str | int]) -> str:
    """Return `user_data[em][0]` for `("user_data", "em", 0)`."""
    first, *rest = path
    return str(first) + "".join(f"[{key}]" for key in rest)
