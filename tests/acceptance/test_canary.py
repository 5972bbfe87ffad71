"""Canaries: values that must never be seen outside the warehouse and the requests, whatever goes wrong (F40)."""

import hmac
import http.client
import json
import logging
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from syncer.alerts.rounds import Rounds
from syncer.config.load import load_project
from syncer.sandbox.faults import parse_faults
from syncer.session import Session
from tests.acceptance.served import TOKEN as PAGE_TOKEN
from tests.acceptance.served import Stub, app_served
from tests.acceptance.shop import PIPELINE, TOKEN, MakeShop, Shop
from tests.acceptance.told import Told, alerts_in
from tests.counts import FULL

pytestmark = [pytest.mark.acceptance, pytest.mark.faults]

CANARIES = {
    "token": TOKEN,
    "password": "Canary-Secret-7731",
    "app_secret": "Canary-App-7731",
    "proof": hmac.new(b"Canary-App-7731", TOKEN.encode(), sha256).hexdigest(),
    "email": "canary.bird@example.org",
    "name": "Canarynamesson",
    "phone": "+49 1512 7731773",
    "choice": "Canary-Choice-7731",
}
DSN = f"postgresql://canary:{CANARIES['password']}@127.0.0.1:9/shop"
SECRETS = {"DSN": DSN, "APP_SECRET": CANARIES["app_secret"]}
FAULTS = (
    "500", "html", "reset_before", "reset_after", "cut", "garbage", "short", "error:190", "error:100", "expire", "poison",
    "too_large",
)  # fmt: skip
"""One request under each of them, of a run of its own; in `make test`, under every fourth. Those that cost time: `test_canary_troubles.py`."""
DIGESTS = {
    name: sha256(text.encode()).hexdigest()
    for name, text in {"email": CANARIES["email"], "name": "canarynamesson", "phone": "4915127731773"}.items()
}
COMMANDS = (
    ("run", "orders"), ("status", "--output", "json"), ("runs",), ("show", "01"), ("plan", "orders"),
    ("preview", "orders"), ("preview", "orders", "--explain"), ("trace", "orders", "3"), ("trace", "orders", "6"), ("deliveries", "orders"),
    ("rejects", "list", "orders", "--rows"), ("rejects", "show", "orders", "--key", "4"), ("rejects", "export", "orders"),
    ("held", "list", "orders"), ("erase", "orders", "--key", "3", "--dry-run"), ("check",), ("validate",), ("explain", "orders"), ("backfill", "orders", "--since", "-2d"), ("run", "away"),
)  # fmt: skip
MORE = """\
    fn: name
    ph: phone
"""


def seen_in(text: str, *, digests: bool = True) -> list[str]:
    """Return which canaries stand in `text`, plain or as a digest, in hex or as bytes read as Latin-1."""
    plain = [name for name, value in CANARIES.items() if value in text or value.replace(" ", "") in text]
    hashed = [
        name
        for name, value in DIGESTS.items()
        if value in text.lower() or bytes.fromhex(value).decode("latin-1") in text
    ]
    return plain + (hashed if digests else [])


def make(make_shop: MakeShop) -> Shop:
    """Return a shop with the canaries in all that it is given: six orders, two of them without what Meta asks for."""
    shop = make_shop(app_secret=CANARIES["app_secret"])
    shop.edit("syncer.yaml", "${env:TOKEN}\n", "${env:TOKEN}\n    app_secret: ${env:APP_SECRET}\n")
    shop.edit("pipelines/orders.yaml", "    em: email\n", f"    em: email\n{MORE}")
    shop.edit("pipelines/orders.yaml", "destination: meta", "destination: meta\nconsent: {column: choice}")
    shop.edit("syncer.yaml", "sources:\n", "sources:\n  away: {type: postgres, url: ${env:DSN}}\n")
    (shop.folder / "pipelines" / "away.yaml").write_text(
        PIPELINE.replace("name: orders", "name: away").replace("source: warehouse", "source: away"), encoding="utf-8"
    )
    shop.sql("ALTER TABLE orders ADD COLUMN name VARCHAR", "ALTER TABLE orders ADD COLUMN phone VARCHAR")
    shop.sql("ALTER TABLE orders ADD COLUMN choice VARCHAR")
    add_orders(shop, 1)
    shop.sql(
        "UPDATE orders SET currency = NULL WHERE order_id = 3", "UPDATE orders SET total = NULL WHERE order_id = 4"
    )
    return shop


def add_orders(shop: Shop, first: int) -> None:
    """Insert six orders of one and the same person, the last with a choice that is no yes."""
    email, name, phone, choice = (CANARIES[name] for name in ("email", "name", "phone", "choice"))
    shop.sql(f"""INSERT INTO orders SELECT range, '{email}', 12.50, 'EUR', now() - INTERVAL 1 HOUR,
                 TIMESTAMPTZ '2026-11-01 00:00:00+00' + to_milliseconds(range), '{name}', '{phone}',
                 CASE range WHEN {first + 5} THEN '{choice}' ELSE 'yes' END FROM range({first}, {first + 6})""")


def everything_at_rest(folder: Path) -> str:
    """Return all that the command left on disk, but for the warehouse."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "warehouse.duckdb"]
    return "\n".join(path.read_bytes().decode("latin-1") for path in files)


def test_S01_S02_S09_no_canary_leaves_the_warehouse_but_in_a_request(make_shop: MakeShop) -> None:
    shop = make(make_shop)
    for number, fault in enumerate(FAULTS[:: 1 if FULL else 4]):
        add_orders(shop, 20 + 6 * number)
        name, _, detail = fault.partition(":")
        when = "100%" if name == "poison" else f"1@{shop.sandbox.sandbox.begun + 1}"
        shop.sandbox.sandbox.faults = parse_faults(f"{name}={when}{detail and f':{detail}'}")
        done = shop.syncer("run", "--all", "-vv", "--log-format", "json" if number % 2 else "text", **SECRETS)
        assert seen_in(done.out + done.err) == [], fault
    shop.sandbox.sandbox.faults = parse_faults("latency=0ms")
    for command in COMMANDS:
        done = shop.syncer(*command, "-vv", **SECRETS)
        digests_are_asked_for = command[0] == "preview" or command[:2] == ("rejects", "show")
        assert seen_in(done.out + done.err, digests=not digests_are_asked_for) == [], command
    assert seen_in(everything_at_rest(shop.folder)) == []
    arrived = str(list(shop.sandbox.sandbox.events()))
    assert set(seen_in(arrived)) == set(DIGESTS), "the canaries were not even sent"


PATHS = (
    "/livez", "/readyz", "/metrics", "/api/openapi.json", "/api/pipelines", "/api/pipelines/away", "/api/runs", "/api/audit",
    "/api/alerts", "/api/pipelines/orders/rejects", "/api/pipelines/orders/held", "/api/pipelines/nobody",
)  # fmt: skip


def test_S02_no_canary_is_in_an_answer_of_the_daemon_or_in_an_alert(
    make_shop: MakeShop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shop, told = make(make_shop), Told()
    secret = f"https://hooks.example.com/{CANARIES['password']}"
    alerts_in(shop, "{failed: true, rejected_above: 0%, token_expires_within: 14d}", "[{slack: '${env:SLACK}'}]")
    environ = {"TOKEN": TOKEN, "SLACK": secret, **SECRETS}
    with Session(load_project(shop.folder, environ=environ)) as session, app_served(Stub(session)) as port:
        shop.sandbox.sandbox.faults = parse_faults("error=1@1:100")
        for name in ("orders", "orders", "away"):
            session.run(name)
        Rounds(told).go(session)
        answers = [get(port, path) for path in PATHS]
        trace = get(port, "/api/pipelines/orders/trace", {"key": ["3"]})
    assert {notice["condition"] for notice in told.notices} >= {"failed", "rejected_above"}
    assert (trace[0], "currency_missing" in trace[1]) == (200, True)
    assert [status for status, _ in answers] == [200] * (len(PATHS) - 1) + [404]
    assert seen_in(str(answers) + str(trace) + str(told.notices) + caplog.text) == []
    assert seen_in(everything_at_rest(shop.folder)) == []


def get(port: int, path: str, body: Any = None) -> tuple[int, str]:
    """Ask the daemon, or tell it `body`; return status and headers with text."""
    headers = {"Authorization": f"Bearer {PAGE_TOKEN}", "Content-Type": "application/json"}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET" if body is None else "POST", path, body and json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, str(answer.headers) + answer.read().decode()
