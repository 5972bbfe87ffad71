"""Where requests go: one address, checked before anything is sent (security promise S06)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from syncer.errors import ConfigError, Problem
from syncer.pipeline import Destination
from syncer.secret import Reference, Secret
from syncer.spec.addresses import BASE_URL, GRAPH_HOST, fault_of_address

API_VERSION = re.compile(r"v[0-9]{1,3}\.[0-9]{1,2}")
DATASET_ID = re.compile(r"[0-9]{1,32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A dataset at Meta, or at the sandbox; making one raises `ConfigError` with every problem of its address."""

    dataset_id: str
    access_token: Secret
    base_url: str = f"https://{GRAPH_HOST}"
    api_version: str = "v26.0"
    app_secret: Secret | None = None
    """Given: every body carries the proof that the sender knows it."""
    ca_bundle: Path | None = None
    """Authorities believed besides the public ones."""
    proxy: Reference | None = field(default=None, repr=False)
    """`http://[user:password@]host:port`; not used for plain http, which stays on this machine."""
    allow_host: bool = False
    """Lets base_url name another host than Meta's."""

    def __post_init__(self) -> None:
        problems = tuple(self._problems())
        if problems:
            raise ConfigError(problems)

    @classmethod
    def of(cls, destination: Destination, *, base_url: str | None = None) -> Self:
        """Return the endpoint of `destination`; `base_url` stands in for its own, such as that of a sandbox."""
        return cls(
            dataset_id=destination.dataset_id.resolve().strip(),
            access_token=destination.access_token,
            base_url=base_url or destination.base_url,
            api_version=destination.api_version,
            app_secret=destination.app_secret,
            ca_bundle=destination.ca_bundle,
            proxy=destination.proxy,
            allow_host=destination.allow_host,
        )

    @property
    def events_url(self) -> str:
        """Return the address of the POST; it never holds a query."""
        return f"{self.base_url.rstrip('/')}/{self.api_version}/{self.dataset_id}/events"

    @property
    def root_url(self) -> str:
        """Return the address that names nothing but the host."""
        return f"{self.base_url.rstrip('/')}/"

    @property
    def token_url(self) -> str:
        """Return the address that tells what an access token is good for; it never holds a query."""
        return f"{self.base_url.rstrip('/')}/{self.api_version}/debug_token"

    @property
    def quality_url(self) -> str:
        """Return the address that tells how good the events of datasets are; it never holds a query."""
        return f"{self.base_url.rstrip('/')}/{self.api_version}/dataset_quality"

    @property
    def host(self) -> str:
        """Return the host in lower case, as the first line of a run names it."""
        return _match(self.base_url)[2].lower()

    @property
    def is_plain(self) -> bool:
        """Return whether requests are not encrypted, which only loopback allows."""
        return _match(self.base_url)[1].lower() == "http"

    def _problems(self) -> Iterator[Problem]:
        what = fault_of_address(self.base_url, allow_host=self.allow_host)
        if what:
            yield Problem(file=None, path="base_url", what=what, remedy=f"leave it out to send to https://{GRAPH_HOST}")
        if not API_VERSION.fullmatch(self.api_version):
            yield Problem(file=None, path="api_version", what="this is no version", remedy="write it as v26.0")
        if not DATASET_ID.fullmatch(self.dataset_id):
            remedy = "copy the digits from Events Manager, and quote them"
            yield Problem(file=None, path="dataset_id", what="a dataset id is digits only", remedy=remedy)


def _match(base_url: str) -> re.Match[str]:
    found = BASE_URL.fullmatch(base_url)
    if found is None:
        raise ValueError("base_url was not checked")
    return found
