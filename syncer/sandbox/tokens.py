"""Who may send to which dataset, and what `debug_token` says about a token."""

import hashlib
import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from syncer.sandbox.refusal import Refusal
from syncer.sandbox.shapes import Json

EXPIRED = 463
"""Subcodes of 190: 458 app removed, 459 checkpoint, 460 password changed, 463 expired, 464 unconfirmed, 467 invalid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token as Meta knows it."""

    text: str = field(repr=False)
    dataset_ids: Collection[str] | None = None
    """The datasets it may write to; None: all."""
    expires_at: int = 0
    """Unix seconds; 0: never."""
    invalid_subcode: int | None = None
    """Subcode of 190 that a dead token is answered with; None: alive."""
    code: int | None = None
    """Code of a missing permission (10, 200 to 299, ...) that every call is answered with."""
    may_describe: bool = True
    """Whether `debug_token` answers it; it wants an app's token, or that of an owner or developer of the app."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What is checked before a batch is looked at."""

    tokens: Mapping[str, Token] = field(default_factory=dict, repr=False)
    """By their text; empty: any token will do."""
    dataset_ids: Collection[str] | None = None
    """The datasets there are; None: any decimal number."""
    app_secret: str | None = field(default=None, repr=False)
    """Given: every call needs the right appsecret_proof."""
    proof_code: int = 104
    """104 by documentation; 100 has also been seen."""

    def refuses(self, token: str | None, *, dataset_id: str, proof: object, now: float) -> Refusal | None:
        """Return why this call may not write to the dataset."""
        if token is None:
            return Refusal(code=104, message="An access token is required to request this resource.")
        known = self.tokens.get(token)
        if (self.tokens and known is None) or not token.isprintable() or " " in token:
            return Refusal(code=190, status=401, message="Invalid OAuth access token - Cannot parse access token")
        refusal = dead(known, now) if known else None
        if refusal is None and self.app_secret is not None:
            refusal = self._proof(token, proof)
        if refusal is None and not self._exists(dataset_id):
            refusal = no_such_object(dataset_id)
        return refusal or (known and _not_permitted(known, dataset_id)) or None

    def _exists(self, dataset_id: str) -> bool:
        if self.dataset_ids is None:
            return dataset_id.isascii() and dataset_id.isdecimal()
        return dataset_id in self.dataset_ids

    def _proof(self, token: str, proof: object) -> Refusal | None:
        if proof is None:
            message = "API calls from the server require an appsecret_proof argument"
            return Refusal(code=self.proof_code, message=message, type="GraphMethodException")
        right = hmac.new((self.app_secret or "").encode(), token.encode(), hashlib.sha256).hexdigest()
        if isinstance(proof, str) and hmac.compare_digest(proof.encode(), right.encode()):
            return None
        message = "Invalid appsecret_proof provided in the API argument"
        return Refusal(code=self.proof_code, message=message, type="GraphMethodException")

    def refuses_to_describe(self, token: str, proof: object, *, now: float) -> Refusal | None:
        """Return why `debug_token` tells the bearer of `token` nothing."""
        known = self.tokens.get(token)
        if self.tokens and known is None:
            return Refusal(code=190, status=401, message="Invalid OAuth access token - Cannot parse access token")
        if known is not None and (refusal := dead(known, now)):
            return refusal
        if self.app_secret is not None and (refusal := self._proof(token, proof)):
            return refusal
        if known is not None and not known.may_describe:
            return Refusal(
                code=100,
                message="(#100) You must provide an app access token, or a user access token that is an owner or developer of the app",
            )
        return None

    def described(self, text: str, now: float) -> Json:
        """Return what `debug_token` answers about the token `text`."""
        known = self.tokens.get(text)
        if self.tokens and known is None:
            error = {"code": 190, "message": "Invalid OAuth access token.", "subcode": 467}
            return {"data": {"error": error, "is_valid": False, "scopes": []}}
        dataset_ids = known.dataset_ids if known else self.dataset_ids
        scope: Json = {"scope": "read_ads_dataset_quality"}
        if dataset_ids is not None:
            scope["target_ids"] = sorted(dataset_ids)
        data: Json = {
            "app_id": "1000000000000001",
            "type": "SYSTEM_USER",
            "application": "Sandbox",
            "data_access_expires_at": 0,
            "expires_at": known.expires_at if known else 0,
            "is_valid": True,
            "issued_at": 1_780_000_000,
            "scopes": ["read_ads_dataset_quality"],
            "granular_scopes": [scope],
            "user_id": "100000000000001",
        }
        refusal = dead(known, now) if known else None
        if refusal:
            data["is_valid"] = False
            data["error"] = {"code": 190, "message": refusal.message, "subcode": refusal.subcode}
        return {"data": data}


def dead(token: Token, now: float) -> Refusal | None:
    """Return the answer to a token that was alive once."""
    if token.invalid_subcode is not None:
        return token_refusal(token.invalid_subcode)
    return token_refusal(EXPIRED) if 0 < token.expires_at <= now else None


def token_refusal(subcode: int) -> Refusal:
    """Return code 190 with its subcode."""
    why = "Session has expired" if subcode == EXPIRED else "The session is invalid"
    return Refusal(
        code=190, subcode=subcode, status=401, message=f"Error validating access token: {why}.", is_transient=False
    )


def missing_permission() -> Refusal:
    """Return the answer to the token of another dataset: code 100 with no subcode."""
    return Refusal(code=100, message="Missing Permission")


def no_such_object(dataset_id: str, verb: str = "post") -> Refusal:
    """Return the answer to an id that does not exist or is out of reach."""
    message = (
        f"Unsupported {verb} request. Object with ID '{dataset_id}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation."
    )
    return Refusal(code=100, subcode=33, message=message, type="GraphMethodException")


def _not_permitted(token: Token, dataset_id: str) -> Refusal | None:
    if token.code is not None:
        return Refusal(code=token.code, message=f"(#{token.code}) Permissions error", status=403)
    if token.dataset_ids is not None and dataset_id not in token.dataset_ids:
        return missing_permission()
    return None
