"""Requests to Meta, each with one outcome: the only home of httpx, with the network under it in `deadline.py`.

Requests go straight to the transport. `httpx.Client` around it would keep cookies, prepare redirects, read the
environment and log addresses; here is nothing to switch off.
"""

import logging
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from types import TracebackType
from typing import Self, cast
from urllib.parse import urlencode

from syncer import __version__
from syncer.capi.answer import Answer
from syncer.capi.body import with_member
from syncer.capi.classify import classify
from syncer.capi.credentials import Credentials, read_credentials
from syncer.capi.deadline import EXTENSION, Attempt, DeadlineTransport
from syncer.capi.endpoint import Endpoint
from syncer.capi.http_library import httpx
from syncer.capi.quality import FIELDS, Quality, quality_of
from syncer.capi.token_state import TokenState, token_state
from syncer.errors import ConfigError, Problem
from syncer.ports import Clock
from syncer.spec import answers
from syncer.spec.outcomes import Outcome, OutcomeClass, TransportFailure

TIMEOUT_S = 30.0
"""For a whole request, connecting included; most of Meta's answers take under a second."""
CONNECT_TIMEOUT_S = 10.0
AGENT = f"syncer/{__version__}"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
LARGEST_BODY = 1024 * 1024
LARGEST_HEADERS = 64 * 1024

for _name in (
    "httpx",
    "httpcore",
    *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")),
):
    logging.getLogger(_name).setLevel(logging.WARNING)  # their debug lines quote the headers of answers


class Client:
    """Sends bodies to one dataset, from several threads at once; leaving its `with` block closes its connections."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        clock: Clock,
        transport: httpx.BaseTransport | None = None,
        timeout_s: float = TIMEOUT_S,
        requests_in_flight: int = 4,
    ) -> None:
        """Nothing is read or opened but `ca_bundle`; raises `ConfigError` where that or `proxy` is no use."""
        self._endpoint = endpoint
        self._clock = clock
        self._timeout_s = timeout_s
        self._transport = transport or _transport(endpoint, connections=requests_in_flight)
        self._events_url = httpx.URL(
            endpoint.events_url
        )  # read once: it takes longer than all else of a request's head
        self._credentials: Credentials | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; a request in flight ends in doubt."""
        self._transport.close()

    def send(self, body: bytes, *, events: int) -> Outcome:
        """Post `body`, which holds `events` events, and return what became of it; no failure is raised.

        Takes at most the time-out. The access token is read when first needed, and again when Meta refuses it: a
        token that has changed meanwhile is tried once, within the same time.
        """
        deadline = self._clock.monotonic() + self._timeout_s
        try:
            credentials = self._read_credentials(refused=None)
        except ConfigError as error:
            meaning = answers.CREDENTIALS_UNREADABLE
            explanation = f"{meaning.explanation}: {error}"
            return Outcome(kind=meaning.kind, reason=meaning.reason, explanation=explanation)
        outcome = self._post(body, events, credentials, deadline)
        if outcome.kind is not OutcomeClass.BLOCKED:
            return outcome
        try:
            renewed = self._read_credentials(refused=credentials)
        except ConfigError:
            return outcome
        return outcome if renewed == credentials else self._post(body, events, renewed, deadline)

    def inspect_token(self) -> TokenState:
        """Ask Meta what the access token is good for; sends no event. Raises `ConfigError` where it cannot be read.

        The token asks about itself. The documented GET would carry it in its address, so this is a POST that says
        `method=GET`, the way Meta's PHP SDK reads everything.
        """
        credentials = self._read_credentials(refused=None)
        answer = self._read(self._endpoint.token_url, {"input_token": credentials.token}, credentials)
        return token_state(answer, dataset_id=self._endpoint.dataset_id, now=self._clock.now())

    def read_quality(self) -> Quality:
        """Ask Meta how good the events of the dataset are; raises `ConfigError` where the token cannot be read."""
        asked = {"dataset_id": self._endpoint.dataset_id, "fields": FIELDS}
        return quality_of(self._read(self._endpoint.quality_url, asked, self._read_credentials(refused=None)))

    def ask_time(self) -> Outcome:
        """Return an outcome whose `date_skew_s` tells the host's clock from ours; no failure is raised.

        Names no dataset and carries no token: the answer itself, an error as a rule, does not matter.
        """
        deadline = self._clock.monotonic() + self._timeout_s
        attempt = Attempt(clock=self._clock, deadline=deadline, is_encrypted=not self._endpoint.is_plain)
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": AGENT}
        request = httpx.Request("GET", self._endpoint.root_url, headers=headers, extensions=_limits(attempt))
        return classify(self._exchange(request, attempt), 0)

    def _read(self, url: str, asked: dict[str, str], credentials: Credentials) -> Answer | TransportFailure:
        """Read from Meta by a POST that says `method=GET`: what is asked, and the proof, stand in no address."""
        proof = {"appsecret_proof": credentials.proof} if credentials.proof is not None else {}
        body = urlencode({"method": "GET", **asked, **proof}).encode()
        deadline = self._clock.monotonic() + self._timeout_s
        attempt = Attempt(clock=self._clock, deadline=deadline, is_encrypted=not self._endpoint.is_plain)
        return self._exchange(self._request(body, credentials, attempt, url=url, content_type=FORM), attempt)

    def _read_credentials(self, *, refused: Credentials | None) -> Credentials:
        """Return the credentials as they were read last, or are now if the last ones were refused."""
        with self._lock:
            if self._credentials is None or self._credentials == refused:
                self._credentials = read_credentials(self._endpoint)
            return self._credentials

    def _post(self, body: bytes, events: int, credentials: Credentials, deadline: float) -> Outcome:
        if credentials.proof is not None:
            body = with_member(body, "appsecret_proof", credentials.proof)
        attempt = Attempt(clock=self._clock, deadline=deadline, is_encrypted=not self._endpoint.is_plain)
        outcome = classify(
            self._exchange(self._request(body, credentials, attempt, url=self._events_url), attempt), events
        )
        trace_id = outcome.fbtrace_id
        if trace_id and (trace_id in credentials.token or body.rfind(trace_id.encode()) >= 0):  # half the time of `in`
            return replace(outcome, fbtrace_id=None)
        return outcome

    def _request(
        self, body: bytes, credentials: Credentials, attempt: Attempt, *, url: str | httpx.URL, content_type: str = JSON
    ) -> httpx.Request:
        headers = {
            "Authorization": f"Bearer {credentials.token}",
            "Content-Type": content_type,
            "Content-Length": str(len(body)),
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": AGENT,
        }
        content = _noting(body, attempt)
        return httpx.Request("POST", url, headers=headers, content=content, extensions=_limits(attempt))

    def _exchange(self, request: httpx.Request, attempt: Attempt) -> Answer | TransportFailure:
        has_answered = False
        try:
            with closing(self._transport.handle_request(request)) as response:
                has_answered = True
                return self._answer(response, attempt)
        except Exception as error:  # noqa: BLE001 - every failure has an outcome, and its text may quote the request
            return failure_of(error, attempt, in_answer=has_answered)

    def _answer(self, response: httpx.Response, attempt: Attempt) -> Answer | TransportFailure:
        """Read the body as it came, undecoded, up to its limit."""
        received_at = self._clock.now().timestamp()
        headers = tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers.raw
        )
        was_whole = attempt.body_written
        if sum(len(name) + len(value) for name, value in headers) > LARGEST_HEADERS:
            return TransportFailure.ANSWER_TOO_LARGE
        if attempt.is_counted and not attempt.received:
            return TransportFailure.ANSWER_NOT_HTTP  # it was left over from the request before
        body = bytearray()
        for chunk in cast("Iterable[bytes]", response.stream):
            body += chunk
            if len(body) > LARGEST_BODY:
                return TransportFailure.ANSWER_TOO_LARGE
            if attempt.left_s <= 0:
                return TransportFailure.DEADLINE
        return Answer(
            status=response.status_code,
            headers=headers,
            body=bytes(body),
            received_at=received_at,
            request_was_whole=was_whole,
        )


def _limits(attempt: Attempt) -> dict[str, object]:
    """Return what a request may take; what is sent at the last moment could only end in doubt."""
    left_s = max(attempt.left_s, 0.0)
    half_s = left_s / 2.0
    limits = {"pool": half_s, "connect": min(CONNECT_TIMEOUT_S, half_s), "read": left_s, "write": left_s}
    return {"timeout": limits, EXTENSION: attempt}


def _noting(body: bytes, attempt: Attempt) -> Iterator[bytes]:
    """Yield `body`, and note when all of it was taken."""
    yield body
    attempt.body_written = True


def failure_of(error: Exception, attempt: Attempt, *, in_answer: bool = False) -> TransportFailure:
    """Return why there is no answer. Unsent is only what failed to connect, or of which not a byte was written."""
    unsent = _failure_unsent(error, attempt)
    if unsent is not None:
        return unsent
    match error:
        case _ if attempt.is_flooded:
            return TransportFailure.ANSWER_TOO_LARGE
        case httpx.WriteTimeout():
            return TransportFailure.WRITE_TIMEOUT
        case httpx.ReadTimeout():
            return TransportFailure.DEADLINE if attempt.received or in_answer else TransportFailure.READ_TIMEOUT
        case httpx.NetworkError() | httpx.RemoteProtocolError():
            return _failure_to_read(error, attempt, in_answer=in_answer)
        case _:
            return TransportFailure.UNEXPECTED


def _failure_unsent(error: Exception, attempt: Attempt) -> TransportFailure | None:
    match error:
        case httpx.PoolTimeout():
            return TransportFailure.POOL_TIMEOUT
        case httpx.ConnectTimeout():
            return TransportFailure.CONNECT_TIMEOUT
        case httpx.ConnectError():
            return _failure_to_connect(error)
        case httpx.ProxyError():
            return TransportFailure.PROXY_FAILED
        case _ if attempt.written:
            return None
        case httpx.LocalProtocolError() | httpx.UnsupportedProtocol():
            return TransportFailure.REQUEST_IMPOSSIBLE
        case httpx.TimeoutException() if attempt.is_counted:
            return TransportFailure.CONNECT_TIMEOUT
        case _:
            return TransportFailure.RESET_BEFORE_REQUEST if attempt.is_counted else None


def _failure_to_connect(error: Exception) -> TransportFailure:
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return TransportFailure.TLS_CERTIFICATE_INVALID
            case ssl.SSLError():
                return TransportFailure.TLS_FAILED
            case socket.gaierror():
                return TransportFailure.NAME_UNKNOWN
    return TransportFailure.CONNECTION_REFUSED


def _failure_to_read(error: Exception, attempt: Attempt, *, in_answer: bool) -> TransportFailure:
    if in_answer:
        return TransportFailure.ANSWER_TRUNCATED
    if attempt.is_counted and not attempt.body_written:
        return TransportFailure.RESET_IN_REQUEST
    if not attempt.received:
        return TransportFailure.RESET_AFTER_REQUEST
    if isinstance(error, httpx.RemoteProtocolError):
        flooded = attempt.received > LARGEST_HEADERS
        return TransportFailure.ANSWER_TOO_LARGE if flooded else TransportFailure.ANSWER_NOT_HTTP
    return TransportFailure.ANSWER_TRUNCATED


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield `error` and what it came from; httpcore hides a cause without removing it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _transport(endpoint: Endpoint, *, connections: int) -> httpx.BaseTransport:
    if endpoint.is_plain:
        return DeadlineTransport(None, connections=connections)
    return DeadlineTransport(_context(endpoint), connections=connections, proxy=_proxy(endpoint))


def _context(endpoint: Endpoint) -> ssl.SSLContext:
    """Return TLS 1.2 or newer that always verifies; the environment can neither add authorities nor log keys."""
    context = httpx.create_ssl_context(trust_env=False)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if context.keylog_filename is not None:
        context.keylog_filename = None  # type: ignore[assignment] # None is how it is switched off
    if endpoint.ca_bundle is not None:
        try:
            context.load_verify_locations(cafile=endpoint.ca_bundle)
        except OSError as error:
            what = f"{endpoint.ca_bundle} holds no certificates that can be read"
            remedy = "name a file with certificates in PEM form"
            raise ConfigError([Problem(file=None, path="ca_bundle", what=what, remedy=remedy)]) from error
    return context


def _proxy(endpoint: Endpoint) -> httpx.Proxy | None:
    address = endpoint.proxy.resolve().strip() if endpoint.proxy is not None else ""
    if not address:
        return None
    try:
        proxy = httpx.Proxy(address)
    except (ValueError, httpx.InvalidURL):
        proxy = None
    if proxy is None or proxy.url.scheme != "http" or not proxy.url.host or (proxy.url.port or 80) > 65_535:
        what, remedy = (
            "this is no address of a proxy",
            "write http://host:port, with user:password@ before the host if it asks",
        )
        raise ConfigError([Problem(file=None, path="proxy", what=what, remedy=remedy)])
    return proxy
