"""Customer information in columns: normalised and hashed. Twin of `spec.normalize.hashed`, byte for byte.

A rule in columns claims what it is certain about. What it leaves open (free text, odd characters, names of countries,
numbers that need a closer look) goes through the scalar rule, once for each distinct value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import repeat
from types import MappingProxyType
from typing import Final

import polars as pl
import polars_hash as plh

from syncer.pipeline import Hashing
from syncer.spec import limits
from syncer.spec.fields import Parameter
from syncer.spec.normalize import HASHED, OF_NOTHING, OWN_IDS, is_plain
from syncer.spec.text import EXACT_FLOAT, as_text
from syncer.transform import columns_birth, columns_browser, columns_phone, columns_place, columns_text, slow
from syncer.transform.claims import Around, Claim, ColumnRule, all_open, lost, nothing, only, placed
from syncer.transform.distinct import FEW_ROWS, WORTH, WORTH_UNHASHED, Distinct, is_worth_remembering
from syncer.transform.lists import elements, regrouped, repeated, where_any
from syncer.transform.masks import certain, nowhere
from syncer.transform.memory import MANY, SOME, Judged, remembered, remembered_days
from syncer.transform.signs import Signs

OF_TEXT: Final = plh.col("text").chash.sha2_256()
SHA_256: Final = "^[0-9A-Fa-f]{64}$"
OWN_DIGEST: Final = "^(?:[0-9A-Fa-f]{64}|[0-9A-Fa-f]{32})$"

RULES: Mapping[str, ColumnRule] = MappingProxyType(
    {
        "em": columns_text.email,
        "ph": columns_phone.phone,
        "fn": columns_text.name,
        "ln": columns_text.name,
        "db": columns_birth.birth_date,
        "ct": columns_text.name,
        "st": columns_place.state,
        "zp": columns_place.postal_code,
        "external_id": columns_text.external_id,
        "app_user_id": columns_text.external_id,
        "client_ip_address": columns_browser.client_ip_address,
        "client_user_agent": columns_browser.client_user_agent,
        "fbc": columns_browser.fbc,
        "fbp": columns_browser.cookie_id,
        "f5first": columns_text.first_five,
        "f5last": columns_text.first_five,
        "fi": columns_text.initial,
        "fb_login_id": columns_text.login_id,
        "lead_id": columns_text.lead_id,
        "madid": columns_text.device_id,
        "subscription_id": columns_text.own_text,
        "anon_id": columns_text.own_text,
        "page_id": columns_text.own_text,
        "page_scoped_user_id": columns_text.own_text,
        "ctwa_clid": columns_text.own_text,
        "whatsapp_business_account_id": columns_text.own_text,
        "ig_account_id": columns_text.own_text,
        "instagram_business_account_id": columns_text.own_text,
        "ig_sid": columns_text.own_text,
        "partner_id": columns_text.own_text,
        "partner_name": columns_text.own_text,
    }
)
"""Rules in columns; gender, country and parts of a birth date have few distinct values, so all are left open."""

BY_COUNTRY: Final = frozenset({"ph", "st", "zp"})
WARNED: Final = frozenset({"ph", "db"})
"""Parameters whose values may be odd although they are no digests."""
FEW_DIGESTS: Final = 32
"""So many values the scalar rule remembers faster than a pattern finds the digests among them."""
COUNTRY_LETTERS: Final = 2
NO_COUNTRY: Final = "--"
DATES: Final = frozenset({"db", "dobd", "dobm", "doby"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldOptions:
    """How one parameter is read: the entry's modifiers and the pipeline's settings."""

    hashing: Hashing
    today: date
    """The day, in UTC, after which nobody was born."""
    already_hashed: bool = False
    hash: bool = True
    """False sends `external_id` as it is."""
    default_country: str | None = None
    format: str | None = None
    """Of dates; other parameters have none."""


@dataclass(frozen=True, slots=True)
class Normalised:
    """What is sent for each row of a column."""

    wire: pl.Series
    """Text, NULL where nothing is sent; lists of text for a column of lists, without NULLs and repetitions."""
    dropped: pl.Series | None
    """Where a value that is not blank was given and nothing, or of a list not everything, is sent; None: nowhere."""
    warnings: dict[str, int]
    """Values that are sent or dropped although something is odd, by warning code."""


def normalise(
    raw: pl.Series,
    parameter: Parameter,
    options: FieldOptions,
    *,
    countries: pl.Series | None = None,
    signs: Signs | None = None,
) -> Normalised:
    """Return what is sent for the values of `raw`, of any type, as `parameter` of customer information.

    `countries` are the `row_countries` of the column that the mapping names for phones, states and postal codes, `signs`
    those of which text is made, if they are known. The elements of a list are values of their own where the parameter
    takes several; elsewhere a list is no value.
    """
    if isinstance(raw.dtype, pl.List | pl.Array) and parameter.is_list:
        return _lists(raw.cast(pl.List(raw.dtype.inner)), parameter, options, countries)
    name = parameter.name
    if not is_readable(raw.dtype, name):
        return _unusable(raw)
    raw = raw.cast(pl.String) if raw.dtype in (pl.Categorical, pl.Enum) else raw
    if name not in BY_COUNTRY:
        countries = None
    elif countries is None and options.default_country:
        countries = pl.Series([options.default_country.lower()]).new_from_index(0, len(raw))
    if name == "db" and raw.dtype == pl.Date and len(raw) >= FEW_ROWS:
        judged = _remembered_day(name, options, raw)
    elif is_worth_remembering(raw, most=_most(name)):
        judged = _remembered(name, options, raw, countries)
    else:
        judged = _each_distinct(name, options, raw, countries, signs)
    return Normalised(
        wire=judged.wire.alias(name),
        dropped=None if judged.dropped is None or not judged.dropped.any() else judged.dropped,
        warnings={code: count for code, mask in judged.warned.items() if (count := int(mask.sum()))},
    )


def _remembered(name: str, options: FieldOptions, raw: pl.Series, countries: pl.Series | None) -> Judged:
    """Return what is sent for text, most of which was met in earlier batches."""
    if name not in DATES:
        options = replace(options, format=None, today=date.min)
    if countries is None:
        return remembered((name, options), raw, lambda texts: _judged(name, options, texts, None), most=_most(name))

    def judge(texts: pl.Series) -> Judged:
        of_each = texts.str.head(COUNTRY_LETTERS)
        return _judged(name, options, texts.str.slice(COUNTRY_LETTERS), only(of_each, of_each != NO_COUNTRY))

    return remembered((name, options, BY_COUNTRY), countries.fill_null(NO_COUNTRY) + raw, judge, most=_most(name))


def _remembered_day(name: str, options: FieldOptions, raw: pl.Series) -> Judged:
    """Return what is sent for native dates of birth, of which there are few in a lifetime."""
    first, last = date(limits.BIRTH_YEAR, 1, 1), options.today
    rule = (name, options, pl.Date)
    return remembered_days(rule, raw, lambda days: _judged(name, options, days, None), first=first, last=last)


def _most(name: str) -> int:
    return MANY if name == "ph" else SOME


def _each_distinct(
    name: str, options: FieldOptions, raw: pl.Series, countries: pl.Series | None, signs: Signs | None
) -> Judged:
    """Return what is sent for values of any type, each judged once where that saves work."""
    distinct = Distinct.of(raw, countries, worth=WORTH if name in HASHED else WORTH_UNHASHED)
    found = _judged(name, options, distinct.values, distinct.countries, signs)
    return Judged(
        distinct.spread(found.wire),
        None if found.dropped is None else certain(distinct.spread(found.dropped)),
        {code: certain(distinct.spread(mask)) for code, mask in found.warned.items()},
    )


def _judged(
    name: str, options: FieldOptions, values: pl.Series, countries: pl.Series | None, signs: Signs | None = None
) -> Judged:
    wire, warned = _Field(name, options, values, countries, signs).judged()
    masks: dict[str, pl.Series] = {}
    for code, mask in warned:
        masks[code] = masks[code] | mask if code in masks else mask
    return Judged(wire, lost(wire, values), masks)


@dataclass(frozen=True, slots=True)
class _Field:
    """One parameter over the distinct values of a column."""

    name: str
    options: FieldOptions
    values: pl.Series
    countries: pl.Series | None
    signs: Signs | None

    @property
    def is_hashed(self) -> bool:
        return self.name in HASHED and (self.name != "external_id" or self.options.hash)

    @property
    def takes_digests(self) -> bool:
        return self.is_hashed and (self.options.already_hashed or self.options.hashing != "always")

    @property
    def takes_only_digests(self) -> bool:
        return self.is_hashed and (self.options.already_hashed or self.options.hashing == "never")

    def judged(self) -> tuple[pl.Series, list[tuple[str, pl.Series]]]:
        """Return what is sent for each value, and warning codes, each with its values."""
        text = None if self.values.dtype.is_temporal() else texts_of(self.values)
        claim = self._of_days() if text is None else self._of_text(text)
        wire = hashed(claim.text) if self.is_hashed else claim.text
        if claim.open is None or not claim.open.any():
            return wire, list(claim.warned)
        left = claim.open.arg_true()
        is_text = text is not None and not self.values.dtype.is_numeric()
        if text is not None and is_text and self.takes_digests and len(left) > FEW_DIGESTS:
            wire, left = self._digests(wire, left, text)
        wire, warned = self._slowly(wire, left)
        return wire, [*claim.warned, *warned]

    def _of_days(self) -> Claim:
        if self.name != "db" or self.takes_only_digests:
            return all_open(self.values)
        days = self.values if self.values.dtype == pl.Date else self.values.dt.date()
        return Claim(columns_birth.birth_days(days, self._around()))

    def _of_text(self, text: pl.Series) -> Claim:
        rule = RULES.get(self.name) if self.is_hashed or self.name not in HASHED else columns_text.unhashed_id
        if self.takes_only_digests and self.name not in WARNED:
            is_long = certain(text.str.len_bytes() >= columns_text.HEX_DIGITS)
            claim = Claim(nothing(len(text)), is_long)
        elif rule is None or self.takes_only_digests:
            claim = all_open(text)
        else:
            claim = rule(text, self._around())
            claim = columns_text.looking_for_addresses(claim) if self._may_be_address() else claim
        if self.values.dtype != pl.Binary:
            return claim
        no_text = text.is_null() & self.values.is_not_null()
        return Claim(claim.text, no_text if claim.open is None else claim.open | no_text, claim.warned)

    def _may_be_address(self) -> bool:
        """Return whether a text may be an address of e-mail that goes out as it is."""
        is_told = self.signs is None or self.signs.has_any(b"@")
        return is_told and is_plain(self.name, hash_external_id=self.options.hash)

    def _around(self) -> Around:
        known = self.options
        return Around(countries=self.countries, date_format=known.format, today=known.today, signs=self.signs)

    def _digests(self, wire: pl.Series, places: pl.Series, text: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Settle the values at `places` that are digests already. Twin of `normalize.existing_digest`."""
        unread = text[places]
        ready = unread.str.contains(OWN_DIGEST if self.name in OWN_IDS else SHA_256)
        if not ready.any():
            return wire, places
        digest = unread.str.to_lowercase()
        ready = certain(ready & (digest != OF_NOTHING))
        done = places.filter(ready)
        wire = placed(wire, done, digest.filter(ready))
        return wire, places.filter(~ready)

    def _slowly(self, wire: pl.Series, places: pl.Series) -> tuple[pl.Series, list[tuple[str, pl.Series]]]:
        """Settle the values at `places` by the scalar rule."""
        if not len(places):
            return wire, []
        is_date = self.name in DATES
        rule = slow.Rule(
            parameter=self.name,
            hashing=self.options.hashing,
            already_hashed=self.options.already_hashed,
            hash_external_id=self.options.hash,
            date_format=self.options.format if is_date else None,
            today=self.options.today if is_date else None,
        )
        judge = slow.judge(rule)
        countries = repeat(None) if self.countries is None else self.countries[places].to_list()
        sent = list(map(judge, self.values[places].to_list(), countries))
        wire = placed(wire, places, pl.Series([found.wire for found in sent], dtype=pl.String))
        earned: dict[str, list[int]] = {}
        if any(found.warnings for found in sent):
            for place, found in zip(places.to_list(), sent, strict=True):
                for code in found.warnings:
                    earned.setdefault(code, []).append(place)
        return wire, [(code, nowhere(len(wire)).scatter(marked, values=True)) for code, marked in earned.items()]


def hashed(text: pl.Series) -> pl.Series:
    """Return the SHA-256 of each text in lower-case hex, NULL for NULL."""
    if text.null_count() == len(text):
        return text
    return text.to_frame("text").select(OF_TEXT).to_series()


def texts_of(values: pl.Series) -> pl.Series:
    """Return the text that each value stands for, NULL where it stands for none. Twin of `text.as_text`."""
    dtype = values.dtype
    if dtype == pl.String:
        return values
    if dtype.is_float():
        exact = values.cast(pl.Float64)
        is_whole = (exact == exact.floor()) & (exact.abs() <= EXACT_FLOAT)
        return only(exact, is_whole).cast(pl.Int64).cast(pl.String)
    if dtype.is_decimal():
        text = values.cast(pl.String).str.replace(r"\.0+$", "")
        return only(text, ~text.str.contains(".", literal=True))
    if dtype == pl.Binary:
        return pl.Series([as_text(value) for value in values.to_list()], dtype=pl.String)
    return values.cast(pl.String)


def is_readable(dtype: pl.DataType, name: str) -> bool:
    """Return whether values of a type may be usable. Twin of `text.as_text`, but for native dates."""
    if dtype in (pl.Date, pl.Datetime):
        return name in DATES
    return dtype.is_numeric() or dtype in (pl.String, pl.Binary, pl.Categorical, pl.Enum)


def _unusable(raw: pl.Series) -> Normalised:
    given = raw.is_not_null() if raw.dtype != pl.Null else None
    return Normalised(nothing(len(raw)), given if given is not None and given.any() else None, {})


def _lists(raw: pl.Series, parameter: Parameter, options: FieldOptions, countries: pl.Series | None) -> Normalised:
    """Return the elements of each list normalised, without repetitions; NULL where none is left."""
    values = elements(raw)
    if values.dtype.is_nested():
        found = _unusable(values)
    else:
        of_each = None if countries is None else repeated(countries, raw)
        found = normalise(values, parameter, options, countries=of_each)
    lists = regrouped(found.wire, raw).list.drop_nulls().list.unique(maintain_order=True)
    return Normalised(
        wire=lists.set(lists.list.len() == 0, None).alias(parameter.name),
        dropped=None if found.dropped is None else where_any(found.dropped, raw),
        warnings=found.warnings,
    )
