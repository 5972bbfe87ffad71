"""Spans of runs for OpenTelemetry, where the environment names a collector; the only home of opentelemetry."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from syncer.ports import NO_SPANS, Note, Spans

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
OFF: Final = "OTEL_SDK_DISABLED"
log = logging.getLogger(__name__)


def from_environment(environ: Mapping[str, str] | None = None) -> Spans:
    """Return spans that go to the collector which OpenTelemetry's own variables name; none where they name none.

    Where the packages are missing, that is logged once and nothing is traced.
    """
    found = os.environ if environ is None else environ
    is_off = found.get(OFF, "").strip().lower() == "true"
    return _exported() if not is_off and any(found.get(name) for name in ENDPOINTS) else NO_SPANS


class _Unquoted(logging.Handler):
    """Tells that OpenTelemetry has something to say, not what: its texts quote addresses and what a collector answers."""

    def emit(self, record: logging.LogRecord) -> None:
        log.warning(
            "traces.failed",
            extra={"library": record.name, "remedy": "look at the variables OTEL_... and the collector"},
        )


def _say_what_opentelemetry_says() -> None:
    for name in ("opentelemetry", "urllib3"):  # which carries what it exports
        told = logging.getLogger(name)
        told.setLevel(logging.WARNING)
        told.propagate = False
        told.handlers[:] = [_Unquoted()]


@cache
def _exported() -> Spans:
    _say_what_opentelemetry_says()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("traces.missing", extra={"remedy": "pip install 'syncer[otel]', or unset the variables OTEL_..."})
        return NO_SPANS
    service = os.environ.get("OTEL_SERVICE_NAME") or "syncer"
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Traced(provider.get_tracer("syncer"))


class Traced(Spans):
    """Spans of a tracer. A span begun on a thread that runs in the context of another is a child of that one's."""

    def __init__(self, tracer: "Tracer") -> None:
        self._tracer = tracer

    def span(self, name: str, /, **facts: object) -> AbstractContextManager[Note]:
        """Begin a span; its facts are ids, names and counts alone."""
        return self._span(name, facts)

    @contextmanager
    def _span(self, name: str, facts: Mapping[str, object]) -> Iterator[Note]:
        from opentelemetry.trace import Status, StatusCode

        # the text of an error may hold data, so none is recorded
        with self._tracer.start_as_current_span(
            f"syncer.{name}", attributes=_attributes(facts), record_exception=False, set_status_on_exception=False
        ) as span:
            note: Callable[..., None] = lambda **more: span.set_attributes(_attributes(more))  # noqa: E731
            try:
                yield note
            except BaseException as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise


def _attributes(facts: Mapping[str, object]) -> dict[str, Any]:
    kept = {f"syncer.{name}": value for name, value in facts.items() if value is not None}
    return {name: value if isinstance(value, bool | int | float) else str(value) for name, value in kept.items()}
