"""Log set-up: one line per step on stderr, with everything that looks like a secret or a person struck out."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

QUIET_LIBRARIES = ("httpx", "httpcore", "sqlalchemy", "alembic", "uvicorn", "snowflake", "asyncio")
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
STRUCK_OUT = (
    (re.compile(r"(?i)\b(bearer|oauth)\s+[^\s\"',;]+"), r"\1 ***"),
    (re.compile(r"\bEAA[A-Za-z0-9]{8,}"), "***"),
    (
        re.compile(
            r"(?i)\b((?:\w+_)?(?:access_token|appsecret_proof|password|passwd|secret|token))"
            r"([\"']?\s*=\s*[\"']?|[\"']\s*:\s*[\"']?|:\s*[\"']|:\s*(?!(?:a|an|holds|is|it|no|the|this)\s))"
            r"(?!\$\{)[^\s\"'&,;}]+"
        ),
        r"\1\2***",
    ),
    (re.compile(r"(\w+://[^/\s:@]*):[^@\s/]*@"), r"\1:***@"),
    (re.compile(r"[^\s\"'<>()=,;:]+@[^\s\"'<>()=,;:]+\.[^\s\"'<>()=,;:]+"), "***@***"),
)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def redact(text: str) -> str:
    """Return `text` without tokens, passwords and e-mail addresses, and without characters that steer a terminal."""
    for pattern, instead in STRUCK_OUT:
        text = pattern.sub(instead, text)
    return printable(text)


def printable(text: str) -> str:
    """Return `text` with characters that steer a terminal written out."""
    return CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


class TextFormatter(logging.Formatter):
    """`12:00:01 INFO run.started pipeline=orders`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one redacted line."""
        facts = " ".join(f"{name}={value}" for name, value in _facts(record).items())
        at = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        text = " ".join(f"{at} {record.levelname} {record.getMessage()} {facts}".split("\n")).rstrip()
        if record.exc_info:
            text = f"{text}\n{self.formatException(record.exc_info)}"
        return "\n".join(redact(line) for line in text.splitlines())


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one redacted JSON object."""
        entry: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": redact(record.getMessage()),
        }
        entry |= {name: redact(value) if isinstance(value, str) else value for name, value in _facts(record).items()}
        if record.exc_info:
            entry["exception"] = redact(self.formatException(record.exc_info))
        return json.dumps(entry, default=lambda value: redact(str(value)), ensure_ascii=False)


def set_up(*, verbosity: int = 0, as_json: bool = False) -> None:
    """Send logs to stderr: warnings by default, steps from 1, what libraries say from 2."""
    level = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}.get(verbosity, logging.DEBUG)
    shown = logging.StreamHandler(sys.stderr)
    shown.setFormatter(JsonFormatter() if as_json else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [shown]
    root.setLevel(level)
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(level if verbosity > 1 else logging.WARNING)
    if verbosity > 1:
        logging.getLogger("sqlalchemy").setLevel(logging.INFO)  # below, it prints rows of the state


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in STANDARD}
