"""Places: city, state, postal code, country (Customer information parameters, `ct`, `st`, `zp`, `country`)."""

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from unicodedata import combining, normalize

from syncer.spec.context import Context
from syncer.spec.text import plain, squeezed, western_digits

_ALPHA_2 = (
    "ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bl bm bn bo bq br bs bt bv bw by bz ca "
    "cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg eh er es et fi fj fk fm fo fr ga "
    "gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp "
    "ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mf mg mh mk ml mm mn mo mp mq mr ms "
    "mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs "
    "ru rw sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw "
    "tz ua ug um us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw"
)
ALPHA_2 = frozenset(_ALPHA_2.split())
"""ISO 3166-1."""

COUNTRY_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "america": "us",
        "belgie": "be",
        "belgien": "be",
        "belgique": "be",
        "brasil": "br",
        "britain": "gb",
        "brunei": "bn",
        "burma": "mm",
        "capeverde": "cv",
        "congobrazzaville": "cg",
        "congokinshasa": "cd",
        "danmark": "dk",
        "democraticrepublicofcongo": "cd",
        "democraticrepublicofthecongo": "cd",
        "deutschland": "de",
        "drc": "cd",
        "drcongo": "cd",
        "easttimor": "tl",
        "eire": "ie",
        "el": "gr",
        "england": "gb",
        "espana": "es",
        "falklandislands": "fk",
        "frankreich": "fr",
        "greatbritain": "gb",
        "hellas": "gr",
        "holland": "nl",
        "hongkongsar": "hk",
        "italia": "it",
        "italien": "it",
        "ivorycoast": "ci",
        "korea": "kr",
        "laos": "la",
        "macau": "mo",
        "macedonia": "mk",
        "magyarorszag": "hu",
        "mainlandchina": "cn",
        "micronesia": "fm",
        "nederland": "nl",
        "niederlande": "nl",
        "norge": "no",
        "northernireland": "gb",
        "osterreich": "at",
        "oesterreich": "at",
        "palestine": "ps",
        "polska": "pl",
        "republicofireland": "ie",
        "republicofkorea": "kr",
        "republicoftheunionofmyanmar": "mm",
        "russia": "ru",
        "sainthelena": "sh",
        "saintmartin": "mf",
        "schweden": "se",
        "schweiz": "ch",
        "scotland": "gb",
        "sintmaarten": "sx",
        "suisse": "ch",
        "suomi": "fi",
        "sverige": "se",
        "svizzera": "ch",
        "swaziland": "sz",
        "thenetherlands": "nl",
        "turkey": "tr",
        "uae": "ae",
        "uk": "gb",
        "unitedstatesvirginislands": "vi",
        "usvirginislands": "vi",
        "vatican": "va",
        "vaticancity": "va",
        "vereinigteskonigreich": "gb",
        "wales": "gb",
        "россия": "ru",
        "украина": "ua",
        "україна": "ua",
        "中国": "cn",
        "中國": "cn",
        "台灣": "tw",
        "日本": "jp",
        "대한민국": "kr",
        "한국": "kr",
    }
)
"""Names and codes in use that ISO 3166 does not list, squeezed and without accents; `el` is the EU's code of Greece."""

US_STATES: Mapping[str, str] = MappingProxyType(
    {
        "alabama": "al",
        "alaska": "ak",
        "arizona": "az",
        "arkansas": "ar",
        "california": "ca",
        "colorado": "co",
        "connecticut": "ct",
        "delaware": "de",
        "districtofcolumbia": "dc",
        "florida": "fl",
        "georgia": "ga",
        "hawaii": "hi",
        "idaho": "id",
        "illinois": "il",
        "indiana": "in",
        "iowa": "ia",
        "kansas": "ks",
        "kentucky": "ky",
        "louisiana": "la",
        "maine": "me",
        "maryland": "md",
        "massachusetts": "ma",
        "michigan": "mi",
        "minnesota": "mn",
        "mississippi": "ms",
        "missouri": "mo",
        "montana": "mt",
        "nebraska": "ne",
        "nevada": "nv",
        "newhampshire": "nh",
        "newjersey": "nj",
        "newmexico": "nm",
        "newyork": "ny",
        "northcarolina": "nc",
        "northdakota": "nd",
        "ohio": "oh",
        "oklahoma": "ok",
        "oregon": "or",
        "pennsylvania": "pa",
        "rhodeisland": "ri",
        "southcarolina": "sc",
        "southdakota": "sd",
        "tennessee": "tn",
        "texas": "tx",
        "utah": "ut",
        "vermont": "vt",
        "virginia": "va",
        "washington": "wa",
        "westvirginia": "wv",
        "wisconsin": "wi",
        "wyoming": "wy",
        "washingtondc": "dc",
        "americansamoa": "as",
        "guam": "gu",
        "northernmarianaislands": "mp",
        "puertorico": "pr",
        "usvirginislands": "vi",
        "virginislands": "vi",
    }
)
"""States, the district and the territories by squeezed name; ANSI INCITS 38."""

US_CODES = frozenset(US_STATES.values()) | {"aa", "ae", "ap", "fm", "mh", "pw", "um"}
"""Also the armed forces' and the freely associated states' codes of the US postal service."""

US_POSTAL = frozenset({"us", "as", "gu", "mp", "pr", "um", "vi"})
"""Countries by ISO 3166 whose postal codes are US ZIP codes."""

POSTAL_DIGITS: Mapping[str, int] = MappingProxyType(
    {
        country: length
        for length, countries in (
            (4, "am au ge no nz ph za"),
            (5, "de dz ee es fi fr gt it ke kr lk lt mx my pe pl sk tr ua"),
            (6, "cn co ec kz ro sg"),
            (7, "jp"),
            (8, "br"),
        )
        for country in countries.split()
    }
)
"""Countries, besides the US, whose postal codes are this many digits and may begin with a zero (UPU, addressing)."""

SUBDIVISION = re.compile(r"([a-z]{2})-([a-z0-9]{1,3})")
ZIP_PLUS_4 = re.compile(r"([0-9]{5})[-\u2010-\u2015\u2212][0-9]{4}")
WRITTEN_FLOAT = re.compile(r"([0-9]{3,9})\.0")


def city(value: object, _context: Context) -> str | None:
    """Return the city in lower case without punctuation and spaces; accents, digits and every script stay.

    Source: Customer information parameters, `ct`: lower case, no punctuation, no special characters, no spaces, UTF-8.
    """
    text = plain(value)
    return (squeezed(text) or None) if text else None


def state(value: object, context: Context) -> str | None:
    """Return the two-letter code of a US state, elsewhere the name in lower case without punctuation and spaces.

    `US-CA`, the notation of ISO 3166-2, gives its second part. In the US what is no state, district or territory is
    dropped; with no country known a US name still becomes its code. Source: Customer information parameters, `st`.
    """
    text = plain(value)
    if text is None:
        return None
    found = SUBDIVISION.fullmatch(text.lower())
    if found and found[1] in ALPHA_2 and context.country in (None, found[1]):
        return found[2] if found[1] != "us" or found[2] in US_CODES else None
    name = squeezed(text)
    if context.country == "us":
        code = US_STATES.get(name, name)
        return code if code in US_CODES else None
    if context.country is None:
        name = US_STATES.get(name, name)
    return name or None


def postal_code(value: object, context: Context) -> str | None:
    """Return the postal code in lower case without spaces, dashes and other punctuation; a US one as five digits.

    Zeros that a numeric column lost come back where the country's codes have a fixed number of digits. ZIP+4 is cut
    to five digits in the US, and without a known country where the dash shows it.
    Source: Customer information parameters, `zp`.
    """
    text = plain(value)
    if text is None:
        return None
    text = western_digits(text)
    if found := WRITTEN_FLOAT.fullmatch(text):
        text = found[1]
    if context.country is None and (found := ZIP_PLUS_4.fullmatch(text)):
        return found[1]
    code = squeezed(text)
    is_number = code.isascii() and code.isdigit()
    if context.country in US_POSTAL:
        return _zip(code) if is_number else None
    length = POSTAL_DIGITS.get(context.country or "", 0)
    if is_number and length - 2 <= len(code) < length:
        code = code.zfill(length)
    return code or None


def country(value: object, _context: Context) -> str | None:
    """Return the two-letter code of ISO 3166-1 in lower case, or None for what is no country.

    English names, official names and three-letter codes are understood, `&` and `St.` too, and a small table of
    others; only whole names count. Source: Customer information parameters, `country`; the table is ISO's, from pycountry.
    """
    text = plain(value)
    if text is None:
        return None
    name = squeezed(text)
    if name in ALPHA_2:
        return name
    key = _unaccented(name)
    return COUNTRY_ALIASES.get(key) or _country_names().get(key)


def row_country(value: object, default: str | None) -> str | None:
    """Return the country for a row's phone, state and postal code.

    `value` is what the row says, of a list the first element that says something, `default` the pipeline's
    `default_country`. The default fills only a gap: where the row names a country that nobody knows, no guess is made.
    """
    said = country_said(value)
    if said is None:
        return default.lower() if default else None
    return country(said, Context())


def country_said(value: object) -> str | None:
    """Return the text by which a row says its country: of a list, the first element that says something."""
    elements = value if isinstance(value, list) else [value]
    return next(filter(None, map(plain, elements)), None)


def _zip(digits: str) -> str | None:
    if 3 <= len(digits) <= 5:
        code = digits.zfill(5)
    elif 7 <= len(digits) <= 9:
        code = digits.zfill(9)[:5]
    else:
        return None
    return code if code != "00000" else None


@cache
def _country_names() -> Mapping[str, str]:
    import pycountry

    names: dict[str, str] = {}
    for item in pycountry.countries:
        short, comma, rest = item.name.partition(", ")
        official, common = getattr(item, "official_name", ""), getattr(item, "common_name", "")
        written = [item.alpha_3, item.name, official, common, re.sub(r"\s*\(.*\)", "", item.name)]
        if comma:
            written.append(f"{rest} {short}")
        for name in filter(None, written):
            for variant in (name, name.replace(" and ", " "), re.sub(r"\bSaint\b", "St", name)):
                names.setdefault(_unaccented(squeezed(variant)), item.alpha_2.lower())
    return MappingProxyType(names)


def _unaccented(text: str) -> str:
    return normalize("NFC", "".join(letter for letter in normalize("NFD", text) if not combining(letter)))
