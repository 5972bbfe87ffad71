"""Rules of `user_data`: digests where Meta wants digests, plain values elsewhere, and enough of both."""

import ipaddress
import re
from collections.abc import Set as AbstractSet

from syncer.sandbox.facts import DIGEST_OF_NOTHING, HASHED, NEVER_HASHED_TEXT, TOO_WIDE
from syncer.sandbox.notes import Judging
from syncer.sandbox.refusal import Path, Refusal, bad_parameter, invalid
from syncer.sandbox.shapes import Check, Json, integer, is_absent, text
from syncer.sandbox.wording import LEAD_ID_INVALID, TOO_LITTLE_CUSTOMER_DATA

_APPENDIX = r"(?:\.(?:[A-Za-z0-9_-]{2}|[A-Za-z0-9_-]{8}))?"
_DIGEST = re.compile(rf"(?!{DIGEST_OF_NOTHING})[0-9a-f]{{64}}{_APPENDIX}", re.ASCII).fullmatch
_DIGEST_ANY_CASE = re.compile(rf"[0-9a-fA-F]{{64}}{_APPENDIX}", re.ASCII).fullmatch
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}{_APPENDIX}", re.ASCII).fullmatch
_COOKIE = re.compile(rf"fb\.\d+\.(\d+)\.[^.]+{_APPENDIX}", re.ASCII).fullmatch
_LEAD_ID = re.compile(r"\d{15,17}", re.ASCII).fullmatch
_WEAK = frozenset().union(*TOO_WIDE)
_MILLISECONDS_DIGITS = 13


def judge_customer_info(event: Json, judging: Judging) -> Refusal | None:
    """Judge the whole `user_data` of an event."""
    user_data = event.get("user_data")
    if user_data is None:
        return bad_parameter(("user_data",), "is required")
    if not isinstance(user_data, dict):
        return bad_parameter(("user_data",), "must be an object")
    ignored: set[str] = set()
    for key, value in user_data.items():
        check = _CHECKS.get(key)
        if check is None or is_absent(value):
            judging.note("unknown_parameter" if check is None else "empty_value", "user_data", key)
            ignored.add(key)
            continue
        refusal = check(value, judging, ("user_data", key))
        if refusal is not None:
            return refusal
    return _too_little(user_data.keys() - ignored if ignored else user_data.keys())


def _too_little(keys: AbstractSet[str]) -> Refusal | None:
    """Judge whether the keys that are there are enough to match a person."""
    if not keys <= _WEAK or not any(keys <= wide for wide in TOO_WIDE):
        return None
    return invalid(TOO_LITTLE_CUSTOMER_DATA, ("user_data",))


def _hashed(value: object, judging: Judging, path: Path) -> Refusal | None:
    """Judge one digest or a list of them.

    "Hash: required" is documented; what Meta answers to a plain e-mail address is not. We refuse it: a person's
    address must not leave unhashed, and a test that lets it pass is of no use. MD5 is no SHA-256.
    """
    for digest in value if isinstance(value, list) else (value,):
        if isinstance(digest, str) and _DIGEST(digest):
            continue
        if not isinstance(digest, str) or not _DIGEST_ANY_CASE(digest):
            return bad_parameter(path, "must be hashed with SHA-256: 64 hexadecimal characters")
        code = "digest_of_nothing" if digest.lower().startswith(DIGEST_OF_NOTHING) else "digest_not_lowercase"
        if refusal := judging.note(code, *path):
            return refusal
    return None


def _external_id(value: object, judging: Judging, path: Path) -> Refusal | None:
    """Judge ids of the sender's own, hashed or plain."""
    for item in value if isinstance(value, list) else (value,):
        if refusal := text(item, judging, path):
            return refusal
        if item == DIGEST_OF_NOTHING and (refusal := judging.note("digest_of_nothing", *path)):
            return refusal
        if isinstance(item, str) and "@" in item and (refusal := judging.note("contact_data", *path)):
            return refusal
    return None


def _plain(value: object, judging: Judging, path: Path) -> Refusal | None:
    """Judge a text that must be no digest by documentation, but whose form would allow one."""
    if isinstance(value, str) and _DIGEST_ANY_CASE(value):
        return judging.note("digest_in_plain_field", *path)
    return bad_parameter(path, "must be a string") if isinstance(value, float) else text(value, judging, path)


def _unhashed(value: object, path: Path) -> Refusal | None:
    if not isinstance(value, str):
        return bad_parameter(path, "must be a string")
    if len(value) >= 64 and _DIGEST_ANY_CASE(value):
        return bad_parameter(path, "must not be hashed")
    return None


def _ip_address(value: object, judging: Judging, path: Path) -> Refusal | None:
    if refusal := _unhashed(value, path):
        return refusal
    return None if is_ip_address(str(value)) else judging.note("ip_invalid", *path)


def is_ip_address(value: str) -> bool:
    """Return whether the text is an IPv4 or IPv6 address, with or without the parameter builder's appendix."""
    if _IPV4(value):
        return True
    head, dot, appendix = value.rpartition(".")
    for candidate in (value, head) if dot and len(appendix) in {2, 8} else (value,):
        try:
            ipaddress.ip_address(candidate)
        except ValueError:
            continue
        return "%" not in candidate
    return False


def _cookie(value: object, judging: Judging, path: Path) -> Refusal | None:
    """Judge `fbc` or `fbp`; a wrong one shows up in Meta's diagnostics, not as an error."""
    if refusal := _unhashed(value, path):
        return refusal
    match = _COOKIE(str(value))
    if match is None:
        return judging.note("fbc_form", *path)
    return judging.note("fbc_seconds", *path) if len(match[1]) < _MILLISECONDS_DIGITS else None


def _lead_id(value: object, _judging: Judging, path: Path) -> Refusal | None:
    if isinstance(value, str | int) and not isinstance(value, bool) and _LEAD_ID(str(value)):
        return None
    return invalid(LEAD_ID_INVALID, path)


_CHECKS: dict[str, Check] = {
    **dict.fromkeys(HASHED, _hashed),
    **dict.fromkeys(NEVER_HASHED_TEXT, _plain),
    "external_id": _external_id,
    "client_ip_address": _ip_address,
    "client_user_agent": _plain,
    "fbc": _cookie,
    "fbp": _cookie,
    "fb_login_id": integer,
    "lead_id": _lead_id,
}
