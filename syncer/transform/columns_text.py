"""Addresses, names and ids in columns: the rules of `spec.normalize` that look at letters only."""

from dataclasses import replace
from typing import Final

import polars as pl

from syncer.spec import limits
from syncer.spec.characters import INVISIBLE, REMOVED, UNSETTLED
from syncer.spec.normalize import OF_NOTHING
from syncer.spec.text import PLACEHOLDERS
from syncer.spec.text import squeezed as squeezed_value
from syncer.transform.claims import TEXT, Around, Claim, edited, looks, only, placed
from syncer.transform.masks import certain, either

EMAIL: Final = (
    r"^[!#-'*+/-9=?^_`a-z{|}~-]+(?:\.[!#-'*+/-9=?^_`a-z{|}~-]+)*"
    r"@(?:[0-9a-z](?:[0-9a-z-]*[0-9a-z])?\.)+[a-z][0-9a-z-]*[0-9a-z]$"
)
"""`normalize.EMAIL` within lower-case ASCII."""
FEW: Final = 500
"""So many names the scalar rule remembers faster than patterns of large classes are set up."""
PRINTABLE: Final = r"^[!-~]+$"
HEX_DIGITS: Final = 32
"""Text with fewer hex digits is no digest of any kind."""
LIKE_DIGEST: Final = r"^[0-9A-Fa-f]{32}"
PLACEHOLDER_LETTERS: Final = max(map(len, PLACEHOLDERS))
SQUEEZED_PLACEHOLDERS: Final = sorted({squeezed_value(word) for word in PLACEHOLDERS})

UNSTABLE: Final = (
    r"\p{M}\u0374\u037e\u0387\u0958-\u095f\u09dc-\u09df\u0a33\u0a36\u0a59-\u0a5e\u0b5c\u0b5d\u0f43-\u0f69"
    r"\u1100-\u11ff\u1f71-\u1fff\u2000\u2001\u2126\u212a\u212b\u2329\u232a\u2adc\uf900-\ufaff\ufb1d-\ufb4e"
    r"\U0002f800-\U0002fa1d"
)
"""Characters beside or in place of which the normal form C may put another: marks, vowels and finals of Hangul,
and characters that are another way to write one."""
TRIMMED: Final = TEXT.str.strip_chars()
LOWERED: Final = TEXT.str.to_lowercase()
IS_EMAIL: Final = TEXT.str.contains(EMAIL) & (TEXT.str.len_bytes() <= limits.EMAIL_CHARACTERS)
_LABEL: Final = r"!$*+\-0-9A-Z^_a-z~"
IS_ADDRESS: Final = TEXT.str.contains(rf"[{_LABEL}.]@(?:[{_LABEL}]{{1,63}}\.){{1,8}}[A-Za-z]{{2,24}}(?:[^{_LABEL}]|$)")
"""Twin of `leaks.EMAIL` within visible ASCII and spaces, but where text `IS_ICON`."""
IS_ICON: Final = TEXT.str.contains(r"@[1-4]x\.")
ODD: Final = rf"[{UNSETTLED}{INVISIBLE}{UNSTABLE}\u0130]"
"""Text without them is in normal form, and stays so in lower case and without punctuation."""


def email(text: pl.Series, around: Around) -> Claim:
    """Twin of `normalize.email`."""
    (address,) = looks(text, LOWERED if around.is_bare() else TRIMMED.str.to_lowercase())
    (sure,) = looks(address, IS_EMAIL)
    claim = Claim.where(sure, address)
    if claim.open is None or not claim.open.any():
        return Claim(claim.text)
    places = claim.open.arg_true()
    return Claim(claim.text, claim.open.clone().scatter(places, ~_is_no_address(text[places])))


def _is_no_address(text: pl.Series) -> pl.Series:
    """Return where text lacks the `@`, and is too short for a digest of any kind."""
    return looks(text, ~TEXT.str.contains("@", literal=True) & (TEXT.str.len_bytes() < HEX_DIGITS))[0]


def name(text: pl.Series, _around: Around) -> Claim:
    """Twin of `normalize.name` and `places.city`."""
    lowered, lengths, letters = looks(text, TEXT.str.to_lowercase(), TEXT.str.len_bytes(), TEXT.str.len_chars())
    if (lengths == letters).all():
        found, doubtful = edited(lowered, "[^0-9a-z]+", ""), None
    else:
        found, doubtful = _squeezed(text, lowered)
    longest = int(lengths.max() or 0)  # type: ignore[arg-type]  # lengths are integers
    unsure = found.is_in(SQUEEZED_PLACEHOLDERS)
    if doubtful is not None:
        unsure |= doubtful
    if longest > limits.CUSTOMER_INFO_CHARACTERS:
        unsure |= lengths > limits.CUSTOMER_INFO_CHARACTERS
    if longest >= HEX_DIGITS:
        unsure |= found.str.contains(LIKE_DIGEST)
    nothing_left = found == ""
    if nothing_left.any():
        found = only(found, ~nothing_left)
    return Claim.where(~unsure, found) if unsure.any() else Claim(found)


def first_five(text: pl.Series, around: Around) -> Claim:
    """Twin of `normalize.first_five`."""
    whole = name(text, around)
    return Claim(whole.text.str.head(5), whole.open)


def initial(text: pl.Series, around: Around) -> Claim:
    """Twin of `normalize.initial`."""
    whole = name(text, around)
    return Claim(whole.text.str.head(1), whole.open)


def external_id(text: pl.Series, around: Around) -> Claim:
    """Twin of `normalize.external_id` for ids in ASCII without inner white space."""
    if around.is_bare():
        found, has_digit = looks(text, LOWERED, TEXT.str.contains("[0-9]"))
        sure = has_digit if has_digit.all() else _says_something(found, PRINTABLE)
    else:
        (found,) = looks(text, TRIMMED.str.to_lowercase())
        sure = _says_something(found, PRINTABLE)
    lengths = found.str.len_bytes()
    if int(lengths.max() or 0) >= HEX_DIGITS:  # type: ignore[arg-type]  # lengths are integers
        sure &= ~found.str.contains(LIKE_DIGEST) & (lengths <= limits.CUSTOMER_INFO_CHARACTERS)
        sure &= (lengths != 36) | ~found.str.contains(r"^[0-]+$")
    return Claim.where(sure, found)


def own_text(text: pl.Series, _around: Around) -> Claim:
    """Twin of `normalize.own_text` for text in ASCII."""
    found = text.str.strip_chars()
    return Claim.where(_says_something(found, r"^[ -~]+$"), found)


def unhashed_id(text: pl.Series, around: Around) -> Claim:
    """Twin of `normalize.hashed` for an `external_id` that goes out unhashed."""
    claim = own_text(text, around)
    is_of_nothing = certain(text.str.contains(rf"(?i){OF_NOTHING}"))
    if not is_of_nothing.any():
        return claim
    return Claim(only(claim.text, ~is_of_nothing), either(claim.open, is_of_nothing))


def looking_for_addresses(claim: Claim) -> Claim:
    """Return the claim about text in ASCII that goes out as it is, with a warning where an address of e-mail is in it."""
    if not claim.text.str.contains("@", literal=True).any():
        return claim
    found, icons = (certain(mask) for mask in looks(claim.text, IS_ADDRESS, IS_ICON))
    if icons.any():
        claim = replace(claim, text=only(claim.text, ~icons), open=either(claim.open, icons))
    return claim.warning("email_not_hashed", found & ~icons)


def device_id(text: pl.Series, _around: Around) -> Claim:
    """Twin of `normalize.device_id` for ids in ASCII."""
    found = text.str.strip_chars()
    return Claim.where(_says_something(found, r"^[ -~]*[1-9A-Za-z][ -~]*$"), found)


def lead_id(text: pl.Series, _around: Around) -> Claim:
    """Twin of `normalize.lead_id` for bare digits."""
    fewest, most = limits.LEAD_ID_DIGITS
    return Claim.where(text.str.contains(rf"^[1-9][0-9]{{{fewest - 1},{most - 1}}}$"), text)


def login_id(text: pl.Series, _around: Around) -> Claim:
    """Twin of `normalize.login_id` for bare digits."""
    return Claim.where(text.str.contains("^[1-9][0-9]{0,18}$"), text)


def _says_something(found: pl.Series, pattern: str) -> pl.Series:
    """Return where trimmed text follows `pattern`, has a letter or digit, and is certainly no placeholder."""
    follows, has_digit = looks(found, TEXT.str.contains(pattern), TEXT.str.contains("[0-9]"))
    sure = follows & has_digit
    if sure.all():
        return sure
    is_long = found.str.len_bytes() > PLACEHOLDER_LETTERS
    is_word = is_long | ~found.str.to_lowercase().is_in(PLACEHOLDERS)
    return sure | (follows & is_word & found.str.contains("[A-Za-z]"))


def _squeezed(text: pl.Series, lowered: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    """Return text of all scripts squeezed, and where that may differ from what Python gives."""
    found = edited(lowered, f"[{REMOVED}]+", "")
    odd = text.str.contains(ODD)
    if not odd.any():
        return found, None
    places = odd.arg_true()
    if len(places) <= FEW:
        return found, odd
    strange = text[places]
    lowered = _composed(edited(strange, f"[{INVISIBLE}]+", "")).str.to_lowercase()
    found = placed(found, places, _composed(edited(lowered, f"[{REMOVED}]+", "")))
    return found, text.str.contains(f"[{UNSETTLED}]")


def _composed(text: pl.Series) -> pl.Series:
    """Return text in normal form C."""
    unstable = text.str.contains(f"[{UNSTABLE}]")
    if not unstable.any():
        return text
    places = unstable.arg_true()
    return placed(text, places, text[places].str.normalize("NFC"))
