"""Text of a file that may stand for something outside it, resolved when first needed."""

from collections.abc import Callable


class Reference:
    """A text that may hold `${env:NAME}`, `${env:NAME:-default}` or `${file:PATH}`."""

    def __init__(self, text: str, resolve: Callable[[], str] | None = None) -> None:
        """`resolve` gives the value and raises `ConfigError`; without it `text` is the value."""
        self._text = text
        self._resolve = resolve

    @property
    def text(self) -> str:
        """The text as it is written in the file, references unresolved."""
        return self._text

    def resolve(self) -> str:
        """Return the value as it is outside now; raises `ConfigError` where the variable or file is missing."""
        return self._text if self._resolve is None else self._resolve()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._text!r})"


class Secret(Reference):
    """A reference whose value must never be seen: `str`, `repr` and formatting give stars."""

    @property
    def text(self) -> str:
        """The reference as it is written; stars where the value itself was given."""
        return "***" if self._resolve is None else self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"
