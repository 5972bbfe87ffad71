"""Templates of the page: each value is escaped, whatever it holds."""

from collections.abc import Mapping
from functools import cache

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from syncer.logs import printable_lines
from syncer.web.filters import FILTERS
from syncer.web.guard import Caller


def caller_of(request: Request) -> Caller:
    """Return who asks."""
    found: Caller = request.scope["syncer"]
    return found


def page(request: Request, template: str, values: Mapping[str, object], *, status: int = 200) -> HTMLResponse:
    """Return a page; `values` are what the template names."""
    caller = caller_of(request)
    common = {"csrf": caller.form_token, "is_known": bool(caller.by), "path": request.url.path}
    text = _templates().get_template(template).render({**common, **values})
    return HTMLResponse(text, status_code=status)


def harmless(value: object) -> object:
    """Return what a template puts out: of a text, without characters that turn the writing or steer a terminal."""
    return printable_lines(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _templates() -> Environment:
    found = Environment(
        loader=PackageLoader("syncer.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(FILTERS)
    return found
