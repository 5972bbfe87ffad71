"""Which database a source of syncer.yaml is, whoever signs in and however it is spoken to."""

import hashlib
import json
import re
from urllib.parse import urlsplit

from syncer.pipeline import SourceConfig
from syncer.secret import Reference

PLACES = ("url", "host", "port", "account", "path", "database", "schema")
"""Options that name a database; users, passwords, roles, time-outs and the like do not."""
SIGN_IN = re.compile(r"\b(user|password|passfile|sslpassword)\s*=\s*('[^']*'|\S+)")


def origin(config: SourceConfig) -> str:
    """Return the kind of warehouse and a digest of its place, such as `duckdb 3f0a...`.

    References are resolved, so that it is the database that counts and not the variable; raises `ConfigError` where
    one is empty.
    """
    options = {name: _text(config.options.get(name)) for name in PLACES}
    place = {name: _without_sign_in(text) if name == "url" else text for name, text in options.items() if text}
    digest = hashlib.sha256(json.dumps([config.type, place], sort_keys=True).encode()).hexdigest()
    return f"{config.type} {digest[:32]}"


def _text(value: object) -> str:
    return value.resolve() if isinstance(value, Reference) else "" if value is None else str(value)


def _without_sign_in(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""  # the connector says what is wrong with it
    if not parts.netloc and not parts.path.startswith("/"):
        return " ".join(SIGN_IN.sub("", url).split())
    return f"{parts.scheme.partition('+')[0]}://{parts.netloc.rpartition('@')[2].lower()}{parts.path}"
