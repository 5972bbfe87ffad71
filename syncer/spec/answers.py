"""What each answer means, by its numbers alone: failure of the transport, Graph code and subcode, HTTP status.

Meta's texts come in the language of the account, so none is read but two that name no number of their own.
Evidence beside the lines: D is Meta's documentation (Graph API "Handle Errors" and "Rate Limiting", Marketing API
"Error Codes"), L a live answer that somebody published, T the code of another sender.
"""

from collections.abc import Mapping
from types import MappingProxyType

from syncer.spec.outcomes import Meaning, OutcomeClass, TransportFailure
from syncer.spec.reasons import REASONS, REMOTE_SUBCODES

_NOT_SENT, _THROTTLED, _BLOCKED = OutcomeClass.NOT_SENT, OutcomeClass.THROTTLED, OutcomeClass.BLOCKED
_REJECTED, _TOO_BIG, _DOUBT = OutcomeClass.REJECTED, OutcomeClass.TOO_BIG, OutcomeClass.DOUBT
_UNKNOWN_FATE = "whether Meta took the events is unknown, and they keep their event_id when they are sent again"

# --- no answer -----------------------------------------------------------------------------------

FAILURES: Mapping[TransportFailure, Meaning] = MappingProxyType(
    {
        failure: Meaning(kind, failure.value, sentence)
        for failure, kind, sentence in (
            (
                TransportFailure.NAME_UNKNOWN,
                _NOT_SENT,
                "The host of base_url has no address: check the name and this machine's DNS.",
            ),
            (
                TransportFailure.CONNECTION_REFUSED,
                _NOT_SENT,
                "No connection to the host of base_url: check that it runs and that a firewall lets port and host through.",
            ),
            (
                TransportFailure.CONNECT_TIMEOUT,
                _NOT_SENT,
                "The host of base_url did not accept the connection in time: check network, firewall and proxy.",
            ),
            (
                TransportFailure.POOL_TIMEOUT,
                _NOT_SENT,
                "All connections were busy for too long: lower delivery.requests_in_flight.",
            ),
            (
                TransportFailure.TLS_CERTIFICATE_INVALID,
                _NOT_SENT,
                "The certificate of the host is not valid for it: check this machine's clock and base_url; behind a proxy that opens TLS, name its authority in ca_bundle.",
            ),
            (
                TransportFailure.TLS_FAILED,
                _NOT_SENT,
                "No TLS connection of version 1.2 or newer could be made: check base_url and what stands between this machine and it.",
            ),
            (
                TransportFailure.PROXY_FAILED,
                _NOT_SENT,
                "The proxy refused the connection: check proxy, its user and its password.",
            ),
            (
                TransportFailure.REQUEST_IMPOSSIBLE,
                _NOT_SENT,
                "The request could not be written as HTTP: check base_url and proxy.",
            ),
            (
                TransportFailure.RESET_BEFORE_REQUEST,
                _NOT_SENT,
                "The connection ended before a byte of the request was written; it is sent again.",
            ),
            (
                TransportFailure.RESET_IN_REQUEST,
                _DOUBT,
                f"The connection ended while the request was written: {_UNKNOWN_FATE}.",
            ),
            (
                TransportFailure.RESET_AFTER_REQUEST,
                _DOUBT,
                f"The connection ended before an answer came: {_UNKNOWN_FATE}.",
            ),
            (
                TransportFailure.WRITE_TIMEOUT,
                _DOUBT,
                f"The request was not taken off the line in time: {_UNKNOWN_FATE}.",
            ),
            (TransportFailure.READ_TIMEOUT, _DOUBT, f"No answer came in time: {_UNKNOWN_FATE}."),
            (TransportFailure.DEADLINE, _DOUBT, f"The answer was not complete in time: {_UNKNOWN_FATE}."),
            (TransportFailure.ANSWER_TRUNCATED, _DOUBT, f"The answer broke off: {_UNKNOWN_FATE}."),
            (
                TransportFailure.ANSWER_NOT_HTTP,
                _DOUBT,
                f"The answer was not HTTP: {_UNKNOWN_FATE}; check base_url and proxy.",
            ),
            (
                TransportFailure.ANSWER_TOO_LARGE,
                _DOUBT,
                f"The answer was larger than any of Meta's: {_UNKNOWN_FATE}; check base_url and proxy.",
            ),
            (TransportFailure.UNEXPECTED, _DOUBT, f"Sending failed in an unforeseen way: {_UNKNOWN_FATE}."),
        )
    }
)

# --- Graph errors: (code, subcode) -> meaning ----------------------------------------------------

ANY = None
"""Stands for every subcode that has no line of its own."""
NO_SUBCODE = 0
DATA_SUBCODES = range(2_804_000, 2_805_000)
"""Subcodes of the Conversions API for events that break a rule (L, T)."""

_RENEWAL = (
    "make a new one (Events Manager, the dataset's Settings, Conversions API, Generate access token, or the system "
    "user in Business Settings) and put it where access_token points; it is read again by itself"
)
_ASSIGN = "in Business Settings assign the dataset to the token's system user, or use a token made for this dataset in Events Manager"

_TOKEN: dict[tuple[int, int | None], tuple[str, str]] = {  # D: Handle Errors, authentication; L: 190 without subcode
    (190, ANY): ("token_invalid", f"Meta does not accept the access token: {_RENEWAL}."),
    (190, 458): ("token_app_removed", f"The app of the access token was removed: {_RENEWAL}."),
    (190, 459): (
        "token_checkpoint",
        f"The user of the access token must log in at facebook.com first; then {_RENEWAL}.",
    ),
    (190, 460): ("token_password_changed", f"The password behind the access token changed: {_RENEWAL}."),
    (190, 463): ("token_expired", f"The access token has expired: {_RENEWAL}."),
    (190, 464): (
        "token_user_unconfirmed",
        f"The user of the access token is not confirmed: confirm it at facebook.com, then {_RENEWAL}.",
    ),
    (190, 467): ("token_invalid", f"Meta does not accept the access token: {_RENEWAL}."),
    (190, 492): ("token_session_invalid", f"The session of the access token has ended: {_RENEWAL}."),
    (102, ANY): ("token_session_invalid", f"The session of the access token has ended: {_RENEWAL}."),
}
_PERMISSION: dict[tuple[int, int | None], tuple[str, str]] = {  # D: Handle Errors; Error Codes
    (3, ANY): (
        "capability_missing",
        "The app of the access token lacks a capability: ask for it in the app dashboard, or use a token made in Events Manager.",
    ),
    (10, ANY): ("permission_missing", f"The access token may not write to this dataset: {_ASSIGN}."),
    **{
        (code, ANY): ("permission_missing", f"The access token may not write to this dataset: {_ASSIGN}.")
        for code in range(200, 300)
    },
    (270, ANY): (
        "app_access_too_low",
        "The app of the access token has too low an access level for this dataset: ask for more in the app dashboard, or use a token made in Events Manager.",
    ),
    (294, ANY): (
        "permission_ads_management_missing",
        "The access token lacks ads_management: add the permission, or use a token made in Events Manager.",
    ),
}
_CONFIGURATION: dict[tuple[int, int | None], tuple[str, str]] = {
    (100, 33): (
        "dataset_unknown",
        f"There is no such dataset, or the access token cannot see it: check dataset_id; {_ASSIGN}.",
    ),  # D
    (104, ANY): (
        "appsecret_proof_wrong",
        "The proof made with app_secret is wrong or missing: set app_secret to the secret of the app that made the access token.",
    ),  # D
    (2500, ANY): ("path_unknown", "Meta does not know the address: check api_version and dataset_id."),  # D
    (2635, ANY): (
        "api_version_ended",
        "Meta no longer serves this version of the API: set api_version to a current one.",
    ),  # L
    (368, ANY): (
        "temporarily_blocked",
        "Meta has blocked the account for a while for breaking a policy: see Account Quality in Business Settings, and resume when the block is lifted.",
    ),  # D
}
MISSING_PERMISSION = Meaning(  # T: code 100 without subcode, for a token of another dataset
    _BLOCKED, "token_of_other_dataset", f"The access token belongs to another dataset: check dataset_id; {_ASSIGN}."
)

_SLOWER = "syncer waits and sends again by itself; if it lasts, lower delivery.requests_in_flight or run less often"
_THROTTLE: dict[tuple[int, int | None], tuple[str, str]] = {  # D: Rate Limiting; Error Codes
    (4, ANY): ("rate_limit_app", f"The app has used up its rate limit: {_SLOWER}."),
    (17, ANY): ("rate_limit_user", f"The user of the access token has used up the rate limit: {_SLOWER}."),
    (32, ANY): ("rate_limit_page", f"The page has used up its rate limit: {_SLOWER}."),
    (341, ANY): ("rate_limit_app", f"The app has used up its rate limit: {_SLOWER}."),
    (613, ANY): ("rate_limit_custom", f"A rate limit is used up: {_SLOWER}."),
    (613, NO_SUBCODE): (
        "rate_limit_abuse",
        f"Meta takes the calls for abuse: {_SLOWER}; look for other senders that use the same token.",
    ),
    **{
        (code, ANY): ("rate_limit_business", f"The business has used up its rate limit: {_SLOWER}.")
        for code in range(80_000, 80_015)
    },
}
_TRANSIENT: dict[tuple[int, int | None], tuple[str, str]] = {  # D: Error Codes; 5000, 21009: T
    (1, ANY): ("meta_unknown_error", f"Meta reports an unknown error of its own: {_UNKNOWN_FATE}."),
    (2, ANY): ("meta_unavailable", f"Meta is not available for a moment: {_UNKNOWN_FATE}."),
    (5000, ANY): ("meta_unknown_error", f"Meta reports an unknown error of its own: {_UNKNOWN_FATE}."),
    (21009, ANY): ("dataset_not_ready", f"Meta says that the dataset is not ready yet: {_UNKNOWN_FATE}."),
}
_DATA: dict[tuple[int, int | None], tuple[str, str]] = {  # D: Error Codes; subcodes: spec/reasons.py
    (code, subcode): (reason, f"{REASONS[reason].sentence} {REASONS[reason].remedy}")
    for code, subcode, reason in (
        *((code, ANY, "remote_rejected") for code in (100, 105, 506)),
        *((100, subcode, reason) for subcode, reason in REMOTE_SUBCODES.items()),
    )
}
REJECTED_FOR_DATA = Meaning(_REJECTED, *_DATA[100, ANY])

CODES: Mapping[tuple[int, int | None], Meaning] = MappingProxyType(
    {
        key: Meaning(kind, *texts)
        for kind, table in (
            (_BLOCKED, _TOKEN | _PERMISSION | _CONFIGURATION),
            (_THROTTLED, _THROTTLE),
            (_DOUBT, _TRANSIENT),
            (_REJECTED, _DATA),
        )
        for key, texts in table.items()
    }
)

TRANSIENT = Meaning(_DOUBT, "meta_transient_error", f"Meta calls the error a passing one: {_UNKNOWN_FATE}.")
INTERNAL = Meaning(_DOUBT, "meta_internal_error", f"Meta reports an error of its own: {_UNKNOWN_FATE}.")
UNKNOWN_CODE = Meaning(
    _DOUBT,
    "meta_error_unknown",
    f"Meta answers with an error that its documentation does not list: {_UNKNOWN_FATE}; look the code up.",
)
REDUCE_DATA = Meaning(_TOO_BIG, "reduce_data", "Meta asks for less data in one request: it is halved.")

# --- no Graph error: HTTP status -> meaning ------------------------------------------------------

STATUSES: Mapping[int, Meaning] = MappingProxyType(
    {  # D promises 2xx or 4xx only; 5xx with HTML: T
        401: Meaning(_BLOCKED, "unauthorized", f"The host of base_url refuses the access token: {_RENEWAL}."),
        403: Meaning(
            _BLOCKED,
            "forbidden",
            f"The host of base_url forbids the request: {_ASSIGN}; check that no firewall answers in Meta's place.",
        ),
        404: Meaning(
            _BLOCKED,
            "not_found",
            "The host of base_url does not know the address: check base_url, api_version and dataset_id.",
        ),
        408: Meaning(_DOUBT, "status_408", f"The host of base_url waited too long for the request: {_UNKNOWN_FATE}."),
        413: Meaning(
            _TOO_BIG,
            "request_too_large",
            "The request is too large for Meta: it is halved; lower delivery.request_bytes if this happens often.",
        ),
        425: Meaning(_DOUBT, "status_425", f"The host of base_url wants the request later: {_UNKNOWN_FATE}."),
        429: Meaning(_THROTTLED, "too_many_requests", f"The host of base_url wants fewer requests: {_SLOWER}."),
    }
)
REDIRECTED = Meaning(
    _BLOCKED,
    "redirected",
    "The host of base_url points elsewhere, and syncer follows no redirects: set base_url to Meta's own address and check the proxy.",
)
SERVER_ERROR = Meaning(_DOUBT, "server_error", f"The server failed: {_UNKNOWN_FATE}.")
UNKNOWN_STATUS = Meaning(
    _DOUBT, "answer_unknown", f"The answer is none of Meta's: {_UNKNOWN_FATE}; check base_url and proxy."
)

# --- success, or what looks like it --------------------------------------------------------------

ACKNOWLEDGED = Meaning(OutcomeClass.ACKED, "acknowledged", "Meta took every event.")
WRONG_COUNT = Meaning(
    OutcomeClass.ANOMALY,
    "count_differs",
    "Meta took another number of events than were sent, and does not say which: compare with Events Manager, then resend or assume delivered.",
)
NO_COUNT = Meaning(
    _DOUBT,
    "count_missing",
    f"The answer says success but not how many events were taken: {_UNKNOWN_FATE}; check base_url and proxy.",
)
NOT_JSON = Meaning(
    _DOUBT, "answer_not_json", f"The answer says success but is not Meta's: {_UNKNOWN_FATE}; check base_url and proxy."
)
CONTRADICTION = Meaning(_DOUBT, "answer_contradictory", f"The answer says both success and error: {_UNKNOWN_FATE}.")
TOO_EARLY = Meaning(
    _DOUBT,
    "answered_too_early",
    f"The answer says success, but came before the whole request was written: {_UNKNOWN_FATE}.",
)

# --- nothing was tried ---------------------------------------------------------------------------

CREDENTIALS_UNREADABLE = Meaning(_BLOCKED, "token_unreadable", "The access token cannot be used")

MEANINGS: Mapping[str, Meaning] = MappingProxyType(
    {
        meaning.reason: meaning
        for meaning in (
            *FAILURES.values(),
            *CODES.values(),
            *STATUSES.values(),
            MISSING_PERMISSION,
            TRANSIENT,
            INTERNAL,
            UNKNOWN_CODE,
            REDUCE_DATA,
            REDIRECTED,
            SERVER_ERROR,
            UNKNOWN_STATUS,
            ACKNOWLEDGED,
            WRONG_COUNT,
            NO_COUNT,
            NOT_JSON,
            CONTRADICTION,
            TOO_EARLY,
            CREDENTIALS_UNREADABLE,
        )
    }
)
"""Every reason of an outcome, for `syncer explain`."""
