"""The API holds to what its OpenAPI document says, whatever is sent to it."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.acceptance.daemons import running, wait_until
from tests.acceptance.served import TOKEN, app_served
from tests.acceptance.shop import Shop
from tests.counts import FULL, count

BEARER = {"Authorization": f"Bearer {TOKEN}"}
KEPT_OUT_OF_SIGHT = "ignore:It looks like `register_random`:hypothesis.errors.HypothesisWarning"
"""Hypothesis keeps its own numbers where Python 3.14's collector of garbage does not see who holds them, and warns itself."""
pytestmark = pytest.mark.acceptance


@pytest.mark.faults
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings(KEPT_OUT_OF_SIGHT)
@pytest.mark.skipif(not FULL, reason="what the document allows and what not is sent in make faults")
def test_every_endpoint_holds_to_the_document_whatever_it_is_sent(shop: Shop) -> None:
    import schemathesis  # it takes seconds to import, which every worker would pay

    shop.add_orders(1, 3)
    with running(shop) as daemon, app_served(daemon) as port:
        wait_until(lambda: daemon.standing().session is not None)
        url = f"http://127.0.0.1:{port}/api"
        document = schemathesis.openapi.from_url(f"{url}/openapi.json", headers=BEARER)
        for found in document.get_all_operations():
            operation: Any = found
            hold_to_it(operation.ok(), url)


def hold_to_it(operation: Any, url: str) -> None:
    """Send right and wrong calls, and hold each answer against the document.

    That a key has as many values as the pipeline has columns, no document knows.
    """
    from schemathesis.checks import positive_data_acceptance

    @settings(
        max_examples=count(20), phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck), database=None,
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def holds(case: Any) -> None:
        case.call_and_validate(base_url=url, headers=BEARER, excluded_checks=[positive_data_acceptance])

    holds()
