"""A whole run of drt-core with its own destination for Meta, from Postgres, tuned.

Large pages of rows, a large fetch, no limit of its own on requests a second. It sends one request after the other and
keeps no ledger of events; its cursor is not asked for, so that nothing but the run is measured.
"""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from psycopg2.extensions import parse_dsn

from benchmarks.measure import report

MODEL = (
    "SELECT order_id, extract(epoch FROM ordered_at)::bigint AS event_time, page_url, email, phone, ip, user_agent,"
    " fbp, fbc, total FROM orders ORDER BY updated_at, order_id"
)
PAGE = 10_000


def main(postgres: str, sink: str) -> None:
    """Sync once."""
    from drt.config.models import MetaConversionsDestinationConfig, RateLimitConfig, SyncConfig, SyncOptions
    from drt.config.profiles import PostgresProfile
    from drt.destinations import meta_conversions
    from drt.engine.sync import run_sync
    from drt.sources.postgres import PostgresSource

    meta_conversions._BASE_URL = sink  # noqa: SLF001  it has no setting for it
    at = parse_dsn(postgres)
    profile = PostgresProfile(
        type="postgres", host=at["host"], dbname=at["dbname"], user=at["user"], fetch_size=PAGE,
        port=int(at.get("port", 5432)),
    )  # fmt: skip
    destination = MetaConversionsDestinationConfig(
        type="meta_conversions", pixel_id="1234567890", access_token="sandbox-token", event_name="Purchase",
        event_time_field="event_time", event_id_field="order_id", event_source_url_field="page_url",
        email_field="email", phone_field="phone", client_ip_address_field="ip", client_user_agent_field="user_agent",
        fbc_field="fbc", fbp_field="fbp", value_field="total",
    )  # fmt: skip
    options = SyncOptions(
        batch_size=PAGE, rate_limit=RateLimitConfig(requests_per_second=100_000), on_error="skip", mode="full"
    )
    config = SyncConfig(name="orders", model=MODEL, destination=destination, sync=options)

    def sync() -> dict[str, Any]:
        began = time.perf_counter()
        with TemporaryDirectory() as home:
            done = run_sync(
                config, PostgresSource(), meta_conversions.MetaConversionsDestination(), profile, Path(home)
            )
        return {"rows": done.rows_extracted, "events": done.success, "wall_s": time.perf_counter() - began}

    report(sync, from_start=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
