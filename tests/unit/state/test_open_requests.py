"""How far the watermark may go while requests are open."""

import pytest

from connectors.incremental import CursorKind, CursorValue
from syncer.errors import StateError
from syncer.state.open_requests import OpenRequest, OpenRequests, is_forward, require_transition
from syncer.state.requests import RequestState
from syncer.watermark import Watermark


def request(number: int, *, events: int = 10, root: int | None = None) -> OpenRequest:
    return OpenRequest(number, "run", RequestState.ARMED, events, base=b"", digests=b"", root=root or number)


def integer(number: int) -> CursorValue:
    return CursorValue(CursorKind.INTEGER, str(number))


def test_equal_to_the_lowest_open_value_is_not_past_it() -> None:
    open_requests = OpenRequests()
    open_requests.add(request(1), integer(5))
    open_requests.require_not_past(Watermark(integer(5)))
    with pytest.raises(StateError, match="would pass request 1"):
        open_requests.require_not_past(Watermark(integer(6)))


def test_values_are_compared_as_numbers_not_as_text() -> None:
    open_requests = OpenRequests()
    open_requests.add(request(1), integer(9))
    with pytest.raises(StateError, match="would pass request 1"):
        open_requests.require_not_past(Watermark(integer(10)))


def test_an_open_request_without_cursor_value_lets_nothing_pass() -> None:
    open_requests = OpenRequests()
    open_requests.add(request(1), None)
    with pytest.raises(StateError, match="would pass request 1"):
        open_requests.require_not_past(Watermark(integer(-100)))


def test_the_request_that_is_being_settled_does_not_stand_in_its_own_way() -> None:
    open_requests = OpenRequests()
    first = request(1)
    open_requests.add(first, integer(5))
    open_requests.require_not_past(Watermark(integer(6)), settled=(first.root, first.events))


def test_a_split_request_is_open_until_its_last_part_is_settled() -> None:
    open_requests = OpenRequests()
    whole = request(1)
    open_requests.add(whole, integer(5))
    open_requests.moved(whole, RequestState.SPLIT)
    parts = [request(number, events=5, root=open_requests.root_of(1)) for number in (2, 3)]
    for part in parts:
        open_requests.add(part, integer(5))
    open_requests.moved(parts[0], RequestState.ACKED)
    with pytest.raises(StateError, match="would pass request 1"):
        open_requests.require_not_past(Watermark(integer(9)))
    open_requests.moved(parts[1], RequestState.HELD)
    open_requests.require_not_past(Watermark(integer(9)))


def test_a_request_given_back_stands_in_no_ones_way() -> None:
    open_requests = OpenRequests()
    first = request(1)
    open_requests.add(first, integer(5))
    open_requests.moved(first, RequestState.SUPERSEDED)
    open_requests.require_not_past(Watermark(integer(9)))
    assert open_requests.root_of(1) is None


def test_only_a_single_event_is_refused_for_good() -> None:
    with pytest.raises(StateError, match="has 10 events, only one"):
        require_transition(request(1), RequestState.DEAD)


def test_forward_is_beyond_never_equal() -> None:
    before = Watermark(integer(5))
    assert is_forward(None, before)
    assert not is_forward(before, before)
    assert is_forward(before, Watermark(CursorValue(CursorKind.DECIMAL, "5.0001")))
    with pytest.raises(StateError, match="was integer and is text now"):
        is_forward(before, Watermark(CursorValue(CursorKind.TEXT, "6")))
