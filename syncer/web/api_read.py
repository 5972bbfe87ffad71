"""The API's questions: they change nothing."""

from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from syncer.actions import held
from syncer.errors import SyncerError
from syncer.exit_codes import exit_code
from syncer.health import Watched
from syncer.logs import redact
from syncer.pipeline import Pipeline, Schedule
from syncer.session import Session
from syncer.state import alerts, asked
from syncer.state.asked import Asked, AskedState
from syncer.state.audit import entries
from syncer.state.history import report_of, stored_pipeline
from syncer.state.set_aside import Filter, oldest, reasons
from syncer.status import PipelineStatus, held_json, in_utc, pipelines_status, run_details, run_json, runs
from syncer.web import api_models as models
from syncer.web.api_calls import MOST, pipeline_of, refusal, session_of, way_of

Name = Annotated[str, Path(description="Name of a pipeline.", examples=["orders"], min_length=1)]
Destination = Annotated[str | None, Query(description="Needed where the pipeline goes to several.", examples=["meta"])]
Limit = Annotated[int, Query(description="How many at most.", ge=1, le=MOST)]


class Reading:
    """Endpoints that read."""

    def __init__(self, daemon: Watched) -> None:
        self._daemon = daemon

    def router(self) -> APIRouter:
        """Return the endpoints."""
        router = APIRouter()
        for path, call, gives in (
            ("/pipelines", self.pipelines, list[models.Pipeline]),
            ("/pipelines/{name}", self.pipeline, models.Pipeline),
            ("/pipelines/{name}/rejects", self.rejects, models.Rejects),
            ("/pipelines/{name}/held", self.held, list[models.Held]),
            ("/asked/{wish}", self.asked, models.Wish),
            ("/runs", self.runs, list[models.Run]),
            ("/runs/{run_id}", self.run, models.RunDetails),
            ("/alerts", self.alerts, list[models.Alert]),
            ("/audit", self.audit, list[models.AuditEntry]),
        ):
            router.add_api_route(path, call, methods=["GET"], response_model=gives, name=call.__name__)
        return router

    def pipelines(self) -> list[dict[str, Any]]:
        """List every pipeline of the files, and how it does."""
        session = session_of(self._daemon)
        found = pipelines_status(session.store, session.project.target)
        return [_pipeline(pipeline, found) for pipeline in session.project.pipelines.values()]

    def pipeline(self, name: Name) -> dict[str, Any]:
        """Return one pipeline, and how it does."""
        session = session_of(self._daemon)
        pipeline = pipeline_of(session, name)
        return _pipeline(pipeline, pipelines_status(session.store, session.project.target))

    def rejects(
        self,
        name: Name,
        destination: Destination = None,
        reason: Annotated[str | None, Query(description="Those with this code.", examples=["currency_missing"])] = None,
        limit: Limit = 100,
    ) -> dict[str, Any]:
        """List what is set aside of a pipeline; keys are not kept, `syncer rejects list --rows` reads them again."""
        session = session_of(self._daemon)
        found = stored_pipeline(session.store, session.scope(way_of(session, name, destination)))
        if found is None:
            return {"total": 0, "by_reason": {}, "rejects": []}
        counts = Counter[str]()
        for why in reasons(session.store, found.id):
            if reason in (None, why.reason):
                counts[why.reason] += why.events
        listed = oldest(session.store, found.id, Filter(reason=reason), limit=limit)
        return {"total": counts.total(), "by_reason": dict(counts), "rejects": [_reject(reject) for reject in listed]}

    def held(self, name: Name, destination: Destination = None) -> list[dict[str, Any]]:
        """List the requests of a pipeline whose outcome is unknown; `held/resend` and `held/assume-delivered` decide on them."""
        session = session_of(self._daemon)
        return [held_json(stored, line) for stored, line in held(session, way_of(session, name, destination))]

    def asked(
        self, wish: Annotated[int, Path(description="The id that asking gave.", ge=1, le=2**62)]
    ) -> dict[str, Any]:
        """Return how far the run is that was asked for."""
        session = session_of(self._daemon)
        return wish_json(session, wish, asked.find(session.store, wish, target=session.project.target))

    def runs(
        self,
        pipeline: Annotated[str | None, Query(description="Of this pipeline.", examples=["orders"])] = None,
        limit: Limit = 20,
    ) -> list[dict[str, Any]]:
        """List past runs, newest first."""
        session = session_of(self._daemon)
        return [redacted(run_json(run)) for run in runs(session.store, session.project.target, pipeline, limit=limit)]

    def run(
        self,
        run_id: Annotated[str, Path(description="The id of a run, or its beginning.", min_length=1)],
        limit: Annotated[int, Query(description="How many requests are listed at most.", ge=1, le=MOST)] = 100,
    ) -> dict[str, Any]:
        """Return one run with its requests, those that did not go well first, and reasons."""
        session = session_of(self._daemon)
        try:
            details = run_details(session.store, run_id, target=session.project.target, limit=limit)
        except SyncerError as error:
            raise _missing_run(error) from None
        told = details.to_json()
        return redacted(told) | {"requests": details.request_count, "request_list": told["requests"]}

    def alerts(self) -> list[dict[str, Any]]:
        """List the alerts that stand, oldest first."""
        session = session_of(self._daemon)
        return [_alert(each) for each in alerts.standing(session.store, session.project.target).values()]

    def audit(
        self,
        pipeline: Annotated[str | None, Query(description="Of this pipeline.", examples=["orders"])] = None,
        limit: Limit = 100,
    ) -> list[dict[str, Any]]:
        """List what operators did, newest first."""
        session = session_of(self._daemon)
        found = entries(session.store, session.project.target, pipeline, limit=limit)
        return [{name: getattr(each, name) for name in each.__slots__} | {"at": in_utc(each.at)} for each in found]


def wish_json(session: Session, wish: int, found: Asked | None) -> dict[str, Any]:
    """Return how far a wish is; raises 404 where it is forgotten."""
    if found is None:
        raise refusal(404, f"nothing was asked for under the id {wish}, or it is forgotten", "/api/runs shows what ran")
    is_done = found.state is AskedState.DONE
    report = report_of(session.store, found.run_id) if is_done and found.run_id is not None else None
    pipeline = session.project.pipelines.get(found.pipeline)
    code = None if report is None else int(exit_code(report, pipeline))
    return {
        "id": found.id,
        "pipeline": found.pipeline,
        "destination": found.destination,
        "state": found.state.value,
        "run_id": found.run_id,
        "message": None if found.message is None else redact(found.message),
        "exit_code": 1 if is_done and code is None else code,
        "report": None if report is None else redacted(report.to_json()),
    }


def redacted(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report whose message is as a log would show it."""
    return report | {"message": redact(report["message"])}


def _missing_run(error: SyncerError) -> Exception:
    if type(error) is not SyncerError:
        return error
    return refusal(404, str(error))


def _pipeline(pipeline: Pipeline, found: tuple[PipelineStatus, ...]) -> dict[str, Any]:
    return {
        "name": pipeline.name,
        "description": pipeline.description,
        "tags": list(pipeline.tags),
        "enabled": pipeline.enabled,
        "schedule": None if pipeline.schedule is None else _in_words(pipeline.schedule),
        "destinations": list(pipeline.destinations),
        "ways": [_way(status) for status in found if status.pipeline == pipeline.name],
    }


def _in_words(schedule: Schedule) -> str:
    return f"every {schedule.every}" if schedule.cron is None else f"{schedule.cron} ({schedule.timezone})"


def _way(status: PipelineStatus) -> dict[str, Any]:
    told = status.to_json()
    return told | {"last_run": told["last_run"] and redacted(told["last_run"])}


def _reject(reject: Any) -> dict[str, Any]:
    names = ("run_id", "bucket", "reason", "field", "code", "subcode", "fbtrace_id")
    return {name: getattr(reject, name) for name in names} | {"at": in_utc(reject.at)}


def _alert(alert: alerts.Standing) -> dict[str, Any]:
    pipeline, _, destination = alert.about.rpartition("/")
    return {
        "pipeline": pipeline or None,
        "destination": destination,
        "condition": alert.condition,
        "since": in_utc(alert.since),
        "text": alert.text,
    }
