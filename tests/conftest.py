"""What every test run needs before its first test."""

import pytest
from hypothesis import strategies as st


@pytest.fixture(scope="session", autouse=True)
def tables_of_unicode() -> None:
    """Build Hypothesis's tables: in a fresh clone they take seconds, which some test's first draw would pay."""
    st.text().validate()
