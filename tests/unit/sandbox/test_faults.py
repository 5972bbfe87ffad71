import pytest

from syncer.sandbox.faults import NO_FAULTS, STRIKES, Faults, FaultsError, parse_faults


def _names(faults: Faults, requests: int) -> list[str]:
    return [faults.strike(number).name for number in range(1, requests + 1)]


def test_nothing_goes_wrong_unless_asked_for() -> None:
    assert _names(NO_FAULTS, 100) == [""] * 100
    assert parse_faults("") == NO_FAULTS


def test_the_same_seed_gives_the_same_faults() -> None:
    spec = "latency=10ms-90ms,500=5%,reset_after=5%,throttle=5%,lie=50%,seed=7"
    first, second = parse_faults(spec), parse_faults(spec)
    assert [first.strike(number) for number in range(500)] == [second.strike(number) for number in range(500)]


def test_another_seed_gives_other_faults() -> None:
    assert _names(parse_faults("500=20%,seed=1"), 100) != _names(parse_faults("500=20%,seed=2"), 100)


@pytest.mark.parametrize("name", sorted(set(STRIKES) - {"error"}))
def test_a_share_of_requests_is_struck(name: str) -> None:
    struck = _names(parse_faults(f"{name}=5%"), 4000).count(name)
    assert 150 < struck < 250


def test_a_fault_strikes_whatever_else_is_asked_for() -> None:
    alone = _names(parse_faults("html=10%,seed=3"), 300)
    together = _names(parse_faults("html=10%,drip=10%,latency=5ms,seed=3"), 300)
    assert [name if name == "html" else "" for name in together] == alone


def test_a_spell_strikes_requests_in_a_row() -> None:
    assert _names(parse_faults("throttle=2@3"), 6) == ["", "", "throttle", "throttle", "", ""]


def test_a_token_expires_after_so_many_requests() -> None:
    assert _names(parse_faults("expire=2"), 5) == ["", "", "expire", "expire", "expire"]


def test_latency_lies_in_its_range() -> None:
    faults = parse_faults("latency=50ms-0.2s")
    waits = [faults.strike(number).latency_s for number in range(200)]
    assert 0.05 <= min(waits) < 0.08
    assert 0.17 < max(waits) <= 0.2
    assert parse_faults("latency=200ms").strike(1).latency_s == pytest.approx(0.2)


def test_a_poisoned_event_stays_poisoned() -> None:
    faults = parse_faults("poison=10%:2804072")
    events = [{"event_name": "Purchase", "event_id": str(number)} for number in range(1000)]
    first = [faults.poisons(event) for event in events]
    assert first == [faults.poisons(event) for event in events]
    assert 60 < sum(first) < 140
    assert faults.poison is not None
    assert faults.poison.subcode == 2804072


def test_details_are_read() -> None:
    faults = parse_faults("error=1@1:100/33,short=1@2:3,drip=1@3:1.5s,throttle=1@4:80004")
    found = {fault.name: fault for fault in faults.strikes}
    assert (found["error"].code, found["error"].subcode) == (100, 33)
    assert found["short"].fewer == 3
    assert found["drip"].seconds == 1.5
    assert found["throttle"].code == 80004


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("boom=5%", "one of the names"),
        ("500", "write name=when"),
        ("500=5", "is no share such as 5%"),
        ("500=101%", "is no share such as 5%"),
        ("500=0@1", "no spell such as 10@3"),
        ("poison=3@1", "is no share"),
        ("latency=200", "is no time such as 200ms"),
        ("latency=1s-", "is no time such as 200ms"),
        ("seed=x", "is no whole number"),
        ("error=5%", "name the code"),
        ("error=5%:x", "is no code such as 613"),
        ("html=5%:404", "takes no detail"),
        ("drip=5%:long", "is no time"),
    ],
)
def test_a_specification_that_cannot_be_read_says_what_would_do(spec: str, words: str) -> None:
    with pytest.raises(FaultsError, match=words):
        parse_faults(f"seed=1,{spec}")
