"""Connectors are found by entry point; what is missing or wrong is said in one sentence."""

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, EntryPoint, PathDistribution
from pathlib import Path

import pytest

from connectors.duckdb import Options
from connectors.errors import ConnectorError
from connectors.registry import choose, find, kinds, options_type

HEAVY = ("pyarrow", "duckdb", "polars", "pandas", "numpy")
CONNECTOR = """
from dataclasses import dataclass

@dataclass(frozen=True, kw_only=True)
class Options:
    path: str

def connect(options, *, root):
    import no_such_driver.inner
"""


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Path]:
    """A folder on the import path."""
    sys.path.insert(0, str(tmp_path))
    yield tmp_path
    sys.path.remove(str(tmp_path))


def distribution(folder: Path, name: str, entry: str) -> Distribution:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[syncer.sources]\n{entry}\n")
    return PathDistribution(info)


def points(*distributions: Distribution) -> list[EntryPoint]:
    return [point for one in distributions for point in one.entry_points]


def test_duckdb_is_found() -> None:
    assert "duckdb" in kinds()
    assert find("duckdb").options is options_type("duckdb") is Options


def test_what_was_found_is_found_again_and_what_was_not_is_looked_for_again(installed: Path) -> None:
    assert find("duckdb") is find("duckdb")
    with pytest.raises(ConnectorError, match="no connector for 'latecomer' is installed"):
        find("latecomer")
    (installed / "latecomer.py").write_text(CONNECTOR)
    distribution(installed, "latecomer", "latecomer = latecomer")
    assert find("latecomer").kind == "latecomer", "it was installed while the process ran"


def test_an_unknown_kind_comes_with_the_nearest() -> None:
    with pytest.raises(ConnectorError, match="no connector for 'dukdb' is installed; did you mean 'duckdb'") as caught:
        find("dukdb")

    assert caught.value.kind == "dukdb"


def test_a_connector_of_another_package_works_like_ours(installed: Path) -> None:
    (installed / "shop_source.py").write_text(CONNECTOR)
    found = choose("shop", points(distribution(installed, "shop", "shop = shop_source")))

    assert found.options(path="x").path == "x"


def test_a_driver_that_is_missing_is_named_with_what_installs_it(installed: Path) -> None:
    (installed / "extra_source.py").write_text(CONNECTOR)
    found = choose("extra", points(distribution(installed, "shop", "extra = extra_source [big, fast]")))

    with pytest.raises(ConnectorError) as caught:
        found.connect(found.options(path="x"), root=installed)

    assert str(caught.value) == (
        "the connector 'extra' needs 'no_such_driver', which is not installed; run: pip install 'shop[big,fast]'"
    )


def test_a_module_that_is_missing_is_named(installed: Path) -> None:
    with pytest.raises(
        ConnectorError, match="needs 'no_such_module', which is not installed; run: pip install no_such"
    ):
        choose("gone", points(distribution(installed, "gone", "gone = no_such_module.inner")))


def test_a_module_that_breaks_on_import_is_named(installed: Path) -> None:
    (installed / "broken_source.py").write_text("from dataclasses import no_such_name")

    with pytest.raises(ConnectorError, match="the connector 'broken' cannot be loaded: cannot import name"):
        choose("broken", points(distribution(installed, "broken", "broken = broken_source")))


def test_a_module_that_is_no_connector_is_named(installed: Path) -> None:
    with pytest.raises(ConnectorError, match="the module json of stranger is no connector"):
        choose("json", points(distribution(installed, "stranger", "json = json")))


def test_two_packages_that_claim_one_kind_are_both_named(installed: Path) -> None:
    ours = distribution(installed, "ours", "shop = one_module")
    theirs = distribution(installed, "theirs", "shop = other_module")

    with pytest.raises(ConnectorError, match=r"ours \(one_module\) and theirs \(other_module\) both offer 'shop'"):
        choose("shop", points(ours, theirs))


def test_a_package_that_is_found_twice_claims_its_kind_once(installed: Path) -> None:
    (installed / "twice_source.py").write_text(CONNECTOR)
    once = distribution(installed, "twice", "twice = twice_source")

    assert choose("twice", points(once, once)).kind == "twice"


def test_options_and_errors_load_no_driver() -> None:
    code = (
        "import sys, connectors.base, connectors.columns, connectors.bounds, connectors.registry;"
        "connectors.registry.options_type('duckdb');"
        f"print(*[name for name in {HEAVY} if name in sys.modules])"
    )

    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    assert loaded == "\n"
