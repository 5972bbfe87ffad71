"""Customer information as Meta wants it before hashing: the readable truth, one function for each kind of value.

Source: Meta's "Customer information parameters" (read 2026-11); where the page is silent, Meta's parameter builder,
and where both are, our choice, said in the function. Each function takes any value of a warehouse and returns text,
or None where nothing usable is in it: such a value is dropped, and never is the digest of an empty text sent.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NewType

from syncer.spec import birth, browser, limits, phone, places
from syncer.spec.context import Context
from syncer.spec.fields import PARAMETERS, Group
from syncer.spec.leaks import found_in
from syncer.spec.text import WHITE_SPACE, as_text, lowered, plain, squeezed, verbatim

if TYPE_CHECKING:
    from syncer.pipeline import Hashing

Digest = NewType("Digest", str)
Normalizer = Callable[[object, Context], str | None]

SHA_256 = re.compile(r"[0-9a-fA-F]{64}")
APPENDED = re.compile(r"[0-9a-fA-F]{64}\.(?:[A-Za-z0-9_-]{2}|[A-Za-z0-9_-]{8})")
"""A digest with the appendix of Meta's parameter builder."""
OTHER_DIGEST = re.compile(r"(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{56}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128})")
"""MD5, SHA-1, SHA-224, SHA-384, SHA-512."""
MD5 = re.compile(r"[0-9a-fA-F]{32}")
OF_NOTHING = hashlib.sha256(b"").hexdigest()

# --- e-mail --------------------------------------------------------------------------------------

_ATOM = r"[^\s.@\"(),:;<>\[\\\]]+"
_OUTER = r"[^\s\x00-/:-`{-\x7f]"
_FIRST = r"[^\s\x00-`{-\x7f]"
_INNER = rf"(?:{_OUTER}|-)"
EMAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_OUTER}(?:{_INNER}*{_OUTER})?\.)+{_FIRST}{_INNER}*{_OUTER}")
"""One `@`; no empty part between dots; no white space, quotes, brackets; a domain of two labels or more."""


def email(value: object, _context: Context) -> str | None:
    """Return the address in lower case, or None where it cannot be one; dots and plus tags stay.

    The check is loose: it drops only what no mail server would take. Source: `em`.
    """
    text = plain(value)
    if text is None:
        return None
    text = lowered(text)
    return text if len(text) <= limits.EMAIL_CHARACTERS and EMAIL.fullmatch(text) else None


# --- names ---------------------------------------------------------------------------------------

_WOMEN = (
    "f fem female woman women girl lady mrs ms miss mme madame mlle femme féminin feminin weiblich frau w mujer "
    "femenino femenina señora donna femmina femminile signora mulher feminino feminina kobieta žena kvinna kvinde "
    "kvinne nainen vrouw kadın kadin γυναίκα ж жен женский женщина жінка 女 女性 女子 여 여자 여성 أنثى امرأة נקבה หญิง महिला"
)
_MEN = (
    "m male man men boy gentleman mr monsieur homme masculin männlich maennlich herr hombre masculino señor uomo "
    "maschio maschile signore homem mężczyzna muž mand mann mies erkek άνδρας м муж мужской мужчина чоловік 男 男性 男子 "
    "남 남자 남성 ذكر رجل זכר ชาย पुरुष"
)
WOMEN, MEN = frozenset(_WOMEN.split()), frozenset(_MEN.split())
"""Words for a gender, and titles that tell it."""


def name(value: object, _context: Context) -> str | None:
    """Return the name in lower case without punctuation, symbols and white space; letters of every script stay.

    Source: `fn`, `ln`; that inner white space goes is the parameter builder's rule.
    """
    text = plain(value)
    return (squeezed(text) or None) if text else None


def first_five(value: object, context: Context) -> str | None:
    """Return the first five characters of the name. Source: the SDK's `f5first`, `f5last`."""
    text = name(value, context)
    return text[:5] if text else None


def initial(value: object, context: Context) -> str | None:
    """Return the first character of the name. Source: the SDK's `fi`."""
    text = name(value, context)
    return text[:1] if text else None


def gender(value: object, _context: Context) -> str | None:
    """Return `f` or `m`, also for words in some languages, else None. Source: `ge`; words: the parameter builder."""
    text = plain(value)
    word = squeezed(text) if text else ""
    if word in WOMEN:
        return "f"
    return "m" if word in MEN else None


# --- ids -----------------------------------------------------------------------------------------

NO_ID = re.compile(r"[0-]+")
"""Zeros with dashes: the advertising id of who forbade tracking, and the nil UUID."""
LEAD_ID = re.compile(rf"(?:l:)?([1-9][0-9]{{{limits.LEAD_ID_DIGITS[0] - 1},{limits.LEAD_ID_DIGITS[1] - 1}}})")
"""`l:` is how files of Meta's lead ads mark the id as text."""
WHOLE_NUMBER = re.compile(r"[1-9][0-9]{0,18}")


def external_id(value: object, _context: Context) -> str | None:
    """Return the id in lower case without white space. Source: the parameter builder, as the Pixel must agree."""
    text = plain(value)
    if text is None:
        return None
    text = lowered(WHITE_SPACE.sub("", text))
    return None if len(text) == 36 and NO_ID.fullmatch(text) else text


def lead_id(value: object, _context: Context) -> str | None:
    """Return the 15 to 17 digits of a lead's id; an invalid one could fail the whole request. Source: `lead_id`."""
    text = verbatim(value)
    found = LEAD_ID.fullmatch(text) if text else None
    return found[1] if found else None


def login_id(value: object, _context: Context) -> str | None:
    """Return the digits of an id that is a whole number. Source: `fb_login_id`."""
    text = verbatim(value)
    return text if text and WHOLE_NUMBER.fullmatch(text) else None


def device_id(value: object, _context: Context) -> str | None:
    """Return the advertising id as it is, or None for the id of zeros. Source: `madid`."""
    text = verbatim(value)
    return None if text is None or NO_ID.fullmatch(text) else text


def own_text(value: object, _context: Context) -> str | None:
    """Return the text as it is, without outer white space."""
    return verbatim(value)


NORMALIZERS: Mapping[str, Normalizer] = MappingProxyType(
    {
        "em": email,
        "ph": phone.phone,
        "fn": name,
        "ln": name,
        "ge": gender,
        "db": birth.birth_date,
        "ct": places.city,
        "st": places.state,
        "zp": places.postal_code,
        "country": places.country,
        "external_id": external_id,
        "client_ip_address": browser.client_ip_address,
        "client_user_agent": browser.client_user_agent,
        "fbc": browser.cookie_id,
        "fbp": browser.cookie_id,
        "subscription_id": own_text,
        "fb_login_id": login_id,
        "lead_id": lead_id,
        "anon_id": own_text,
        "madid": device_id,
        "page_id": own_text,
        "page_scoped_user_id": own_text,
        "ctwa_clid": own_text,
        "whatsapp_business_account_id": own_text,
        "ig_account_id": own_text,
        "instagram_business_account_id": own_text,
        "ig_sid": own_text,
        "f5first": first_five,
        "f5last": first_five,
        "fi": initial,
        "dobd": birth.birth_day,
        "dobm": birth.birth_month,
        "doby": birth.birth_year,
        "app_user_id": external_id,
        "partner_id": own_text,
        "partner_name": own_text,
    }
)
"""The rule of each parameter of customer information."""

HASHED = frozenset(
    name
    for name, parameter in PARAMETERS[Group.CUSTOMER_INFO].items()
    if parameter.hashed in ("required", "recommended")
)
PLAIN = frozenset(
    name for name, rule in NORMALIZERS.items() if rule in (own_text, device_id, browser.client_user_agent)
)
"""Parameters that are sent as they are, whatever text that is."""
OWN_IDS = frozenset({"external_id"})
"""Ids that may be sent unhashed: 32 hex digits may be one, and a digest of another kind is just such an id."""

# --- digests -------------------------------------------------------------------------------------


def digest(text: str) -> Digest:
    """Return the SHA-256 of the UTF-8 bytes of `text`, in lower-case hex."""
    if not text:
        raise ValueError("nothing to hash: the digest of an empty text is never sent")
    return Digest(hashlib.sha256(text.encode()).hexdigest())


def is_digest(text: str) -> bool:
    """Return whether `text` looks like a SHA-256 digest, with or without the parameter builder's appendix."""
    return bool(SHA_256.fullmatch(text) or APPENDED.fullmatch(text))


def existing_digest(value: object) -> Digest | None:
    """Return the digest that `value` already is, or None: in lower case, or unchanged if it bears an appendix.

    32 bytes that are no text are a digest as BigQuery's SHA256() gives it. The digest of an empty text is none.
    Source: Customer information parameters; the appendix is case-sensitive.
    """
    text = _written(value)
    if text is None or not is_digest(text) or _is_of_nothing(text):
        return None
    return Digest(text.lower() if len(text) == 64 else text)


# --- what is sent --------------------------------------------------------------------------------


def normalize(parameter: str, value: object, context: Context) -> str | None:
    """Return `value` as `parameter` wants it before hashing."""
    return NORMALIZERS[parameter](value, context)


def hashed(
    parameter: str,
    value: object,
    context: Context,
    *,
    hashing: "Hashing" = "auto",
    already_hashed: bool = False,
    hash_external_id: bool = True,
) -> str | None:
    """Return what is sent for `value` of `parameter`, or None where nothing may be.

    Parameters that are never hashed are sent normalised. Of the others, `auto` passes digests and hashes the rest;
    `always` takes every value for a plain one; `never`, or `already_hashed`, passes digests and drops the rest.
    No digest is hashed again, except an own id under `always`, which may happen to look like one. A digest that is not
    SHA-256 is dropped, but 32 hex digits are passed as an own id. With `hash_external_id` off, `external_id` goes out
    as it is, unless that is the digest of an empty text.
    """
    if parameter not in HASHED:
        return normalize(parameter, value, context)
    if parameter == "external_id" and not hash_external_id:
        return None if _is_of_nothing(_written(value)) else verbatim(value)
    is_own_id = parameter in OWN_IDS
    takes_digests = already_hashed or hashing != "always"
    if takes_digests:
        ready = existing_digest(value) or (_md5(value) if is_own_id else None)
        if ready is not None or already_hashed or hashing == "never":
            return ready
    text = _written(value)
    if text is not None and (takes_digests or not is_own_id) and _is_spoilt(text, is_own_id=is_own_id):
        return None
    return _digest_of(parameter, value, context)


def is_plain(parameter: str, *, hash_external_id: bool) -> bool:
    """Return whether any text goes out as it is."""
    return parameter in PLAIN or (parameter == "external_id" and not hash_external_id)


def warnings(parameter: str, value: object, context: Context, *, hash_external_id: bool = True) -> tuple[str, ...]:
    """Return the codes of what is odd about a value: sent, or dropped for a reason that deserves a name."""
    if is_plain(parameter, hash_external_id=hash_external_id):
        text = verbatim(value)
        if text and "email" in found_in(text, numbers=False):
            return ("email_not_hashed",)
    match parameter:
        case "ph" if phone.phone_lacks_country(value, context):
            return ("phone_without_country",)
        case "db" if birth.birth_date_is_ambiguous(value, context):
            return ("birth_date_ambiguous",)
        case "fbc" if browser.fbc_in_seconds(value):
            return ("fbc_seconds",)
    text = _written(value) if parameter in HASHED else None
    if text is None:
        return ()
    if _is_of_nothing(text):
        return ("digest_of_nothing",)
    return ("not_sha256",) if parameter not in OWN_IDS and OTHER_DIGEST.fullmatch(text) else ()


def _digest_of(parameter: str, value: object, context: Context) -> Digest | None:
    text = normalize(parameter, value, context)
    return digest(text) if text else None


def _is_of_nothing(text: str | None) -> bool:
    return text is not None and is_digest(text) and text[:64].lower() == OF_NOTHING


def _is_spoilt(text: str, *, is_own_id: bool) -> bool:
    """Return whether `text` is a digest that must not be sent, nor hashed again."""
    return is_digest(text) or (not is_own_id and OTHER_DIGEST.fullmatch(text) is not None)


def _md5(value: object) -> str | None:
    text = _written(value)
    return text.lower() if text and MD5.fullmatch(text) else None


def _written(value: object) -> str | None:
    """Return the text in which a digest may stand."""
    if isinstance(value, bytes | bytearray) and len(value) == 32 and as_text(value) is None:
        return value.hex()
    return plain(value) if isinstance(value, str | bytes | bytearray) else None
