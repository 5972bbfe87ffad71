"""What the API does: the same as the commands of an operator, written into the audit log."""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response

from syncer import actions
from syncer.engine.reset import Reset
from syncer.errors import ConfigError
from syncer.exit_codes import exit_code
from syncer.health import Watched
from syncer.outlook import trace
from syncer.pipeline import Pipeline
from syncer.report import RunReport
from syncer.session import Session
from syncer.state import asked
from syncer.state.asked import Asked, AskedState
from syncer.state.quarantine import Chosen
from syncer.web import api_models as models
from syncer.web.api_calls import refusal, session_of, way_of
from syncer.web.api_read import Destination, Name, redacted, wish_json
from syncer.web.errands import Errands
from syncer.web.places import Places

LOOK_S = 0.25
LONGEST_WAIT_S = 600.0
MOST_WAIT = 16
"""Callers that wait for runs at once: each looks at the state again and again."""
Wait = Annotated[
    float, Query(description="Seconds to wait for the end of the run; 0: not at all.", ge=0, le=LONGEST_WAIT_S)
]


class Acting:
    """Endpoints that change something."""

    def __init__(self, daemon: Watched, errands: Errands) -> None:
        self._daemon, self._errands = daemon, errands
        self._waiting = Places(MOST_WAIT, f"{MOST_WAIT} callers wait for runs; without `wait` a run can be asked for")

    def router(self) -> APIRouter:
        """Return the endpoints."""
        router = APIRouter()
        asked_for: dict[int | str, dict[str, Any]] = {
            202: {"model": models.Wish, "description": "It is asked for and not done yet."}
        }
        router.add_api_route(
            "/pipelines/{name}/runs", self.runs, methods=["POST"], response_model=models.Wish, responses=asked_for,
            name="ask_for_run",
        )  # fmt: skip
        for path, call, gives in (
            ("pause", self.pause, models.Paused),
            ("resume", self.resume, models.Paused),
            ("reset", self.reset, models.ResetDone),
            ("reconcile", self.reconcile, models.Outcome),
            ("rejects/retry", self.retry, models.Outcome),
            ("trace", self.trace, list[dict[str, Any]]),
        ):
            way = f"/pipelines/{{name}}/{path}"
            router.add_api_route(way, call, methods=["POST"], response_model=gives, name=call.__name__)
        return router

    async def runs(
        self, name: Name, call: Request, response: Response, destination: Destination = None, wait: Wait = 0.0
    ) -> dict[str, Any]:
        """Let a daemon that serves the state run the pipeline now; the answer is of a run that began after this call.

        202 with an id, for `/asked/{id}`; with `wait` 200 with report and exit code, where it is done by then. Where
        too many wait already, 429, and nothing was asked for.
        """
        with self._waiting.one() if wait else nullcontext():
            session = await asyncio.to_thread(session_of, self._daemon)
            pipeline = way_of(session, name, destination)
            wish = await asyncio.to_thread(actions.ask_for_run, session, pipeline)
            found = await _awaited(session, wish, call, wait_s=wait)
        if found is None or found.state is not AskedState.DONE:
            response.status_code = 202
        return await asyncio.to_thread(wish_json, session, wish, found)

    def pause(self, name: Name, destination: Destination = None) -> dict[str, Any]:
        """Let no run of the pipeline begin until it is resumed."""
        session, pipeline = self._at(name, destination)
        return {"pipeline": name, "was": actions.pause(session, pipeline)}

    def resume(self, name: Name, destination: Destination = None) -> dict[str, Any]:
        """Let a paused pipeline run again; where it waits for a decision, this is it."""
        session, pipeline = self._at(name, destination)
        resumed = actions.resume(session, pipeline)
        return {"pipeline": name, "was": resumed.was, "accepted": [str(change) for change in resumed.accepted]}

    def reset(
        self,
        name: Name,
        to: Annotated[models.ResetTo, Body(examples=[{"to": "start"}])],
        destination: Destination = None,
    ) -> dict[str, Any]:
        """Move the watermark, or say what that would do."""
        session, pipeline = self._at(name, destination)
        wanted = _position(session, pipeline, to.to)
        if to.confirm:
            actions.reset(session, pipeline, wanted)
        return {
            "pipeline": name,
            "before": None if wanted.before is None else str(wanted.before),
            "after": None if wanted.after is None else str(wanted.after),
            "direction": wanted.direction,
            "cost": wanted.cost,
            "done": to.confirm,
        }

    def reconcile(self, name: Name, destination: Destination = None) -> dict[str, Any]:
        """Send what Meta would still take and was not settled; answers when it is done."""
        session, pipeline = self._at(name, destination)
        return self._outcome(pipeline, lambda: actions.reconcile(session, pipeline))

    def retry(
        self,
        name: Name,
        which: Annotated[models.RetryWhich, Body(examples=[{"reason": "currency_missing"}])],
        destination: Destination = None,
    ) -> dict[str, Any]:
        """Judge rejects again and send what passes now; answers when it is done."""
        session, pipeline = self._at(name, destination)
        return self._outcome(pipeline, lambda: actions.retry_rejects(session, pipeline, Chosen(reason=which.reason)))

    def trace(
        self,
        name: Name,
        wanted: Annotated[models.TraceKey, Body(examples=[{"key": ["4711"]}])],
        destination: Destination = None,
    ) -> list[dict[str, Any]]:
        """Say what became of each event of one row; the key is in the body, so that no log of addresses holds it."""
        session, pipeline = self._at(name, destination)
        if len(wanted.key) != len(pipeline.key):
            raise refusal(
                422, f"the key has {len(pipeline.key)} columns", f"give a value for each: {', '.join(pipeline.key)}"
            )
        with self._errands.looking():
            return [each.to_json() for each in trace(session, pipeline, wanted.key)]

    def _outcome(self, pipeline: Pipeline, run: Callable[[], RunReport]) -> dict[str, Any]:
        with self._errands.beside():
            report = run()
        return {"exit_code": int(exit_code(report, pipeline)), "report": redacted(report.to_json())}

    def _at(self, name: str, destination: str | None) -> tuple[Session, Pipeline]:
        session = session_of(self._daemon)
        return session, way_of(session, name, destination)


def _position(session: Session, pipeline: Pipeline, to: str) -> Reset:
    """Return what a reset would do; raises 422 where `to` is no value of the cursor."""
    try:
        return actions.reset_to(session, pipeline, to)
    except ConfigError as error:
        if [each.path for each in error.problems] != ["--to"]:
            raise
        raise refusal(422, f"body.to: {error.problems[0].what}") from None


async def _awaited(session: Session, wish: int, call: Request, *, wait_s: float) -> Asked | None:
    """Return how far the wish is when it is done, when `wait_s` are over, or when the daemon or the caller is gone."""
    until = session.clock.monotonic() + wait_s
    while True:
        found = await asyncio.to_thread(asked.find, session.store, wish)
        is_over = session.stop.is_wanted or session.clock.monotonic() >= until
        if found is None or found.state is AskedState.DONE or is_over or await call.is_disconnected():
            return found
        await asyncio.sleep(LOOK_S)
