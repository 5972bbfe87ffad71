"""httpx without its command line, which would load rich and pygments wherever events are sent."""

import sys

COMMAND_LINE = "httpx._main"
_is_first = "httpx" not in sys.modules
if _is_first:
    sys.modules[COMMAND_LINE] = None  # type: ignore[assignment]  # so Python, and httpx, take it for missing

import httpx  # noqa: E402  # what is above must come first

if _is_first:
    del sys.modules[COMMAND_LINE]

__all__ = ["httpx"]
