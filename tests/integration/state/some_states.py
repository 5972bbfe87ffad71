"""For long tests of what is a matter of the state store, whatever it lies in: with a file alone in `make test`."""

import pytest

from tests.counts import FULL

STATES = ["sqlite", pytest.param("postgres", marks=pytest.mark.integration)]
of_some_states = pytest.mark.parametrize("state_url", STATES if FULL else STATES[:1], indirect=True)
