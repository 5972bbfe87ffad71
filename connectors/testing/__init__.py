"""What every connector must keep, as a test class to inherit: `class TestMine(SourceContract)`.

Its module has one fixture, `warehouse`, shared by all tests; `lacks` names the types that the warehouse does not have:

    @pytest.fixture(scope="module")
    def warehouse(tmp_path_factory):
        return MyWarehouse(tmp_path_factory.mktemp("mine"))

    class TestMine(SourceContract):
        lacks = frozenset({"timestamp_ns"})
"""

import pytest

pytest.register_assert_rewrite(
    *(f"connectors.testing.{module}" for module in ("cursors", "queries", "reading", "safety", "types_kept"))
)

from connectors.testing.cursors import CursorContract  # noqa: E402  # rewriting comes before the import
from connectors.testing.queries import QueryContract  # noqa: E402
from connectors.testing.reading import ReadingContract  # noqa: E402
from connectors.testing.safety import SafetyContract  # noqa: E402
from connectors.testing.types_kept import TypeContract  # noqa: E402
from connectors.testing.warehouse import Warehouse  # noqa: E402

__all__ = ["SourceContract", "Warehouse"]


class SourceContract(ReadingContract, QueryContract, CursorContract, TypeContract, SafetyContract):
    """All promises of `connectors.base.Source`."""
