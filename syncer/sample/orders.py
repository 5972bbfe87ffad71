"""Orders of the made-up shop: mostly good, some with what warehouses really hold."""

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from syncer.sample.people import COUNTRIES, Country

PRODUCTS = (
    ("SKU-100", "Espresso cup", "8.90"),
    ("SKU-101", 'Kettle "Nordlys"', "54.00"),
    ("SKU-102", "Filter papers\t(100)", "4.25"),
    ("SKU-103", "Grinder", "129.99"),
    ("SKU-104", "Beans, 1 kg", "21.50"),
    ("SKU-105", "抹茶 30 g", "17.00"),
)
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
)
BAD_EMAILS = ("n/a", "john@", "@example.com", "anna@@example.org", "jose@example", "a b@example.com", " ")
BAD_PHONES = ("N/A", "0000000", "-", "call me")
DOMAINS = ("example.com", "example.org", "mail.example.net", "shop.example")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One row of the table `orders`."""

    order_id: int | None
    status: str
    customer_id: str | None
    email: str | None
    phone: str | None
    first_name: str | None
    last_name: str | None
    gender: str | None
    birthday: str | None
    city: str | None
    state: str | None
    postal_code: str | None
    country: str | None
    ip: str | None
    user_agent: str | None
    cookie_header: str | None
    landing_url: str | None
    landed_at: datetime | None
    page_url: str | None
    items: str | None
    total: Decimal | None
    currency: str | None
    loyalty_tier: str | None
    ordered_at: datetime
    updated_at: datetime


def orders(count: int, *, now: datetime, seed: int = 7, first_id: int = 1) -> Iterator[dict[str, Any]]:
    """Yield `count` rows, ordered within the six days before `now`; the same seed gives the same rows."""
    rng = random.Random(seed)  # noqa: S311  sample data
    spread_s = 6 * 86_400
    for number in range(count):
        at = now - timedelta(seconds=spread_s - spread_s * number // count, milliseconds=rng.randrange(1000))
        yield asdict(_dirty(_order(first_id + number, at, rng), rng))


def _order(order_id: int, at: datetime, rng: random.Random) -> Order:
    country = rng.choice(COUNTRIES)
    first, last = rng.choice(country.first_names), rng.choice(country.last_names)
    city, state = rng.choice(country.places)
    basket = [(rng.choice(PRODUCTS), rng.randint(1, 3)) for _ in range(rng.randint(1, 3))]
    click = f"IwAR{rng.getrandbits(80):020x}" if rng.random() < 0.4 else None
    customer = rng.randrange(1, 4_000)
    return Order(
        order_id=order_id,
        status="paid",
        customer_id=f"C-{customer:05d}",
        email=_written(f"customer{customer}@{DOMAINS[customer % len(DOMAINS)]}", rng),
        phone=_digits(rng.choice(country.phones), rng),
        first_name=first,
        last_name=last,
        gender=rng.choice(("Female", "male", "f", "M", "other", None)),
        birthday=f"{rng.randint(1, 28):02d}/{rng.randint(1, 12):02d}/{rng.randint(1950, 2006)}",
        city=city,
        state=state,
        postal_code=_digits(country.postal_code, rng) or None,
        country=country.code,
        ip=f"203.0.113.{rng.randrange(1, 255)}" if rng.random() < 0.9 else f"2001:db8::{rng.randrange(1, 65_535):x}",
        user_agent=rng.choice(AGENTS),
        cookie_header=f"theme=dark; _fbp=fb.1.{int(at.timestamp() * 1000) - 60_000}.{rng.randrange(10**9, 10**10)}; lang={country.locale}",
        landing_url="https://shop.example/" + (f"?utm_source=fb&fbclid={click}" if click else "?utm_source=mail"),
        landed_at=at - timedelta(minutes=rng.randint(1, 90)),
        page_url=f"https://shop.example/{country.code.lower()}/thanks",
        items=json.dumps(
            [{"product_id": sku, "name": name, "qty": qty, "price": price} for (sku, name, price), qty in basket],
            ensure_ascii=False,
        ),
        total=sum((Decimal(price) * qty for (_, _, price), qty in basket), Decimal(0)),
        currency=_currency(country, rng),
        loyalty_tier=rng.choice(("gold", "silver", None)),
        ordered_at=at,
        updated_at=at,
    )


def _dirty(order: Order, rng: random.Random) -> Order:
    """Return the order as a warehouse might hold it: about one in eight has something odd."""
    chance = rng.random()
    steps: tuple[tuple[float, dict[str, Any]], ...] = (
        (0.03, {"email": rng.choice(BAD_EMAILS)}),
        (0.06, {"email": None}),
        (0.09, {"email": hashlib.sha256(str(order.email).strip().lower().encode()).hexdigest().upper()}),
        (0.11, {"phone": rng.choice(BAD_PHONES)}),
        (0.118, {"ordered_at": order.ordered_at - timedelta(days=rng.randint(8, 40))}),
        (0.123, {"currency": None}),
        (0.126, {"total": None}),
        (0.128, {"ordered_at": order.updated_at + timedelta(days=30)}),
        (0.130, {"order_id": None}),
        (0.1305, {"currency": "MRU"}),
    )
    for limit, change in steps:
        if chance < limit:
            return replace(order, **change)
    return _anonymous(order) if chance < 0.134 else order


def _anonymous(order: Order) -> Order:
    """Return the order of somebody about whom too little is known for Meta."""
    order = replace(order, customer_id=None, email=None, phone=None, first_name=None, last_name=None, birthday=None)
    return replace(order, ip=None, cookie_header=None, landing_url=None)


def _written(email: str, rng: random.Random) -> str:
    return rng.choice((email, email.upper(), f" {email}", email.title()))


def _digits(pattern: str, rng: random.Random) -> str:
    return "".join(str(rng.randrange(10)) if character == "#" else character for character in pattern)


def _currency(country: Country, rng: random.Random) -> str:
    return country.currency if rng.random() < 0.8 else country.currency.lower()
