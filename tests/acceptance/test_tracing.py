"""Spans of a run: who is whose child, what they tell, and what they never tell."""

import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from syncer.config.load import load_project
from syncer.ports import NO_SPANS
from syncer.session import Session
from syncer.tracing import Traced, from_environment
from tests.acceptance.shop import TOKEN, Shop

CANARY = "customer1@example.com"


def traced(shop: Shop) -> tuple[ReadableSpan, ...]:
    """Run the pipeline once; return its spans."""
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    project = load_project(shop.folder, environ={"TOKEN": TOKEN, "URL": shop.sandbox.url})
    with Session(project, spans=Traced(provider.get_tracer("syncer"))) as session:
        session.run("orders")
    return kept.get_finished_spans()


def test_reading_transforming_and_each_request_are_children_of_the_run(shop: Shop) -> None:
    shop.add_orders(1, 2_500)
    spans = traced(shop)
    (run,) = (span for span in spans if span.name == "syncer.run")
    assert run.attributes is not None
    assert run.attributes["syncer.pipeline"] == "orders"
    assert (run.attributes["syncer.status"], run.attributes["syncer.acknowledged"]) == ("done", 2_500)
    children = [span for span in spans if span is not run]
    assert {span.name for span in children} == {"syncer.read", "syncer.transform", "syncer.request"}
    assert run.context is not None
    assert {span.parent.span_id for span in children if span.parent} == {run.context.span_id}
    requests = [dict(span.attributes or {}) for span in children if span.name == "syncer.request"]
    assert sorted(str(request["syncer.events"]) for request in requests) == ["1000", "1000", "500"]
    assert {request["syncer.outcome"] for request in requests} == {"acked"}
    told = "".join(span.to_json() for span in spans)
    assert TOKEN not in told
    assert "@example.com" not in told


def test_of_many_rows_as_many_as_may_be_under_way_are_made_into_events_first(shop: Shop) -> None:
    shop.add_orders(1, 16_500)
    spans = sorted(traced(shop), key=lambda span: span.start_time or 0)
    made = [span.attributes["syncer.rows"] for span in spans if span.name == "syncer.transform" and span.attributes]
    assert made == [4_000, 12_000, 500]


def test_S02_an_error_is_told_by_its_kind_alone() -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    with pytest.raises(ValueError, match="example"), Traced(provider.get_tracer("syncer")).span("read"):
        raise ValueError(CANARY)
    (span,) = kept.get_finished_spans()
    assert (span.status.description, span.events) == ("ValueError", ())


@pytest.fixture
def collector() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """What takes spans by OTLP over HTTP."""
    taken: list[ExportTraceServiceRequest] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            del arguments

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", taken
        server.shutdown()
        thread.join()


def test_a_collector_that_the_environment_names_gets_the_spans_of_a_command(
    shop: Shop, collector: tuple[str, list[ExportTraceServiceRequest]]
) -> None:
    url, taken = collector
    shop.add_orders(1, 3)
    env = {**shop.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": url}
    done = subprocess.run(
        [sys.executable, "-m", "syncer", "run", "orders"],
        cwd=shop.folder, env=env, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (resource,) = (each for request in taken for each in request.resource_spans)
    names = [span.name for scope in resource.scope_spans for span in scope.spans]
    assert sorted(set(names)) == ["syncer.read", "syncer.request", "syncer.run", "syncer.transform"]
    service = {each.key: each.value.string_value for each in resource.resource.attributes}["service.name"]
    assert service == "syncer"


def test_S02_of_a_collector_that_is_away_the_log_tells_no_address(shop: Shop) -> None:
    shop.add_orders(1, 3)
    told = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9/canarykey", "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "syncer", "run", "orders", "-vv"],
        cwd=shop.folder, env={**shop.environ, **told}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "WARNING traces.failed library=opentelemetry." in done.stderr
    assert "canarykey" not in done.stderr


def test_nothing_is_traced_where_no_collector_is_named_or_tracing_is_off() -> None:
    assert from_environment({}) is NO_SPANS
    off = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"}
    assert from_environment(off) is NO_SPANS
