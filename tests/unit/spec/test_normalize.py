"""Names, e-mail, ids, digests: what leaves for each value of a warehouse."""

import hashlib
from decimal import Decimal
from uuid import UUID

import pytest

from syncer.pipeline import Hashing
from syncer.spec import normalize
from syncer.spec.context import NOTHING_KNOWN, Context
from syncer.spec.normalize import HASHED, NORMALIZERS, OF_NOTHING, digest, existing_digest, hashed, warnings

OF_MARY = "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec"
MD5 = "5d41402abc4b2a76b9719d911017c592"


@pytest.mark.parametrize(  # Customer information parameters: the digests that Meta publishes itself
    ("parameter", "given", "country", "published"),
    [
        ("em", "John_Smith@gmail.com", None, "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"),
        ("ph", "(650)555-1212", "us", "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"),
        ("fn", "Mary", None, OF_MARY),
        ("fn", "정", None, "8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14"),
        ("fn", "Valéry", None, "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c"),
        ("db", "2/16/1997", None, "01acdbf6ec7b4f478a225f1a246e5d6767eeab1a7ffa17f025265b5b94f40f0c"),
        ("country", "United States", None, "79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621"),
    ],
)
def test_the_digest_is_the_one_meta_publishes(parameter: str, given: str, country: str | None, published: str) -> None:
    assert hashed(parameter, given, Context(country=country)) == published


def test_every_parameter_of_customer_information_has_a_rule() -> None:
    from syncer.spec.fields import PARAMETERS, Group

    assert set(NORMALIZERS) == set(PARAMETERS[Group.CUSTOMER_INFO])


# --- traps that other tools fell into ------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameter", "given", "expected"),
    [
        ("ln", "O'Brien", "obrien"),
        ("ln", "O\u02bcBrien", "obrien"),
        ("fn", "Mary Ann", "maryann"),
        ("ln", "MU\u0308LLER", "müller"),
        ("ln", "Smith\u00ad-\u200dJones\ufeff", "smithjones"),
        ("fn", "Anna \u2764\ufe0f", "anna"),
        ("fn", "Li \U0001fae8", "li"),
        ("fn", "e-\u0301va", "éva"),
        ("ct", "Hawai\u02bbi Kai", "hawaiikai"),
        ("fn", "Ｍａｒｙ", "ｍａｒｙ"),
        ("fn", 12, "12"),
        ("fn", b"Mary", "mary"),
    ],
)
def test_a_name_keeps_letters_and_digits_alone(parameter: str, given: object, expected: str) -> None:
    assert normalize.normalize(parameter, given, NOTHING_KNOWN) == expected


@pytest.mark.parametrize("parameter", sorted(HASHED))
@pytest.mark.parametrize(
    "nothing",
    [None, "", " \t", "\u200b\ufeff", "N/A", "null", "None", "nan", "#N/A", "-", "--", "?", "\\N", float("nan")],
)
def test_what_says_nothing_is_not_sent(parameter: str, nothing: object) -> None:
    assert hashed(parameter, nothing, Context(country="us")) is None


@pytest.mark.parametrize("parameter", sorted(HASHED))
@pytest.mark.parametrize(
    "value",
    [True, False, [], {}, object(), b"\xff\xfe", "\ud800", float("inf"), 1.5, Decimal("2.5"), 10**60, "x" * 1001],
)
def test_what_is_no_text_of_a_person_is_not_sent(parameter: str, value: object) -> None:
    assert hashed(parameter, value, Context(country="us")) is None


def test_the_digest_of_an_empty_text_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="nothing to hash"):
        digest("")


# --- e-mail --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "a@b.co",
        "o'brien@example.com",
        "anna@münchen.de",
        "x@sub.sub.example.museum",
        "x@xn--mnchen-3ya.xn--p1ai",
        "用户@例子.广告",
        "x@1.example",
    ],
)
def test_an_address_that_may_exist_is_sent(address: str) -> None:
    assert normalize.email(address, NOTHING_KNOWN) == address


@pytest.mark.parametrize(
    "text",
    [
        "a@b",
        "a.@b.co",
        ".a@b.co",
        "a..a@b.co",
        "a@b..co",
        "a@.b.co",
        "a@b.co.",
        "a@-b.co",
        "a@b-.co",
        "a@b.c",
        "a@b.1co",
        "a@1.2.3.4",
        "a@[1.2.3.4]",
        "a@b_c.com",
        "Anna <a@b.co>",
        "a@b.co; b@b.co",
        "a@b.co,b@b.co",
        "a b@c.co",
        "a\u00a0b@c.co",
        "a@b.co/path",
        "mailto:a@b.co",
        "a" * 250 + "@b.co",
    ],
)
def test_what_cannot_be_an_address_is_dropped(text: str) -> None:
    assert normalize.email(text, NOTHING_KNOWN) is None


# --- gender and ids ------------------------------------------------------------------------------


@pytest.mark.parametrize(("words", "letter"), [(normalize.WOMEN, "f"), (normalize.MEN, "m")])
def test_words_for_a_gender_are_understood_in_every_script_and_case(words: frozenset[str], letter: str) -> None:
    assert {"女性", "여자", "ж", "महिला"} < normalize.WOMEN
    assert {"男性", "남자", "м", "पुरुष"} < normalize.MEN
    for word in words:
        assert {normalize.gender(each, NOTHING_KNOWN) for each in (word, word.upper(), f" {word}.")} == {letter}, word


@pytest.mark.parametrize(("word", "letter"), [("Frau", "f"), ("Mrs.", "f"), ("W", "f"), ("Herr", "m"), ("MR.", "m")])
def test_words_for_a_gender_become_its_letter(word: str, letter: str) -> None:
    assert normalize.gender(word, NOTHING_KNOWN) == letter


@pytest.mark.parametrize("word", ["x", "divers", "femalemale", "0", "2", "mf"])
def test_other_words_are_no_gender(word: str) -> None:
    assert normalize.gender(word, NOTHING_KNOWN) is None


def test_an_own_id_loses_white_space_and_case() -> None:
    assert normalize.external_id(" User\u00a042\n", NOTHING_KNOWN) == "user42"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (12345, "12345"),
        (-7, "-7"),
        (12345.0, "12345"),
        (Decimal("12345.00"), "12345"),
        (Decimal("1E+2"), "100"),
        (UUID("B6F0C4A2-6D1B-4C0E-9A3E-1F2D3C4B5A69"), "b6f0c4a2-6d1b-4c0e-9a3e-1f2d3c4b5a69"),
        ("00000000-0000-0000-0000-000000000000", None),
        (float(2**60), None),
        ("0", "0"),
    ],
)
def test_an_own_id_may_be_of_many_types(given: object, expected: str | None) -> None:
    assert normalize.external_id(given, NOTHING_KNOWN) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("1234567890123456", "1234567890123456"),
        (1234567890123456, "1234567890123456"),
        ("l:1234567890123456", "1234567890123456"),
        ("0000000000000123", None),
        ("123456789012345678", None),
        (1.2345678901234567e17, None),
    ],
)
def test_a_lead_id_has_15_to_17_digits(given: object, expected: str | None) -> None:
    assert hashed("lead_id", given, NOTHING_KNOWN) == expected


def test_the_id_of_who_forbade_tracking_is_dropped() -> None:
    assert hashed("madid", "00000000-0000-0000-0000-000000000000", NOTHING_KNOWN) is None


# --- hashing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (OF_MARY, OF_MARY),
        (f"  {OF_MARY.upper()}\n", OF_MARY),
        (f"{OF_MARY}.AQ", f"{OF_MARY}.AQ"),
        (f"{OF_MARY.upper()}.AQQCAQIB", f"{OF_MARY.upper()}.AQQCAQIB"),
        (bytes.fromhex(OF_MARY), OF_MARY),
        (OF_MARY.encode(), OF_MARY),
        (f"{OF_MARY}.AQQ", None),
        (OF_MARY[:-1], None),
        (OF_NOTHING, None),
        (OF_NOTHING.upper(), None),
        (f"{OF_NOTHING}.AQ", None),
        (hashlib.sha256(b"").digest(), None),
        (b"thirty-two bytes of plain text..", None),
        (None, None),
        (7, None),
    ],
)
def test_a_digest_is_known_by_its_form(given: object, expected: str | None) -> None:
    assert existing_digest(given) == expected


@pytest.mark.parametrize("parameter", sorted(HASHED))
def test_a_digest_is_passed_and_not_hashed_again(parameter: str) -> None:
    assert hashed(parameter, OF_MARY.upper(), NOTHING_KNOWN) == OF_MARY


@pytest.mark.parametrize("parameter", sorted(HASHED))
@pytest.mark.parametrize("hashing", ["auto", "never"])
def test_the_digest_of_nothing_is_never_passed(parameter: str, hashing: Hashing) -> None:
    assert hashed(parameter, OF_NOTHING, NOTHING_KNOWN, hashing=hashing) is None


@pytest.mark.parametrize("parameter", sorted(HASHED - normalize.OWN_IDS))
@pytest.mark.parametrize("length", [32, 40, 56, 96, 128])
def test_a_digest_of_another_kind_is_dropped(parameter: str, length: int) -> None:
    assert hashed(parameter, "a1" * (length // 2), Context(country="us")) is None


def test_32_hex_digits_may_be_an_own_id() -> None:
    assert hashed("external_id", MD5.upper(), NOTHING_KNOWN) == MD5


def test_hashing_never_sends_digests_alone() -> None:
    assert hashed("em", "a@b.co", NOTHING_KNOWN, hashing="never") is None
    assert hashed("em", OF_MARY, NOTHING_KNOWN, hashing="never") == OF_MARY
    assert hashed("external_id", 42, NOTHING_KNOWN, hashing="never") is None


def test_hashing_always_takes_a_value_for_a_plain_one() -> None:
    assert hashed("external_id", OF_MARY, NOTHING_KNOWN, hashing="always") == digest(OF_MARY)
    assert hashed("external_id", MD5, NOTHING_KNOWN, hashing="always") == digest(MD5)
    assert hashed("fn", OF_MARY, NOTHING_KNOWN, hashing="always") is None


def test_an_entry_that_is_hashed_already_overrides_the_pipeline() -> None:
    assert hashed("fn", OF_MARY, NOTHING_KNOWN, hashing="always", already_hashed=True) == OF_MARY
    assert hashed("fn", "Mary", NOTHING_KNOWN, hashing="auto", already_hashed=True) is None


def test_an_own_id_may_go_out_as_it_is() -> None:
    assert hashed("external_id", " User 42 ", NOTHING_KNOWN, hash_external_id=False) == "User 42"
    assert hashed("external_id", "n/a", NOTHING_KNOWN, hash_external_id=False) is None
    assert hashed("em", "a@b.co", NOTHING_KNOWN, hash_external_id=False) == digest("a@b.co")


@pytest.mark.parametrize("parameter", sorted(set(NORMALIZERS) - HASHED))
def test_what_is_never_hashed_never_is(parameter: str) -> None:
    sent = hashed(parameter, "1234567890123456", NOTHING_KNOWN, hashing="always")

    assert sent in (None, "1234567890123456")


@pytest.mark.parametrize(
    ("parameter", "given", "codes"),
    [
        ("em", MD5, ("not_sha256",)),
        ("em", OF_NOTHING, ("digest_of_nothing",)),
        ("external_id", MD5, ()),
        ("ph", "06 12 34 56 78", ("phone_without_country",)),
        ("db", "05-03-1995", ("birth_date_ambiguous",)),
        ("fbc", "fb.1.1554763741.AbC", ("fbc_seconds",)),
        ("client_user_agent", "ada@example.com", ("email_not_hashed",)),
        ("anon_id", " Ada@Example.com ", ("email_not_hashed",)),
        ("madid", "ada\uff20example.com", ("email_not_hashed",)),
        ("page_id", "icon@2x.png", ()),
        ("em", "ada@example.com", ()),
        ("external_id", "ada@example.com", ()),
        ("fbc", "fb.1.1554763741205.AbC", ()),
        ("fbp", "fb.1.1554763741.123", ()),
        ("em", "a@b.co", ()),
    ],
)
def test_an_odd_value_is_warned_of(parameter: str, given: str, codes: tuple[str, ...]) -> None:
    assert warnings(parameter, given, NOTHING_KNOWN) == codes


@pytest.mark.parametrize("value", [OF_NOTHING, OF_NOTHING.upper(), f" {OF_NOTHING}.Ab "])
def test_an_unhashed_external_id_is_no_digest_of_nothing(value: str) -> None:
    assert hashed("external_id", value, NOTHING_KNOWN, hash_external_id=False) is None
    assert hashed("external_id", value[:-9], NOTHING_KNOWN, hash_external_id=False) is not None
