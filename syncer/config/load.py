"""From a folder to a `Project`: finds the files, chooses the target, says every mistake at once."""

from collections.abc import Iterator, Mapping
from os.path import expanduser
from pathlib import Path

from syncer.config.document import Node, read_document
from syncer.config.pipelines import PipelineReader, Surroundings
from syncer.config.places import locate
from syncer.config.problems import Place, Problems, TooManyProblemsError, quoted, suggestion
from syncer.config.projects import ProjectReader, View
from syncer.config.secrets import Secrets
from syncer.config.sections import Reader, shape
from syncer.errors import ConfigError, Problem
from syncer.pipeline import Destination, Pipeline, Project

PROJECT_FILE = "syncer.yaml"
PIPELINES_FOLDER = "pipelines"
HOME_FOLDER = ".syncer"
SUFFIXES = (".yaml", ".yml")


def load_project(
    start: Path | str | None = None,
    *,
    target: str | None = None,
    environ: Mapping[str, str],
    cwd: Path | None = None,
) -> Project:
    """Return the project in the folder `start`, or, without one, in SYNCER_PROJECT, or in `cwd` or above it.

    `target` falls back on SYNCER_TARGET, then on the project's own default. `environ` is asked again whenever a
    reference is resolved. Raises `ConfigError` with every mistake of every file.
    """
    project, problems = validate_project(start, target=target, environ=environ, cwd=cwd)
    if project is None:
        raise ConfigError(problems)
    return project


def validate_project(
    start: Path | str | None = None,
    *,
    target: str | None = None,
    environ: Mapping[str, str],
    cwd: Path | None = None,
) -> tuple[Project | None, tuple[Problem, ...]]:
    """Return the project, or None and every mistake of every file, by file and line; arguments as in `load_project`."""
    here = (cwd or Path.cwd()).absolute()
    try:
        root = find_root(start or environ.get("SYNCER_PROJECT") or None, cwd=here)
        home = _home(root, environ)
    except ConfigError as error:
        return None, error.problems
    problems = Problems()
    try:
        project = _Loader(root, home, here, environ, problems).load(target or environ.get("SYNCER_TARGET") or None)
    except TooManyProblemsError:
        found = problems.found()
        return None, (*found, Problem(file=None, what=f"{len(found)} mistakes and more", remedy="mend these first"))
    found = problems.found()
    return (None if found else project), found


def find_root(start: Path | str | None, *, cwd: Path) -> Path:
    """Return the folder with the project file: exactly `start` where it is given, else `cwd` or the nearest above."""
    if start is not None:
        folder = cwd / expanduser(start)  # noqa: PTH111  Path.expanduser fails where nobody is called so
        folder = folder.parent if folder.name == PROJECT_FILE else folder
        if (folder / PROJECT_FILE).is_file():
            return folder.resolve()
        what = f"there is no {PROJECT_FILE} in {quoted(str(folder))}"
        raise ConfigError(
            [Problem(file=None, what=what, remedy="name the folder of a project, or make one: syncer init DIR")]
        )
    for folder in (cwd, *cwd.parents):
        if (folder / PROJECT_FILE).is_file():
            return folder.resolve()
    what = f"there is no {PROJECT_FILE} in {quoted(str(cwd))} or above"
    raise ConfigError(
        [Problem(file=None, what=what, remedy="go to a project, name it with --project, or make one: syncer init")]
    )


def _home(root: Path, environ: Mapping[str, str]) -> Path:
    """Return the folder of state and locks; of a user that is not there it would be a new one, with an empty state."""
    folder = expanduser(environ.get("SYNCER_HOME") or HOME_FOLDER)  # noqa: PTH111  Path.expanduser fails where nobody is called so
    if folder.startswith("~"):
        what = f"SYNCER_HOME, {quoted(folder)}, begins with the home of a user that is not there"
        raise ConfigError([Problem(file=None, what=what, remedy="name a folder, or begin with ~/ for your own home")])
    return root / folder


def project_files(root: Path) -> tuple[Path, ...]:
    """Return the files that the project in `root` is made of: syncer.yaml, pipelines, and the queries that these name."""
    folder = root / PIPELINES_FOLDER
    try:
        written = sorted(path for path in folder.iterdir() if _is_pipeline(path))
    except OSError:
        written = []
    problems = Problems()
    nodes = (read_document(path, shown=path, problems=problems) for path in written)
    named = (node.get("query_file") for node in nodes if node is not None and node.is_map)
    queries = {folder / node.value for node in named if node is not None and isinstance(node.value, str)}
    return (root / PROJECT_FILE, *written, *sorted(queries))


def _is_pipeline(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


class _Loader:
    """Reads the files of one project."""

    def __init__(self, root: Path, home: Path, cwd: Path, environ: Mapping[str, str], problems: Problems) -> None:
        self._root, self._home, self._cwd, self._environ, self._problems = root, home, cwd, environ, problems
        self._warnings: dict[str, None] = {}

    def load(self, wanted: str | None) -> Project | None:
        node = read_document(
            self._root / PROJECT_FILE, shown=self._shown(self._root / PROJECT_FILE), problems=self._problems
        )
        files = list(self._pipeline_files())
        documents = [(file, read_document(file, shown=self._shown(file), problems=self._problems)) for file in files]
        reader = self._reader()
        for document in (node, *(found for _, found in documents)):
            if document is not None:
                reader.secrets.refuse_tokens(document)
        project = ProjectReader(reader, self._home)
        if node is None or not project.check(node):
            return None
        written = [(file, document) for file, document in documents if document is not None]
        target = project.choose(node, wanted)
        others = [name for name in project.targets(node) if name != target]
        for other in others:
            self._look_through(node, other, written, with_pipelines=target is None)
        if target is None:
            return None
        view = project.view(node, target)
        pipelines = self._pipelines(view, written, reader)
        if not self._problems.found():
            self._refuse_unused(node, view, pipelines)
        self._warnings |= reader.secrets.warnings
        for pipeline in pipelines.values():
            if said := _half_real(pipeline, view):
                self._warnings[said] = None
        return self._project(view, pipelines)

    def _refuse_unused(self, node: Node, view: View, pipelines: Mapping[str, Pipeline]) -> None:
        """Note destinations of the target alone that nothing is sent to, where they were to stand in for one that is sent to."""
        own, known = node.at(("targets", view.target)).get("destinations"), node.get("destinations")
        if own is None or known is None:
            return
        used = {name for each in pipelines.values() for name in each.destinations}
        for name in own.entries.keys() - used - known.entries.keys():
            is_real = _is_real(view.destinations[name])
            meant = [each for each in sorted(used - own.entries.keys()) if _is_real(view.destinations[each]) != is_real]
            if meant:
                self._problems.key(own, name, "no pipeline sends there", suggestion(name, meant, noun="destinations"))

    def _reader(self) -> Reader:
        return Reader(self._problems, Secrets(self._root, self._environ, self._problems))

    def _look_through(self, node: Node, target: str, written: list[tuple[Path, Node]], *, with_pipelines: bool) -> None:
        """Note mistakes of a target that is not the chosen one; its variables may live elsewhere."""
        problems = Problems()
        reader = Reader(problems, Secrets(self._root, self._environ, problems, is_lenient=True))
        view = ProjectReader(reader, self._home).view(node, target)
        over = node.at(("targets", target))
        if with_pipelines or any(over.get(key) for key in ("defaults", "alerts")):
            self._pipelines(view, written, reader)
        self._problems.extend(problems.found())

    def _pipeline_files(self) -> Iterator[Path]:
        folder = self._root / PIPELINES_FOLDER
        place = Place(self._shown(folder), 1, 1)
        if not folder.is_dir():
            if folder.exists() or folder.is_symlink():
                self._problems.add(place, (), "is no folder", "make it one, with a YAML file for each pipeline")
            return
        try:
            paths = sorted(folder.iterdir())
        except OSError:
            self._problems.add(place, (), "cannot be listed", "let the user who runs syncer read it")
            return
        for path in paths:
            if _is_pipeline(path):
                yield path

    def _pipelines(self, view: View, written: list[tuple[Path, Node]], reader: Reader) -> dict[str, Pipeline]:
        around = Surroundings(
            sources=view.source_names,
            destinations=view.destination_names,
            datasets={name: _dataset(each) for name, each in view.destinations.items() if each.type == "meta"},
            defaults=view.defaults,
            alerts=view.alert_rules,
        )
        found: dict[str, Pipeline] = {}
        named: dict[str, Place] = {}
        for file, document in written:
            pipeline = PipelineReader(reader, around).read(document, file=file)
            if pipeline is None or not pipeline.name:
                continue
            node = document.entries["name"]
            if (first := named.setdefault(pipeline.name.lower(), node.place)) is not node.place:
                what = f"the name {shape(node)} is taken by {first.file}:{first.line}"
                self._problems.at(node, what, "rename one of them; upper and lower case count as the same")
                continue
            found[pipeline.name] = pipeline
        return found

    def _project(self, view: View, pipelines: dict[str, Pipeline]) -> Project:
        return Project(
            root=self._root,
            home=self._home,
            target=view.target,
            runs_schedules=view.runs_schedules,
            state=view.state,
            sources=view.sources,
            destinations=view.destinations,
            pipelines=pipelines,
            retention=view.retention,
            alerts=view.alerts,
            daemon=view.daemon,
            warnings=tuple(self._warnings),
        )

    def _shown(self, path: Path) -> Path:
        """Return the path as messages show it: from the working directory where it lies below."""
        here = self._cwd.resolve()
        return path.relative_to(here) if path.is_relative_to(here) else path


def _half_real(pipeline: Pipeline, view: View) -> str | None:
    """Return the warning about a pipeline of which one destination is the sandbox and another is at Meta."""
    found = [view.destinations[name] for name in pipeline.destinations if name in view.destinations]
    tried = [each.name for each in found if each.type == "sandbox"]
    real = [each.name for each in found if _is_real(each)]
    if not tried or not real:
        return None
    what = f"in target {view.target} {tried[0]} is the sandbox, but {real[0]} is at Meta: its events are real"
    remedy = f"where that is not meant, add `destinations: {{{real[0]}: {{type: sandbox}}}}` to the target"
    return str(locate(pipeline, Problem(file=None, path="destination", what=what, remedy=remedy)))


def _is_real(destination: Destination) -> bool:
    """Return whether what is sent there leaves this machine."""
    return destination.type == "meta" and not destination.base_url.startswith("http://")


def _dataset(destination: Destination) -> str:
    """Return the id of a dataset, or what is written where it cannot be known here."""
    try:
        return destination.dataset_id.resolve()
    except ConfigError:
        return destination.dataset_id.text
