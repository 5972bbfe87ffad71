"""Connectors by the kind of their warehouse, found among the entry points of what is installed."""

import importlib
from collections.abc import Iterable
from dataclasses import dataclass, is_dataclass
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from connectors.base import Source
from connectors.errors import ConnectorError

GROUP = "syncer.sources"


@dataclass(frozen=True, slots=True)
class Connector:
    """One kind of warehouse; the module that the entry point names has `Options` and `connect`."""

    kind: str
    module: ModuleType
    extra: str = ""
    """What `pip install` takes to get its driver, as far as its entry point says."""

    @property
    def options(self) -> type[Any]:
        """The frozen dataclass of what `connect` takes; `SECRETS` names fields that must come by reference."""
        options: type[Any] = self.module.Options
        return options

    def connect(self, options: Any, *, root: Path) -> Source:
        """Return the warehouse; relative paths start at `root`.

        Raises `ConnectorError` where the driver is not installed, `SourceError` where the warehouse says no.
        """
        try:
            source: Source = self.module.connect(options, root=root)
        except ImportError as error:
            raise _not_loadable(self.kind, error, self.extra) from error
        return source


def kinds() -> tuple[str, ...]:
    """Return the kinds of warehouses that connectors are installed for."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


@cache
def find(kind: str) -> Connector:
    """Return the connector for `kind`; raises `ConnectorError` where none, two, or a broken one is installed.

    What was found is found again without a look at what is installed, which takes 7 ms; what was not, is looked for.
    """
    return choose(kind, entry_points(group=GROUP))


def options_type(kind: str) -> type[Any]:
    """Return the dataclass of the options of `kind`, loading no driver; raises `ConnectorError`."""
    return find(kind).options


def choose(kind: str, points: Iterable[EntryPoint]) -> Connector:
    """Return the connector for `kind` among `points`; raises `ConnectorError`."""
    known = list(points)
    claims = {(_distribution(point), point.value): point for point in known if point.name == kind}
    if not claims:
        raise _unknown(kind, sorted({point.name for point in known}))
    if len(claims) > 1:
        claimants = " and ".join(f"{distribution} ({value})" for distribution, value in sorted(claims))
        raise ConnectorError(kind, what=f"{claimants} both offer {kind!r}", remedy="uninstall one of them")
    (point,) = claims.values()
    return _load(point)


def _load(point: EntryPoint) -> Connector:
    extra = f"'{_distribution(point)}[{','.join(point.extras)}]'" if point.extras else ""
    try:
        module = importlib.import_module(point.module)
    except ImportError as error:
        raise _not_loadable(point.name, error, extra) from error
    if not is_dataclass(getattr(module, "Options", None)) or not callable(getattr(module, "connect", None)):
        raise ConnectorError(
            point.name,
            what=f"the module {point.module} of {_distribution(point)} is no connector: it lacks Options or connect",
            remedy="update or uninstall it",
        )
    return Connector(point.name, module, extra)


def _unknown(kind: str, known: list[str]) -> ConnectorError:
    near = get_close_matches(kind.casefold(), known, n=1)
    guess = f"did you mean {near[0]!r}? " if near else ""
    return ConnectorError(
        kind,
        what=f"no connector for {kind!r} is installed",
        remedy=f"{guess}installed: {', '.join(known) or 'none'}",
    )


def _not_loadable(kind: str, error: ImportError, extra: str) -> ConnectorError:
    if isinstance(error, ModuleNotFoundError) and error.name:
        missing = error.name.partition(".")[0]
        what = f"the connector {kind!r} needs {missing!r}, which is not installed"
        return ConnectorError(kind, what=what, remedy=f"run: pip install {extra or missing}")
    return ConnectorError(
        kind,
        what=f"the connector {kind!r} cannot be loaded: {error}",
        remedy=f"install it again: pip install --force-reinstall {extra or kind}",
    )


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "an unknown package"
