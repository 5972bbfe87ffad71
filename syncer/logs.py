"""Log set-up: one line per step on stderr, with everything that looks like a secret or a person struck out."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from traceback import extract_tb
from typing import Any

QUIET_LIBRARIES = ("httpx", "httpcore", "sqlalchemy", "alembic", "uvicorn", "snowflake", "asyncio", "apscheduler")
OF_SOURCES = ("sqlalchemy.engine.Engine.source", "sqlalchemy.pool.impl.NullPool.source")
"""Loggers that say the query of a pipeline, whose texts may be secrets or personal data."""
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
STRUCK_OUT = (
    (re.compile(r"(?i)\b(bearer|oauth)\s+[^\s\"',;]+"), r"\1 ***"),
    (re.compile(r"(?i)\b(authorization[\"']?\s*[:=]\s*[\"']?(?:\w+\s+)?)[^\s\"',;]+"), r"\1***"),
    (re.compile(r"(?:(?<![A-Za-z0-9])|(?<=%3[Dd]))EAA[A-Za-z0-9]{8,}"), "***"),
    (
        re.compile(
            r"(?i)\b(\w*(?:access_token|appsecret_proof|password|passwd|pwd|passphrase|secret|secret_?key|api_?key|token))"
            r"([\"']?\s*=\s*[\"']?|[\"']\s*:\s*[\"']?|:\s*[\"']|:\s*(?!(?:a|an|holds|is|it|no|the|this)\s))"
            r"(?!\$\{)(?:(?<=\")[^\"\n]+|(?<=')[^'\n]+|[^\s\"'&,;}]+)"
        ),
        r"\1\2***",
    ),
    (re.compile(r"\b(\w+:/{1,2}[^/\s:@]*):[^\s]{0,200}@"), r"\1:***@"),  # one / where a URL was taken for a path
    (
        re.compile(r"(?i)(://hooks\.slack\.com/services/|://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/)[^\s\"']+"),
        r"\1***",
    ),
    (re.compile(r"(-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----)(?:(?!-----END)[\s\S])*"), r"\1***"),
)
"""Each is tried at the beginning of a word alone: the time grows with the length of a text, not with its square."""
WORD = re.compile(r"[^\s\"'<>()=,;:]+")
STEERING = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
"""Characters that move the cursor, end a line, turn the direction of writing, or are none; a tab is harmless."""


def redact(text: str) -> str:
    """Return `text` without tokens, passwords and e-mail addresses, and without characters that steer a terminal."""
    for pattern, instead in STRUCK_OUT:
        text = pattern.sub(instead, text)
    return printable_lines(WORD.sub(_without_address, text))


def printable(text: str) -> str:
    """Return `text` as one line, with characters that steer a terminal written out."""
    return STEERING.sub(lambda found: repr(found[0])[1:-1], text)


def printable_lines(text: str) -> str:
    """Return `text` line by line, each as `printable` has it."""
    return "\n".join(map(printable, text.split("\n")))


def harmless_json(text: str) -> str:
    """Return the same JSON with characters that steer a terminal as escapes; line breaks between values stay."""
    return STEERING.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)


def _without_address(word: re.Match[str]) -> str:
    """Strike a word out that is an e-mail address: an at sign behind its beginning, a dot behind that."""
    plain = word[0].replace("%40", "@")
    at = plain.find("@", 1)
    return "***@***" if at > 0 and plain.rfind(".", 0, -1) > at + 1 else word[0]


class TextFormatter(logging.Formatter):
    """`12:00:01 INFO run.started pipeline=orders`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one redacted line."""
        facts = " ".join(f"{name}={value}" for name, value in _facts(record).items())
        at = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        line = printable(redact(f"{at} {record.levelname} {record.getMessage()} {facts}".rstrip()))
        return f"{line}\n{redact(self.formatException(record.exc_info))}" if record.exc_info else line


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
        entry |= {name: _redacted(value) for name, value in _facts(record).items()}
        if record.exc_info:
            entry["exception"] = redact(self.formatException(record.exc_info))
        return harmless_json(json.dumps(entry, default=lambda value: redact(str(value)), ensure_ascii=False))


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
    for name in OF_SOURCES:
        logging.getLogger(name).setLevel(logging.WARNING)


def as_set_up() -> tuple[int, bool]:
    """Return what `set_up` would be called with to go on in another process: (verbosity, as_json)."""
    root = logging.getLogger()
    verbosity = {logging.ERROR: -1, logging.WARNING: 0, logging.INFO: 1}.get(root.level, 2)
    return verbosity, any(isinstance(handler.formatter, JsonFormatter) for handler in root.handlers)


def unexpected(error: BaseException) -> str:
    """Return the kind and the place of an error that nobody expected: its text may hold data."""
    place = ""
    for frame in extract_tb(error.__traceback__):
        if {"syncer", "connectors"} & set(Path(frame.filename).parts):
            place = f" at {'/'.join(Path(frame.filename).parts[-3:])}:{frame.lineno}"
    return f"syncer itself failed: {type(error).__name__}{place}"


def _redacted(value: Any) -> Any:
    """Return `value` with each text in it redacted, as far as JSON knows what holds it."""
    match value:
        case str():
            return redact(value)
        case dict():
            return {redact(str(name)): _redacted(item) for name, item in value.items()}
        case list() | tuple():
            return [_redacted(item) for item in value]
    return value


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in STANDARD}
