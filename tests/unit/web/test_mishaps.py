"""What a page says when nobody expected what happened."""

import logging

import pytest

from syncer.health import Health, Standing
from syncer.ports import SystemClock
from syncer.web.access import Access
from syncer.web.app import create_app
from syncer.web.errands import Errands
from tests.unit.web.asgi import ask

TOKEN = "t0ken-of-the-page-0123456789"


class Odd:
    """A daemon that nobody expected."""

    def standing(self) -> Standing:
        raise ZeroDivisionError("ada@example.com")


@pytest.mark.parametrize("path", ["/", "/pipelines/orders/meta", "/api/pipelines"])
def test_what_nobody_expected_is_told_by_kind_and_place_alone(path: str, caplog: pytest.LogCaptureFixture) -> None:
    clock = SystemClock()
    app = create_app(Odd(), Access(TOKEN), health=Health(Odd(), clock), errands=Errands(clock))
    with caplog.at_level(logging.ERROR):
        answer = ask(app, path, headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status == 500
    assert "ZeroDivisionError" in answer.text
    assert [record.getMessage() for record in caplog.records] == ["page.failed"]
    assert "please report this line" in answer.text
    assert "ada@example.com" not in answer.text + caplog.text
