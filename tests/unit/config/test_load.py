"""Finding a project, its targets, its files."""

from pathlib import Path

import pytest

from syncer.config.load import find_root, load_project, validate_project
from syncer.config.places import locate
from syncer.duration import Duration
from syncer.errors import ConfigError, Problem
from tests.unit.config.folder import PIPELINE, Folder

TARGETS = """
targets:
  dev:
    state: sqlite:///dev.db
    sources: {shop: {path: dev-shop.db}}
    destinations: {meta: {type: sandbox}, extra: {type: sandbox}}
    defaults: {settings: {strict: true}, delivery: {events_per_request: 10}}
    alerts: {when: {failed: false}}
  prod:
    schedules: true
    sources: {shop: {type: postgres, host: db, password: "${env:PROD_PASSWORD}"}}
    destinations: {meta: {base_url: "${env:PROD_URL}"}}
default_target: dev
"""


def test_a_folder_that_is_named_must_be_the_project_itself(folder: Folder) -> None:
    below = folder.path / "a" / "b"
    below.mkdir(parents=True)
    assert find_root(folder.path, cwd=Path("/")) == folder.path
    assert find_root(folder.path / "syncer.yaml", cwd=Path("/")) == folder.path
    assert find_root("..", cwd=folder.path / "a") == folder.path
    with pytest.raises(ConfigError, match=r"there is no syncer.yaml in .*; name the folder of a project, or make one"):
        find_root(below, cwd=folder.path)


def test_without_a_name_the_nearest_folder_upwards_is_taken(folder: Folder, tmp_path: Path) -> None:
    below = folder.path / "a" / "b"
    below.mkdir(parents=True)
    assert load_project(environ={}, cwd=below).root == folder.path
    assert load_project(environ={"SYNCER_PROJECT": str(folder.path)}, cwd=Path("/")).root == folder.path
    (below / "syncer.yaml").write_text("version: 1")
    assert load_project(environ={}, cwd=below).root == below
    assert load_project(folder.path, environ={"SYNCER_PROJECT": str(below)}, cwd=Path("/")).root == folder.path


def test_no_project_anywhere_is_explained() -> None:
    project, problems = validate_project(environ={}, cwd=Path("/"))
    assert project is None
    assert str(problems[0]) == (
        'there is no syncer.yaml in "/" or above; go to a project, name it with --project, or make one: syncer init'
    )


def test_state_and_home_lie_in_the_project_unless_said_otherwise(folder: Folder) -> None:
    project = folder.load()
    assert project.home == folder.path / ".syncer"
    assert project.state.resolve() == f"sqlite:///{folder.path}/.syncer/state.db"
    assert folder.load({"SYNCER_HOME": "elsewhere"}).home == folder.path / "elsewhere"
    moved = folder.load({"SYNCER_HOME": "/var/lib/syncer"})
    assert (moved.home, moved.state.resolve()) == (Path("/var/lib/syncer"), "sqlite:////var/lib/syncer/state.db")


def test_a_home_of_nobody_is_no_home(folder: Folder) -> None:
    for home in ("~nobody-is-called-so", "~nobody-is-called-so/state"):
        (problem,) = folder.problems({"SYNCER_HOME": home})
        assert problem == (
            f'SYNCER_HOME, "{home}", begins with the home of a user that is not there; name a folder, or begin with ~/ '
            "for your own home"
        )


def test_a_project_without_targets_has_one_that_runs_schedules(folder: Folder) -> None:
    project = folder.load()
    assert (project.target, project.runs_schedules) == ("default", True)
    assert folder.load(target="default").target == "default"


def test_a_target_is_laid_over_the_project_key_by_key(folder: Folder) -> None:
    folder.project_file("version: 1\n", "version: 1\n" + TARGETS)
    dev = folder.load()
    assert (dev.target, dev.runs_schedules) == ("dev", False)
    assert dev.state.resolve() == "sqlite:///dev.db"
    assert dev.sources["shop"].options == {"path": "dev-shop.db"}
    assert {name: one.type for name, one in dev.destinations.items()} == {"meta": "sandbox", "extra": "sandbox"}
    assert dev.pipelines["orders"].settings.strict is True
    assert dev.pipelines["orders"].delivery.events_per_request == 10
    assert (dev.alerts.when.failed, dev.alerts.when.paused) == (False, True)


def test_a_source_of_another_type_is_taken_whole(folder: Folder) -> None:
    folder.project_file("version: 1\n", "version: 1\n" + TARGETS)
    prod = folder.load({"PROD_URL": "http://127.0.0.1:9", "PROD_PASSWORD": "x"}, target="prod")
    assert (prod.target, prod.runs_schedules) == ("prod", True)
    assert prod.sources["shop"].type == "postgres"
    assert prod.sources["shop"].options.keys() == {"host", "password"}
    assert list(prod.destinations) == ["meta"]
    assert prod.destinations["meta"].base_url == "http://127.0.0.1:9"
    assert prod.pipelines["orders"].settings.strict is False


@pytest.mark.parametrize(("value", "runs"), [("true", True), ("false", False)])
def test_a_reference_may_say_whether_schedules_run(folder: Folder, value: str, *, runs: bool) -> None:
    folder.project_file("version: 1\n", "version: 1\n" + TARGETS.replace("schedules: true", "schedules: ${env:RUNS}"))
    environ = {"PROD_URL": "http://127.0.0.1:9"}
    assert folder.load({**environ, "RUNS": value}, target="prod").runs_schedules is runs
    assert "prod.schedules: the environment variable RUNS is not set" in folder.problems(environ, target="prod")[0]
    assert 'schedules: "${env:RUNS}" is not true' in folder.problems({**environ, "RUNS": "yes"}, target="prod")[0]
    assert folder.problems() == []  # of dev, where RUNS may be missing


def test_the_target_comes_from_the_call_then_the_environment_then_the_file(folder: Folder) -> None:
    folder.project_file("version: 1\n", "version: 1\n" + TARGETS)
    environ = {"PROD_URL": "http://127.0.0.1:9", "SYNCER_TARGET": "prod"}
    assert folder.load(environ).target == "prod"
    assert folder.load(environ, target="dev").target == "dev"
    assert folder.load({"SYNCER_TARGET": ""}).target == "dev"
    assert 'there is no target "dve"; did you mean "dev"?' in folder.problems(target="dve")[0]


def test_variables_of_another_target_may_be_missing_here(folder: Folder) -> None:
    folder.project_file("version: 1\n", "version: 1\n" + TARGETS)
    assert folder.problems() == []
    (problem,) = folder.problems(target="prod")
    assert problem.startswith(
        "syncer.yaml:13:37: targets.prod.destinations.meta.base_url: the environment variable PROD_URL"
    )


def test_a_variable_missing_here_is_told_although_another_target_shares_it(folder: Folder) -> None:
    folder.project_file('"${env:META_ACCESS_TOKEN}"', '"${env:T}", api_version: "${env:VERSION}"')
    folder.project_file("version: 1\n", "version: 1\ntargets: {a: , b: }\ndefault_target: a\n")
    assert "the environment variable VERSION is not set" in folder.problems()[0]


def test_mistakes_of_every_target_are_told_whichever_is_chosen(folder: Folder) -> None:
    folder.project_file(
        "version: 1\n", "version: 1\n" + TARGETS.replace("schedules: true", "schedules: yes\n    shedules: true")
    )
    problems = folder.problems()
    assert 'targets.prod.schedules: "yes" is not true or false' in problems[0]
    assert 'targets.prod.shedules: unknown key "shedules"; did you mean "schedules"?' in problems[1]


def test_several_targets_need_a_default_or_a_choice(folder: Folder) -> None:
    folder.project_file("version: 1\n", "version: 1\ntargets: {dev: {}, prod: {}}\n")
    (problem,) = folder.problems()
    assert problem == (
        "syncer.yaml:1:1: default_target: is missing among 2 targets; "
        "add `default_target: dev`, or choose with --target or SYNCER_TARGET"
    )
    assert folder.load(target="prod").target == "prod"
    assert folder.edit("syncer.yaml", "{dev: {}, prod: {}}", "{only: {}}").load().target == "only"


def test_defaults_lie_under_every_pipeline_and_keep_their_place(folder: Folder) -> None:
    folder.project_file(
        "version: 1\n",
        "version: 1\ndefaults: {settings: {timezone: Europe/Paris, delay: 5m}, start: window, schedule: {every: 1h}, "
        "mapping: {customer_info: {email: mail, client_ip: ip, fbp: fbp}}}\n",
    )
    folder.pipeline_file("start: now\n", "schedule: null\n").pipeline_file("{em: email}", "{em: email, fbp: null}")
    folder.pipeline_file("{action_source: email}", "{action_source: email, delay: 1m}")
    pipeline = folder.pipeline()
    assert (pipeline.settings.timezone, pipeline.settings.delay) == ("Europe/Paris", Duration(60))
    assert (pipeline.start, pipeline.schedule) == ("window", None)
    assert sorted(pipeline.mapping.customer_info) == ["client_ip_address", "em"]
    folder.project_file("Europe/Paris", "Europa/Paris")
    assert folder.problems() == [
        'syncer.yaml:2:33: defaults.settings.timezone: "Europa/Paris" is no time zone; did you mean "Europe/Paris"?'
    ]


def test_both_endings_of_yaml_are_read_and_hidden_files_are_not(folder: Folder) -> None:
    folder.add("pipelines/b.yml", PIPELINE.replace("orders", "refunds"))
    folder.add("pipelines/.draft.yaml", "{").add("pipelines/notes.txt", "{").add("pipelines/orders.yaml~", "{")
    assert list(folder.load().pipelines) == ["refunds", "orders"]


def test_a_project_without_pipelines_is_a_project(folder: Folder) -> None:
    (folder.path / "pipelines" / "orders.yaml").unlink()
    assert folder.load().pipelines == {}
    (folder.path / "pipelines").rmdir()
    assert folder.load().pipelines == {}


def test_a_folder_named_like_a_pipeline_is_told(folder: Folder) -> None:
    (folder.path / "pipelines" / "x.yaml").mkdir()
    assert folder.problems() == [
        "pipelines/x.yaml:1:1: is no regular file; put a YAML file there or remove it",
    ]


def test_two_pipelines_of_one_name_are_told_apart_by_their_files(folder: Folder) -> None:
    folder.add("pipelines/z.yaml", PIPELINE.replace("name: orders", "name: Orders"))
    (problem,) = folder.problems()
    assert problem == (
        'pipelines/z.yaml:1:7: name: the name "Orders" is taken by pipelines/orders.yaml:1; '
        "rename one of them; upper and lower case count as the same"
    )


def test_every_mistake_of_every_file_comes_at_once_by_file_and_line(folder: Folder) -> None:
    folder.add("pipelines/a.yaml", "name: a b\nstrat: now\n").add("pipelines/b.yaml", "a: [\n")
    folder.project_file("type: sqlite", "tpye: sqlite").pipeline_file("start: now", "start: soon")
    problems = [problem.split(": ")[0] for problem in folder.problems()]
    assert problems == sorted(problems, key=lambda place: (place.split(":")[0], int(place.split(":")[1])))
    assert {problem.split(":")[0] for problem in problems} == {
        "pipelines/a.yaml", "pipelines/b.yaml", "pipelines/orders.yaml", "syncer.yaml"
    }  # fmt: skip


def test_files_are_shown_from_the_working_directory(folder: Folder) -> None:
    folder.pipeline_file("start: now", "start: soon")
    _, above = validate_project(folder.path, environ={}, cwd=folder.path.parent)
    assert str(above[0]).startswith(f"{folder.path.name}/pipelines/orders.yaml:5:8: start: ")
    _, elsewhere = validate_project(folder.path, environ={}, cwd=Path("/usr"))
    assert str(elsewhere[0]).startswith(f"{folder.path}/pipelines/orders.yaml:5:8: start: ")


def test_hundreds_of_mistakes_end_in_one_word(folder: Folder) -> None:
    folder.add("pipelines/x.yaml", "".join(f"key{i}: 1\n" for i in range(2_000)))
    project, problems = folder.validate()
    assert project is None
    assert len(problems) == 501
    assert str(problems[-1]) == "500 mistakes and more; mend these first"


def test_problems_of_columns_find_their_place_again(folder: Folder) -> None:
    folder.pipeline_file("{em: email}", "{email: [a, b], first_name: c}").pipeline_file("key: order_id", "key: [a, b]")
    pipeline = folder.pipeline()

    def place(path: str) -> str:
        return str(locate(pipeline, Problem(file=None, path=path, what="x")))

    assert place("mapping.customer_info.em") == "pipelines/orders.yaml:10:26: mapping.customer_info.em: x"
    assert (
        place("mapping.customer_info.fn.first_of")
        == "pipelines/orders.yaml:10:46: mapping.customer_info.fn.first_of: x"
    )
    assert place("key") == "pipelines/orders.yaml:4:1: key: x"
    assert place("cursor") == "pipelines/orders.yaml:1:1: cursor: x"


def test_a_problem_of_a_query_is_placed_where_its_table_is_named(folder: Folder) -> None:
    (query,) = (line for line in PIPELINE.splitlines() if line.startswith("query:"))
    folder.pipeline_file(query, "table: orders")
    problem = locate(folder.pipeline(), Problem(file=None, path="query", what="x"))
    assert str(problem) == "pipelines/orders.yaml:3:1: table: x"


@pytest.mark.parametrize(("name", "remedy"), [("mta", 'did you mean "meta"?'), ("sandbox", "known destinations: meta")])
def test_a_stand_in_under_another_name_is_told_as_nothing_would_be_sent_there(
    folder: Folder, name: str, remedy: str
) -> None:
    """What was to stay on this machine would go to Meta."""
    folder.project_file("version: 1\n", "version: 1\ntargets: {dev: {destinations: {" + name + ": {type: sandbox}}}}\n")
    (problem,) = folder.problems()
    assert problem == f"syncer.yaml:2:32: targets.dev.destinations.{name}: no pipeline sends there; {remedy}"


def test_a_dataset_of_a_target_alone_may_be_there_for_later(folder: Folder) -> None:
    """It stands in for none of those that are sent to: as they do, it leaves this machine."""
    later = '{dataset_id: "9876543210", access_token: "${env:META_ACCESS_TOKEN}"}'
    folder.project_file("version: 1\n", "version: 1\ntargets: {prod: {destinations: {later: " + later + "}}}\n")
    assert folder.problems() == []
    folder.project_file("later: {", 'later: {base_url: "http://127.0.0.1:8765", ')
    (problem,) = folder.problems()
    assert "targets.prod.destinations.later: no pipeline sends there" in problem


def test_what_was_to_go_to_meta_does_not_stay_in_the_sandbox(folder: Folder) -> None:
    meta = folder.path.joinpath("syncer.yaml").read_text().partition("  meta: ")[2].strip()
    folder.project_file(meta, "{type: sandbox}")
    folder.project_file("version: 1\n", "version: 1\ntargets: {prod: {destinations: {mta: " + meta + "}}}\n")
    (problem,) = folder.problems()
    assert problem.endswith('targets.prod.destinations.mta: no pipeline sends there; did you mean "meta"?')


def test_a_destination_of_a_target_alone_may_be_one_of_a_pipeline(folder: Folder) -> None:
    folder.project_file("version: 1\n", "version: 1\ntargets: {dev: {destinations: {other: {type: sandbox}}}}\n")
    folder.pipeline_file("destination: meta", "destination: [meta, other]")
    assert folder.problems() == []


@pytest.mark.parametrize("name", ["sources", "destinations"])
def test_names_that_cannot_be_names_are_told_at_the_key(folder: Folder, name: str) -> None:
    folder.project_file("version: 1\n", "version: 1\ntargets: {dev: {" + name + ": {'a/b': {type: sandbox}}}}\n")
    assert (
        f'syncer.yaml:2:{20 + len(name)}: targets.dev.{name}."a/b": "a/b" cannot be a name; use 1 to 64'
        in folder.problems()[0]
    )


def test_a_pipeline_may_name_a_source_that_has_a_mistake_of_its_own(folder: Folder) -> None:
    folder.project_file("type: sqlite", "type: slqite")
    assert len(folder.problems()) == 1


def test_what_stands_in_the_place_of_the_pipelines_is_told(folder: Folder) -> None:
    (folder.path / "pipelines" / "orders.yaml").unlink()
    (folder.path / "pipelines").rmdir()
    (folder.path / "pipelines").write_text("")
    assert folder.problems() == ["pipelines:1:1: is no folder; make it one, with a YAML file for each pipeline"]


def test_the_ending_of_a_pipeline_may_be_in_capitals(folder: Folder) -> None:
    (folder.path / "pipelines" / "orders.yaml").rename(folder.path / "pipelines" / "ORDERS.YAML")
    assert list(folder.load().pipelines) == ["orders"]


def test_what_is_left_blank_takes_away_nothing_that_defaults_give(folder: Folder) -> None:
    """As where the lines below are commented out: personal data, old events and more rows would be sent then."""
    folder.project_file(
        "version: 1\n",
        "version: 1\ndefaults:\n  settings: {max_age: 2d}\n  pii: {phone: block}\n  delivery: {max_rows: 10}\n"
        "  mapping: {customer_info: {ph: phone}, custom_data: {value: total}}\n",
    )
    folder.pipeline_file("{action_source: email}", "{action_source: email, max_age: }")
    folder.pipeline_file("{em: email}\n", "{em: email, phone: }\n  custom_data:\npii:\ndelivery: # later\n")
    remedy = "take the key out to keep that, or write null where nothing is meant"
    assert [problem.split(":", 3)[3].strip() for problem in folder.problems()] == [
        f"settings.max_age: is left blank, but syncer.yaml:3 gives a value; {remedy}",
        f"mapping.customer_info.phone: is left blank, but syncer.yaml:6 gives a value; {remedy}",
        f"mapping.custom_data: is left blank, but syncer.yaml:6 gives a value; {remedy}",
        f"pii: is left blank, but syncer.yaml:4 gives a value; {remedy}",
        f"delivery: is left blank, but syncer.yaml:5 gives a value; {remedy}",
    ]
    for key in ("max_age: }", "phone: }", "custom_data:\n", "pii:\n", "delivery: #"):
        folder.pipeline_file(key, key.replace(":", ": null", 1))
    pipeline = folder.pipeline()
    assert (pipeline.settings.max_age, pipeline.delivery.max_rows, pipeline.mapping.custom_data) == (None, None, {})


def test_what_a_target_leaves_blank_takes_away_nothing_that_the_project_gives(folder: Folder) -> None:
    """Else it would have another state, which knows nothing of what was sent, and no consent to ask for."""
    folder.project_file(
        "version: 1\n",
        "version: 1\nstate: postgresql://u@h/db\ndefaults: {consent: {column: ok}}\n"
        "targets:\n  prod:\n    state:\n    defaults:\n    retention:\n  dev: {state: null}\ndefault_target: prod\n",
    )
    assert [problem.partition(": ")[2].partition(";")[0] for problem in folder.problems()] == [
        "targets.prod.state: is left blank, but syncer.yaml:2 gives a value",
        "targets.prod.defaults: is left blank, but syncer.yaml:3 gives a value",
    ]


def test_what_is_left_blank_takes_away_no_alert_that_the_project_asks_for(folder: Folder) -> None:
    folder.project_file("version: 1\n", "version: 1\nalerts: {when: {rejected_above: 2%, volume_below: 50%}}\n")
    (problem,) = folder.pipeline_file(
        "{em: email}", "{em: email}\nalerts: {when: {rejected_above: , volume_below: null}}"
    ).problems()
    assert "alerts.when.rejected_above: is left blank, but syncer.yaml:2 gives a value" in problem


def test_what_is_left_blank_takes_away_nothing_that_a_preset_gives(folder: Folder) -> None:
    folder.pipeline_file("{action_source: email}", "{action_source: email, preset: ga4}")
    (problem,) = folder.pipeline_file("{em: email}", "{em: email, external_id: }").problems()
    assert "mapping.customer_info.external_id: is left blank, but preset ga4:" in problem
