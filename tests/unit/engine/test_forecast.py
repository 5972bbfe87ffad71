"""What a plan says of the events it found."""

from syncer.engine.forecast import Forecast


def test_money_that_cancels_out_is_left_out() -> None:
    found = Forecast(pipeline="orders", target="dev", destination="meta")
    found.value.update({"EUR": 0.1 + 0.2 - 0.3, "USD": -2.0, "JPY": 3.0})
    assert found.to_json()["value"] == {"JPY": 3.0, "USD": -2.0}
