"""Whatever arrives, the sandbox answers."""

from contextlib import suppress

import orjson
from hypothesis import given
from hypothesis import strategies as st

from syncer.sandbox.api import answer_api, is_api
from syncer.sandbox.faults import NAMES, FaultsError, parse_faults
from syncer.sandbox.graph import Visit, answer_other
from syncer.sandbox.request import Call
from syncer.sandbox.sandbox import Sandbox
from syncer.sandbox.settings import Settings

NOW = 1_795_000_000
DIGEST = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"

_scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()
_json = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
_odd = _json | st.sampled_from(
    ["website", "app", "Purchase", "LDU", NOW, "12.5", "EUR", DIGEST, [DIGEST], {}, [], [{}]]
)
_customer = st.dictionaries(
    st.sampled_from(["em", "fn", "external_id", "client_ip_address", "fbc", "lead_id", "madid", "fb_login_id"]), _odd
)
_custom = st.dictionaries(
    st.sampled_from(["value", "currency", "contents", "content_ids", "status", "num_items", "own"]),
    _odd | st.lists(st.dictionaries(st.sampled_from(["id", "quantity", "item_price"]), _odd)),
)
_keys = (
    "event_id event_source_url opt_out data_processing_options data_processing_options_country "
    "data_processing_options_state app_data original_event_data attribution_data messaging_channel"
)
_event = st.fixed_dictionaries(
    {
        "event_name": _odd,
        "event_time": _odd | st.just(NOW),
        "action_source": st.sampled_from(["website", "app", "business_messaging", "physical_store"]) | _odd,
        "user_data": _customer | _odd | st.just({"em": DIGEST}),
        "custom_data": _custom | _odd | st.just({"value": 1, "currency": "EUR"}),
    },
    optional=dict.fromkeys(_keys.split(), _odd),
)
_body = st.one_of(
    st.fixed_dictionaries({"data": st.lists(_event | _odd, max_size=3) | _odd}).map(orjson.dumps),
    _json.map(orjson.dumps),
    st.binary(),
)
_kind = st.sampled_from(
    [b"application/json", b"", b"multipart/form-data; boundary=x", b"application/x-www-form-urlencoded"]
)
_path = st.sampled_from(["/v26.0/1/events", "/v20.0/x/events", "/v99.0/1/events"])


@given(body=_body, kind=_kind, path=_path, query=st.binary(max_size=20), strict=st.booleans())
def test_any_post_of_events_gets_an_answer_in_the_shape_of_meta(
    body: bytes, kind: bytes, path: str, query: bytes, *, strict: bool
) -> None:
    sandbox = Sandbox(Settings(strict=strict, hints="object", clock=lambda: NOW))
    headers = {b"authorization": b"Bearer token", b"content-type": kind}
    call = Call(method="POST", path=path, query=query, headers=headers, body=body)
    number, strike = sandbox.next_strike()
    answer = Visit(sandbox, call, number, strike, NOW).answer()
    document = orjson.loads(answer.body)
    if answer.status == 200:
        assert document["events_received"] == sandbox.state()["events"] != 0
    else:
        assert {"message", "type", "code", "fbtrace_id"} <= set(document["error"])
        assert sandbox.state()["events"] == 0
    assert (
        answer_api(sandbox, Call(method="GET", path="/sandbox/api/events", headers={b"host": b"127.0.0.1"})).status
        == 200
    )


@given(method=st.text(max_size=8), path=st.text(), query=st.binary(), body=st.binary(), host=st.binary())
def test_any_other_call_gets_an_answer(method: str, path: str, query: bytes, body: bytes, host: bytes) -> None:
    sandbox = Sandbox()
    call = Call(method=method, path="/" + path, query=query, headers={b"host": host}, body=body)
    answer = answer_api(sandbox, call) if is_api(call) else answer_other(sandbox, call)
    assert answer.status in {200, 400, 403, 404, 405}


_when = st.sampled_from(["5%", "3@2", "²", "1.5s", "200ms-1s", "7", "5%:", ":", ""]) | st.text(max_size=6)
_faults = st.lists(st.tuples(st.sampled_from(NAMES), _when).map("=".join), max_size=4).map(",".join)


@given(text=st.text() | _faults)
def test_any_specification_of_faults_is_read_or_explained(text: str) -> None:
    with suppress(FaultsError):
        assert parse_faults(text).spec == text
