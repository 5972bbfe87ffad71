"""The workload: orders of invented customers from 20 locales, with the NULLs and dirt of real tables."""

import hashlib
import random
import sys
from pathlib import Path

LOCALES = (
    "en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "pl_PL", "pt_BR", "es_MX", "sv_SE",
    "nl_NL", "el_GR", "uk_UA", "tr_TR", "he_IL", "ja_JP", "ko_KR", "zh_CN", "hi_IN", "cs_CZ",
)  # fmt: skip
PEOPLE = 40_000
"""Customers: over 100,000 rows each buys 2.5 times."""
INTERNATIONAL = 0.8
"""Share of the phones that are stored with their country code; the others as people write them at home."""
SEED = 20_261_122

ORDERS = """
CREATE TABLE orders AS
SELECT
    i AS order_id,
    'C-' || p.person AS customer_id,
    CASE WHEN h % 100 < 4 THEN NULL WHEN h % 100 < 5 THEN 'n/a' WHEN h % 100 < 12 THEN upper(p.email) ELSE p.email END AS email,
    CASE WHEN h % 97 < 15 THEN NULL WHEN h % 97 < 16 THEN 'N/A' ELSE p.phone END AS phone,
    p.first_name, p.last_name,
    CASE WHEN h % 89 < 30 THEN NULL ELSE p.gender END AS gender,
    CASE WHEN h % 83 < 30 THEN NULL ELSE p.birthday END AS birthday,
    p.city,
    CASE WHEN h % 79 < 30 THEN NULL ELSE p.state END AS state,
    p.postal_code, p.country,
    '203.0.113.' || (h % 254 + 1) AS ip,
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/' || (100 + h % 50) || '.0.0.0 Safari/537.36' AS user_agent,
    CASE WHEN h % 10 < 7 THEN 'fb.1.1763' || lpad((h % 1000000000)::VARCHAR, 9, '0') || '.' || (1000000000 + h % 8999999999) END AS fbp,
    CASE WHEN h % 10 < 3 THEN 'fb.1.1763' || lpad((h % 1000000000)::VARCHAR, 9, '0') || '.IwAR' || md5(i::VARCHAR) END AS fbc,
    'https://shop.example/' || lower(p.country) || '/product/' || (h % 5000) || '?ref=' || (h % 77) AS page_url,
    ((h % 50000) / 100 + 1)::DECIMAL(12, 2) AS total,
    CASE WHEN h % 1000 < 3 THEN NULL ELSE p.currency END AS currency,
    '[{{"id":"SKU-' || (h % 900) || '","quantity":' || (h % 3 + 1) || ',"item_price":' || (h % 90 + 1) || '.50}},'
        || '{{"id":"SKU-' || (h % 700) || '","quantity":1,"item_price":12.25}}]' AS contents,
    CASE WHEN h % 3 = 0 THEN 'gold' WHEN h % 3 = 1 THEN 'silver' END AS loyalty_tier,
    TIMESTAMPTZ '1970-01-01 00:00:00+00' + to_microseconds(1000000 * ({now} - 500000 + 400000 * i // {count})) AS ordered_at,
    TIMESTAMPTZ '1970-01-01 00:00:00+00' + to_microseconds(1000000 * ({now} - 500000 + 400000 * i // {count}) + i % 1000000) AS updated_at
FROM (SELECT range AS i, hash(range) AS h FROM range({count})) r
JOIN people p ON p.person = (r.h // 7) % {people}
ORDER BY {order}
"""


def people(count: int) -> "list[dict[str, object]]":
    """Return invented customers; the same every time."""
    from faker import Faker

    rng = random.Random(SEED)
    fakers = [Faker(locale) for locale in LOCALES]
    Faker.seed(SEED)
    currencies = ("USD", "GBP", "EUR", "EUR", "EUR", "EUR", "PLN", "BRL", "MXN", "SEK",
                  "EUR", "EUR", "UAH", "TRY", "ILS", "JPY", "KRW", "CNY", "INR", "CZK")  # fmt: skip
    rows: list[dict[str, object]] = []
    for number in range(count):
        which = number % len(LOCALES)
        fake = fakers[which]
        email = (
            f"{fake.user_name()}{number}@example.com"
            if number % 50
            else hashlib.sha256(str(number).encode()).hexdigest()
        )
        rows.append(
            {
                "person": number,
                "email": email,
                "phone": phone(fake.phone_number(), LOCALES[which][-2:], rng),
                "first_name": fake.first_name(),
                "last_name": fake.last_name(),
                "gender": rng.choice(("Female", "Male", "f", "m")),
                "birthday": fake.date_of_birth(minimum_age=18, maximum_age=80),
                "city": fake.city(),
                "state": fake.administrative_unit() if hasattr(fake, "administrative_unit") else fake.city(),
                "postal_code": fake.postcode(),
                "country": LOCALES[which][-2:],
                "currency": currencies[which],
            }
        )
    return rows


def phone(national: str, country: str, rng: random.Random) -> str:
    """Return the number with its country code, as most tables hold it, or as written at home."""
    import phonenumbers

    if rng.random() > INTERNATIONAL:
        return national
    try:
        parsed = phonenumbers.parse(national, country)
    except phonenumbers.NumberParseException:
        return national
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def write(path: Path, *, count: int, now: int, in_order: bool = True) -> None:
    """Write `count` orders up to `now` (Unix seconds) to a new DuckDB file, as they came or in no order."""
    import duckdb
    import pyarrow as pa

    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("made", pa.Table.from_pylist(people(PEOPLE)))
        connection.execute("CREATE TABLE people AS SELECT * FROM made")
        connection.execute(ORDERS.format(now=now, count=count, people=PEOPLE, order="i" if in_order else "h"))


if __name__ == "__main__":
    write(Path(sys.argv[1]), count=int(sys.argv[2]), now=int(sys.argv[3]))
