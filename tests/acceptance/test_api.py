"""The API of a daemon at work, over loopback."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from typing import Any, cast

import pytest

from syncer.report import RunStatus
from syncer.sandbox.faults import parse_faults
from syncer.session import Session
from syncer.state import asked
from syncer.state.alerts import Standing, raise_alert
from syncer.state.daemons import Serving
from syncer.web.api import create_api
from syncer.web.api_act import MOST_WAIT
from syncer.web.errands import BESIDE, Errands
from tests.acceptance.caller import Caller
from tests.acceptance.daemons import running, session_of, wait_until
from tests.acceptance.pages import ROOT
from tests.acceptance.served import TOKEN, Stub, app_served
from tests.acceptance.shop import MakeShop, Shop

pytestmark = pytest.mark.acceptance
LONG: tuple[tuple[str, Any], ...] = (("reconcile", None), ("rejects/retry", {}), ("trace", {"key": ["1"]}))
NO_CURRENCY = "UPDATE orders SET currency = NULL WHERE order_id = 3"


@contextmanager
def calling(shop: Shop) -> Iterator[Caller]:
    with running(shop) as daemon, app_served(daemon) as port:
        wait_until(lambda: daemon.standing().session is not None)
        yield Caller(port, daemon.session)


def test_a_run_is_asked_for_waited_for_and_read_back(shop: Shop) -> None:
    shop.add_orders(1, 5, changes=NO_CURRENCY)
    shop.edit("pipelines/orders.yaml", "destination: meta", "destination: meta\ndelivery: {events_per_request: 1}")
    with calling(shop) as call:
        status, wish = call("POST", "/pipelines/orders/runs?wait=30")
        _, details = call("GET", f"/runs/{wish['run_id']}")
        later, only = call("POST", "/pipelines/orders/runs")
        assert (later, only["report"]) == (202, None)
        wait_until(lambda: call("GET", f"/asked/{only['id']}")[1]["state"] == "done")
        done = call("GET", f"/asked/{only['id']}")[1]
        runs = call("GET", "/runs?pipeline=orders&limit=2")[1]
        _, few = call("GET", f"/runs/{wish['run_id']}?limit=2")
        _, [pipeline] = call("GET", "/pipelines")
    assert (status, wish["state"], wish["exit_code"], wish["report"]["acknowledged"]) == (200, "done", 3, 4)
    assert (done["exit_code"], done["report"]["acknowledged"]) == (3, 0)
    assert [run["run_id"] for run in runs] == [done["run_id"], wish["run_id"]]
    assert (details["requests"], details["request_list"][0]["state"], details["rejects"]) == (
        4, "acked", {"currency_missing": 1},
    )  # fmt: skip
    assert (few["requests"], len(few["request_list"]), len(details["request_list"])) == (4, 2, 4)
    assert (pipeline["name"], pipeline["ways"][0]["rejects"], pipeline["ways"][0]["acknowledged"]) == ("orders", 1, 4)


def test_pause_resume_and_reset_are_those_of_the_commands_and_audit_logged(shop: Shop) -> None:
    shop.add_orders(1, 3)
    with calling(shop) as call:
        call("POST", "/pipelines/orders/runs?wait=30")
        assert call("POST", "/pipelines/orders/pause") == (200, {"pipeline": "orders", "was": None, "accepted": []})
        assert call("GET", "/pipelines/orders")[1]["ways"][0]["state"] == "paused"
        assert call("POST", "/pipelines/orders/resume")[1]["was"] == "by_hand"
        _, would = call("POST", "/pipelines/orders/reset", {"to": "start"})
        wrong, said = call("POST", "/pipelines/orders/reset", {"to": "tomorrow"})
        _, is_so = call("POST", "/pipelines/orders/reset", {"to": "start", "confirm": True})
        actors = call.actors()
    assert (would["done"], would["direction"], would["after"]) == (False, "back", None)
    assert (wrong, said["error"].partition(", such")[0]) == (422, "body.to: the cursor takes a time with its zone")
    assert (is_so["done"], is_so["before"]) == (True, would["before"])
    assert actors == [("pause", True), ("resume", True), ("reset", True)]


def test_rejects_are_listed_without_rows_and_judged_again(shop: Shop) -> None:
    shop.add_orders(1, 5, changes=NO_CURRENCY)
    with calling(shop) as call:
        call("POST", "/pipelines/orders/runs?wait=30")
        _, found = call("GET", "/pipelines/orders/rejects?reason=currency_missing")
        shop.sql("UPDATE orders SET currency = 'EUR'")
        status, outcome = call("POST", "/pipelines/orders/rejects/retry", {"reason": "currency_missing"})
        _, after = call("GET", "/pipelines/orders/rejects")
        _, swept = call("POST", "/pipelines/orders/reconcile")
        assert call.actors() == [("rejects retry", True), ("reconcile", True)]
    assert (found["total"], found["by_reason"], "identity" in found["rejects"][0]) == (
        1, {"currency_missing": 1}, False,
    )  # fmt: skip
    assert (status, outcome["exit_code"], outcome["report"]["acknowledged"]) == (200, 0, 1)
    assert (after["total"], swept["report"]["status"]) == (0, "done")


def test_a_row_is_traced_by_a_key_in_the_body(shop: Shop) -> None:
    shop.add_orders(1, 2)
    with calling(shop) as call:
        call("POST", "/pipelines/orders/runs?wait=30")
        status, [found] = call("POST", "/pipelines/orders/trace", {"key": ["2"]})
        wrong = call("POST", "/pipelines/orders/trace", {"key": ["2", "3"]})
        text = call("POST", "/pipelines/orders/trace", {"key": ["two"]})
    assert (status, found["conclusion"]) == (200, "acked")
    assert "example.com" not in json.dumps(found)
    assert (text[0], text[1]["remedy"]) == (422, "write it as the column holds it")
    assert wrong == (422, {"error": "the key has 1 columns", "remedy": "give a value for each: order_id"})


def test_alerts_and_held_requests_are_listed(make_shop: MakeShop) -> None:
    shop = make_shop(faults=parse_faults("reset_after=1@1"))
    shop.edit("pipelines/orders.yaml", "destination: meta", "destination: meta\ndelivery: {mode: at_most_once}")
    shop.add_orders(1, 3)
    with calling(shop) as call:
        call("POST", "/pipelines/orders/runs?wait=30")
        now = call.session.clock.now()
        standing = Standing(about="/meta", condition="token_expires_within", since=now, text="it ends")
        raise_alert(call.session.store, "default", standing, body="{}", to=[])
        _, alerts = call("GET", "/alerts")
        wait_until(lambda: call("GET", "/pipelines/orders/held")[1])
        _, held = call("GET", "/pipelines/orders/held")
        assert shop.syncer("erase", "orders", "--key", "2").code == 0
        _, left = call("GET", "/pipelines/orders/held")
        _, asked = call("POST", "/pipelines/orders/held/resend", {})
        [way] = call("GET", "/pipelines/orders")[1]["ways"]
    assert (alerts[-1]["pipeline"], alerts[-1]["condition"]) == (None, "token_expires_within")
    assert sum(request["events"] for request in held) == 3
    assert (sum(request["events"] for request in left), asked["events"], way["held"]) == (2, 2, 2)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "error", "remedy"),
    [
        (
            "GET",
            "/pipelines/oders",
            None,
            404,
            "no pipeline is called 'oders'",
            "did you mean 'orders'? pipelines: orders",
        ),
        ("POST", "/pipelines/oders/runs", None, 404, "no pipeline is called 'oders'", "did you mean 'orders'?"),
        ("GET", "/runs/01X", None, 404, "no run begins with '01X'", ""),
        ("GET", "/asked/99", None, 404, "nothing was asked for under the id 99", "/api/runs shows what ran"),
        (
            "GET",
            "/runs?limit=0",
            None,
            422,
            "query.limit: Input should be greater than or equal to 1",
            "/api/openapi.json",
        ),
        ("POST", "/pipelines/orders/reset", {"to": "start", "yes": 1}, 422, "body.yes: ", "/api/openapi.json"),
        ("POST", "/pipelines/orders/reset", {"to": "\0"}, 422, "body.to: String should match", "/api/openapi.json"),
        (
            "POST",
            "/pipelines/orders/trace",
            {"key": ["\ud800"]},
            422,
            "body.key.0: Input should be",
            "/api/openapi.json",
        ),
        ("POST", "/pipelines/orders/rejects/retry", {"reason": "\0"}, 422, "body.reason: ", "/api/openapi.json"),
        ("POST", "/pipelines/orders/reset", {"to": "tomorrow"}, 409, "never ran", ""),
        ("POST", "/pipelines/%0Ax/resume", None, 404, "no pipeline is called", ""),
        ("GET", "/nothing", None, 404, "not found", "/api/openapi.json says what there is"),
        ("DELETE", "/pipelines", None, 405, "Only GET and POST are understood.", ""),
        ("POST", "/pipelines", None, 405, "method not allowed", "/api/openapi.json"),
    ],
)
def test_every_error_has_one_shape_with_a_remedy(  # noqa: PLR0917  # a row of the table
    shop: Shop, method: str, path: str, body: Any, status: int, error: str, remedy: str
) -> None:
    with session_of(shop) as session, app_served(Stub(session)) as port:
        found, said = Caller(port, session)(method, path, body)
    assert (found, set(said)) == (status, {"error", "remedy"})
    assert error in said["error"]
    assert said["remedy"].startswith(remedy)


def test_a_body_that_is_not_said_to_be_json_is_told_so(shop: Shop) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "text/plain"}
    with (
        session_of(shop) as session,
        app_served(Stub(session)) as port,
        closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection,
    ):
        connection.request("POST", "/api/pipelines/orders/trace", '{"key": ["1"]}', headers)
        answer = connection.getresponse()
        said = json.loads(answer.read())
    assert (answer.status, said["remedy"]) == (422, "send `Content-Type: application/json`")


def test_while_another_run_holds_the_pipeline_a_retry_is_told_so(make_shop: MakeShop) -> None:
    shop = make_shop(faults=parse_faults("latency=2s"))
    shop.add_orders(1, 1)
    with calling(shop) as call:
        call("POST", "/pipelines/orders/runs")
        wait_until(lambda: shop.sandbox.sandbox.begun)
        status, said = call("POST", "/pipelines/orders/reconcile")
    assert (status, "another run holds this pipeline" in said["error"]) == (409, True)


def test_R24_what_takes_long_has_so_many_places_and_others_are_told_when_to_come_again(shop: Shop) -> None:
    shop.add_orders(1, 1)
    shop.sandbox.sandbox.faults = parse_faults("latency=2s")
    with running(shop) as daemon, ExitStack() as taken:
        errands = Errands(daemon.clock)
        wait_until(lambda: daemon.standing().session is not None)
        with app_served(daemon, errands) as port:
            call = Caller(port, daemon.session)
            for _ in range(BESIDE):
                taken.enter_context(errands.looking())
            refused = [call("POST", f"/pipelines/orders/{what}", body) for what, body in LONG]
            assert call("GET", "/pipelines")[0] == 200
            waiting = [
                threading.Thread(target=call, args=("POST", "/pipelines/orders/runs?wait=30")) for _ in range(MOST_WAIT)
            ]
            for each in waiting:
                each.start()
            wait_until(lambda: len(asked.waiting(daemon.session.store, "default")) == MOST_WAIT)
            full = call("POST", "/pipelines/orders/runs?wait=30")
            assert call("POST", "/pipelines/orders/runs")[0] == 202
            for each in waiting:
                each.join()
    said = {"error": "8 calls that take long are under way", "remedy": "ask again in 5 s"}
    assert refused == [(429, said)] * len(LONG)
    assert (full[0], "without `wait`" in full[1]["error"]) == (429, True)


def test_R24_a_caller_that_hung_up_waits_no_longer(shop: Shop) -> None:
    with session_of(shop) as session, serving_nothing(session), app_served(Stub(session)) as port:
        call, path = Caller(port, session), "/pipelines/orders/runs?wait=300"
        with ExitStack() as calls:
            for _ in range(MOST_WAIT):
                connection = calls.enter_context(closing(HTTPConnection("127.0.0.1", port)))
                connection.request("POST", f"/api{path}", headers={"Authorization": f"Bearer {TOKEN}"})
            wait_until(lambda: len(asked.waiting(session.store, "default")) == MOST_WAIT)
            assert call("POST", path)[0] == 429
        wait_until(lambda: call("POST", "/pipelines/orders/runs?wait=0.1")[0] == 202)


def serving_nothing(session: Session) -> Serving:
    """A daemon by its word in the state, which runs nothing."""
    return Serving(session.store, "default", daemon_id="idle", holder="nobody", serves=[])


def test_before_the_daemon_has_begun_and_when_it_ends_a_call_is_told_to_come_again(shop: Shop) -> None:
    with session_of(shop) as session, app_served(Stub(None)) as port:
        answer = Caller(port, session)("GET", "/pipelines")
    assert answer == (503, {"error": "the daemon begins or ends", "remedy": "ask again in a moment"})


def test_S20_without_the_token_a_call_is_refused_in_the_shape_of_every_error(shop: Shop) -> None:
    with session_of(shop) as session, app_served(Stub(session)) as port:
        wrong = Caller(port, session, token="wrong")
        told = [wrong("GET", "/pipelines"), wrong("POST", "/pipelines/orders/pause"), wrong("GET", "/openapi.json")]
        state = Caller(port, session)("GET", "/pipelines/orders")[1]["ways"]
    said = {
        "error": "The token is missing or wrong.",
        "remedy": "Send `Authorization: Bearer TOKEN`: that of `daemon.auth_token`, else the one in `.syncer/page-token`.",
    }
    assert told == [(401, said)] * 3
    assert state == []


def test_R28_the_end_waits_for_what_the_api_does_and_begins_nothing_any_more(make_shop: MakeShop) -> None:
    shop = make_shop(faults=parse_faults("latency=1s"))
    shop.add_orders(1, 3)
    answers: list[tuple[int, Any]] = []
    with running(shop) as daemon:
        errands = Errands(daemon.clock)
        daemon.at_end.append(errands.end)
        with app_served(daemon, errands) as port:
            call = Caller(port, daemon.session)
            thread = threading.Thread(target=lambda: answers.append(call("POST", "/pipelines/orders/reconcile")))
            thread.start()
            wait_until(lambda: shop.sandbox.sandbox.begun)
            assert not errands.end(0.0)
            daemon.ask_to_stop()
            thread.join(30)
    assert [(status, said["report"]["status"]) for status, said in answers] == [(200, "interrupted")]
    with session_of(shop) as session:
        assert session.run("orders").status is RunStatus.DONE
    assert sorted(shop.order_ids()) == ["1", "2", "3"]


def test_the_page_about_the_api_lists_every_call_and_no_other() -> None:
    document = create_api(cast("Any", None), cast("Any", None)).openapi()
    calls = {f"{method.upper()} /api{path}" for path, its in document["paths"].items() for method in its}
    listed = re.findall(
        r"^\| `([A-Z]+ /api/[^`]+)`", (ROOT / "docs" / "api.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert {call.replace("{wish}", "{id}") for call in calls} == set(listed)


def test_of_several_destinations_one_is_named(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", "destination: meta", "destination: [meta, other]")
    project = (shop.folder / "syncer.yaml").read_text(encoding="utf-8")
    meta = project.partition("  meta:\n")[2]
    shop.edit("syncer.yaml", "  meta:\n", f"  other:\n{meta.replace('1234567890', '1234567891')}  meta:\n")
    shop.add_orders(1, 2)
    with calling(shop) as call:
        none = call("POST", "/pipelines/orders/runs")
        wrong = call("POST", "/pipelines/orders/pause?destination=nowhere")
        status, wish = call("POST", "/pipelines/orders/runs?wait=30&destination=other")
        assert call("POST", "/pipelines/orders/pause?destination=other")[0] == 200
        _, pipeline = call("GET", "/pipelines/orders")
    remedy = "name one with ?destination=; destinations: meta, other"
    assert none == (422, {"error": "orders goes to several destinations", "remedy": remedy})
    assert wrong == (404, {"error": "orders does not go to 'nowhere'", "remedy": "destinations: meta, other"})
    assert (status, wish["destination"], wish["report"]["destination"]) == (200, "other", "other")
    assert [(way["destination"], way["state"]) for way in pipeline["ways"]] == [("other", "paused")]


def test_a_wish_is_told_by_its_run_also_where_the_file_is_gone_and_only_in_its_target(shop: Shop) -> None:
    shop.add_orders(1, 2)
    with calling(shop) as call:
        _, wish = call("POST", "/pipelines/orders/runs?wait=30")
        (shop.folder / "pipelines" / "orders.yaml").unlink()
        wait_until(lambda: not call("GET", "/pipelines")[1])
        after = call("GET", f"/asked/{wish['id']}")[1]
        elsewhere = asked.ask(call.session.store, "prod", "orders", by="ada")
        missing = call("GET", f"/asked/{elsewhere}")[0]
    assert (after["state"], after["exit_code"], after["report"]["acknowledged"]) == ("done", 0, 2)
    assert missing == 404
