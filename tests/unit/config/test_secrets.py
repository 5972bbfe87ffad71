"""Secrets come by reference, are resolved when needed, and never print."""

import copy
import os

import pytest

from syncer.config.secrets import STANDS_OUTSIDE, FromEnv, FromFile, holds_literal_secret, split
from syncer.errors import ConfigError
from syncer.secret import Reference, Secret
from tests.unit.config.folder import Folder

CANARY = "canary7f3a"
META_TOKEN = "EAA" + "Bsb7CS1iHgBAxyz" * 4
STATE = "${env:DB_PASSWORD}"
LITERALS = {
    "a token": ("meta", f"access_token: {CANARY}"),
    "a quoted token": ("meta", f'access_token: "{CANARY}"'),
    "a token as a number": ("meta", "access_token: 771122334455"),
    "a token as default": ("meta", f"access_token: ${{env:T:-{CANARY}}}"),
    "a token that only looks like a reference": ("meta", f"access_token: $${{{CANARY}}}"),
    "a token with text beside its reference": ("meta", f"access_token: ${{env:T}}{CANARY}"),
    "a webhook that whoever knows it may post to": (
        "alerts", f'webhook: "https://hooks.slack.com/services/T0/B0/{CANARY}"',
    ),
    "an app secret": ("meta", f"access_token: ${{env:T}}, app_secret: {CANARY}"),
    "a proxy's password": ("meta", f'access_token: "${{env:T}}", proxy: "http://user:{CANARY}@proxy:3128"'),
    "a proxy's password as default": ("meta", f'access_token: "${{env:T}}", proxy: "http://u:${{env:P:-{CANARY}}}@proxy"'),
    "Meta's token where none belongs": ("meta", f'access_token: "${{env:T}}", test_event_code: {META_TOKEN}'),
    "a password in the base URL": ("meta", f'access_token: "${{env:T}}", base_url: "https://u:{CANARY}@graph.facebook.com"'),
    "a Postgres password": ("source", f"type: postgres, host: h, password: {CANARY}"),
    "a Postgres password as a number": ("source", "type: postgres, host: h, password: 771122334455"),
    "a password in a Postgres URL": ("source", f'type: postgres, url: "postgresql://u:{CANARY}@h/db"'),
    "a password in a Postgres URL's query": ("source", f'type: postgres, url: "postgresql://h/db?user=u&password={CANARY}"'),
    "a password in a connection string": ("source", f'type: postgres, url: "host=h user=u password={CANARY}"'),
    "a Snowflake password": ("source", f"type: snowflake, account: a, user: u, password: {CANARY}"),
    "a Snowflake token": ("source", f"type: snowflake, account: a, user: u, token: {CANARY}"),
    "a private key": ("source", f'type: snowflake, account: a, user: u, private_key: "{CANARY}"'),
    "a passphrase": ("source", f"type: snowflake, account: a, user: u, private_key_passphrase: {CANARY}"),
    "a PEM block": ("source", 'type: snowflake, account: a, user: "-----BEGIN ENCRYPTED PRIVATE KEY----- MIIFJDBW"'),
    "a token in a path": ("source", f'type: duckdb, path: "md:db?motherduck_token={CANARY}"'),
    "a password in an address of a path": ("source", f'type: duckdb, path: "postgres://u:{CANARY}@h/d"'),
    "a password in a SQLAlchemy URL": ("source", f'type: sqlalchemy, url: "mysql+pymysql://u:{CANARY}@h/db"'),
    "a password with a slash": ("source", f'type: sqlalchemy, url: "mysql+pymysql://u:{CANARY}/x@h/db"'),
    "a state password": ("state", f"postgresql+psycopg://u:{CANARY}@h/db"),
    "a state password as default": ("state", f"${{env:STATE:-postgresql+psycopg://u:{CANARY}@h/db}}"),
    "a state password with a colon": ("state", f"postgresql+psycopg://u:{CANARY}:x@h/db"),
    "a state password in the query": ("state", f"postgresql+psycopg://h/db?password={CANARY}"),
    "a state key": ("state", f"postgresql+psycopg://h/db?sslpassword={CANARY}"),
    "a daemon token": ("daemon", f"auth_token: {CANARY}"),
    "a Slack address": ("alerts", f"slack: https://hooks.slack.com/services/{CANARY}"),
    "a webhook's token": ("alerts", f"webhook: https://hooks.example.com/?token={CANARY}"),
    "a webhook's password": ("alerts", f"webhook: https://u:{CANARY}@hooks.example.com/"),
}  # fmt: skip


def put(folder: Folder, where: str, text: str) -> Folder:
    match where:
        case "meta":
            return folder.project_file('access_token: "${env:META_ACCESS_TOKEN}"', text)
        case "source":
            return folder.project_file("type: sqlite, path: shop.db", text)
        case "state":
            return folder.project_file("version: 1", f'version: 1\nstate: "{text}"')
        case "daemon":
            return folder.project_file("version: 1", f"version: 1\ndaemon: {{{text}}}")
    return folder.project_file("version: 1", f"version: 1\nalerts: {{to: [{{{text.replace(': ', ': ', 1)}}}]}}")


@pytest.mark.parametrize("name", LITERALS)
def test_S03_a_secret_written_out_is_a_mistake_with_its_line_and_is_not_repeated(folder: Folder, name: str) -> None:
    problems = put(folder, *LITERALS[name]).problems({"T": "x"})
    assert len(problems) == 1
    assert problems[0].startswith(("syncer.yaml:2:", "syncer.yaml:3:", "syncer.yaml:5:"))
    assert "secret" in problems[0] or "password" in problems[0]
    assert "; " in problems[0]
    for secret in (CANARY, META_TOKEN, "7711", "MIIF"):
        assert secret not in problems[0]


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("meta", "access_token: ${env:T}"),
        ("meta", "access_token: ${env:T:-}"),
        ("meta", "access_token: ${file:token.txt}"),
        ("meta", 'access_token: ${env:T}, proxy: "http://user:${env:P}@proxy:3128"'),
        ("meta", "access_token: ${env:T}, proxy: http://proxy:3128"),
        ("source", "type: postgres, url: postgresql://reader@h:5432/db"),
        ("source", 'type: postgres, url: "postgresql://u:${env:P}@h/db?sslmode=require"'),
        ("source", "type: sqlalchemy, url: ${env:WAREHOUSE_URL}"),
        ("state", "sqlite:///.syncer/state.db"),
        ("state", "${env:STATE:-sqlite:///.syncer/state.db}"),
        ("state", "postgresql+psycopg://u:${env:P}@h/db"),
        ("state", "postgresql+psycopg:///db?host=/var/run/postgresql"),
        ("daemon", "auth_token: ${env:T:-}"),
        ("alerts", "webhook: https://hooks.example.com/alerts"),
        ("alerts", "email: ops@example.com"),
    ],
)
def test_references_and_urls_without_password_are_fine(folder: Folder, where: str, text: str) -> None:
    assert put(folder, where, text).problems() == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("plain", ("plain",)),
        ("${env:A}", (FromEnv("A"),)),
        ("${env:A:-}", (FromEnv("A", ""),)),
        ("${env:A:-b:-c}", (FromEnv("A", "b:-c"),)),
        ("x${env:A}y${file: a b.txt }z", ("x", FromEnv("A"), "y", FromFile("a b.txt"), "z")),
        ("$${env:A}", ("${", "env:A}")),
        ("$5 and $", ("$5 and $",)),
    ],
)
def test_a_text_splits_into_what_stands_in_it_and_what_stands_outside(text: str, parts: tuple[object, ...]) -> None:
    assert split(text) == parts


@pytest.mark.parametrize(
    "text", ["${canary7f3a}", "${A}", "${env:}", "${env:1A}", "${env:A-b}", "${file:}", "${vault:x}", "${env:A", "${"]
)
def test_a_malformed_reference_is_a_mistake_that_shows_the_forms(folder: Folder, text: str) -> None:
    folder.pipeline_file("query: SELECT * FROM orders", f"query: '{text} SELECT {CANARY}'")
    assert len(folder.problems()) == 1
    assert "is no reference; write ${env:NAME}, ${env:NAME:-default} or ${file:PATH}" in folder.problems()[0]
    assert CANARY not in folder.problems()[0]


def test_a_secret_is_resolved_when_asked_for_and_anew_each_time(folder: Folder) -> None:
    environ = {"META_ACCESS_TOKEN": "one"}
    token = folder.load(environ).destinations["meta"].access_token
    assert token.resolve() == "one"
    environ["META_ACCESS_TOKEN"] = "two"
    assert token.resolve() == "two"
    del environ["META_ACCESS_TOKEN"]
    with pytest.raises(ConfigError) as caught:
        token.resolve()
    assert str(caught.value) == (
        "syncer.yaml:5:50: destinations.meta.access_token: the environment variable META_ACCESS_TOKEN is not set; "
        "set META_ACCESS_TOKEN where syncer runs"
    )


def test_an_empty_variable_counts_as_missing_and_takes_the_default(folder: Folder) -> None:
    folder.project_file("${env:META_ACCESS_TOKEN}", "${env:META_ACCESS_TOKEN}").project_file(
        "shop.db", "${env:DB:-a.db}"
    )
    project = folder.load({"META_ACCESS_TOKEN": "", "DB": ""})
    path = project.sources["shop"].options["path"]
    assert isinstance(path, Reference)
    assert path.resolve() == "a.db"
    with pytest.raises(ConfigError, match="META_ACCESS_TOKEN is empty"):
        project.destinations["meta"].access_token.resolve()


def test_a_file_is_read_from_the_project_without_its_last_line_end(folder: Folder) -> None:
    put(folder, "meta", "access_token: ${file:keys/token}")
    (folder.path / "keys").mkdir()
    token = folder.load().destinations["meta"].access_token
    with pytest.raises(ConfigError, match=r'the file "keys/token" is not there; put the value there'):
        token.resolve()
    key = folder.path / "keys" / "token"
    for content, value in ((b"abc\n", "abc"), (b"abc\r\n", "abc"), (b" a b ", " a b "), (b"l1\nl2\n", "l1\nl2")):
        key.write_bytes(content)
        assert token.resolve() == value


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "is empty"), (b"\n", "is empty"), (b"\xff", "is no UTF-8"), (b"x" * 65_537, "larger")]
)
def test_a_file_that_holds_no_secret_says_why(folder: Folder, content: bytes, why: str) -> None:
    put(folder, "meta", "access_token: ${file:token}")
    (folder.path / "token").write_bytes(content)
    with pytest.raises(ConfigError, match=why):
        folder.load().destinations["meta"].access_token.resolve()


def test_a_pipe_or_folder_in_place_of_a_secret_is_not_waited_for(folder: Folder) -> None:
    put(folder, "meta", "access_token: ${file:token}")
    os.mkfifo(folder.path / "token")
    with pytest.raises(ConfigError, match="is no regular file"):
        folder.load().destinations["meta"].access_token.resolve()


@pytest.mark.parametrize(
    ("mode", "is_open"), [(0o600, False), (0o400, False), (0o640, True), (0o644, True), (0o602, True)]
)
def test_S03_a_secret_file_that_others_can_read_is_a_warning(folder: Folder, mode: int, is_open: bool) -> None:  # noqa: FBT001
    put(folder, "meta", "access_token: ${file:token}")
    (folder.path / "token").write_text("abc")
    (folder.path / "token").chmod(mode)
    warnings = folder.load().warnings
    assert len(warnings) == is_open
    if is_open:
        assert warnings[0] == (
            'syncer.yaml:5:50: destinations.meta.access_token: the secret file "token" can be read by others '
            f"({mode:04o}); chmod 600 token"
        )


def test_a_private_key_file_that_others_can_read_is_a_warning(folder: Folder) -> None:
    put(folder, "source", "type: snowflake, account: a, user: u, private_key_file: key.p8")
    (folder.path / "key.p8").write_text("abc")
    (folder.path / "key.p8").chmod(0o644)
    assert 'sources.shop.private_key_file: the secret file "key.p8" can be read by others' in folder.load().warnings[0]


def test_no_secret_shows_in_anything_that_is_printed(folder: Folder) -> None:
    folder.project_file(
        "version: 1", 'version: 1\nstate: "postgresql+psycopg://u:${env:PW}@h/db"\ndaemon: {auth_token: "${env:DT}"}'
    )
    folder.project_file(
        "type: sqlite, path: shop.db", 'type: postgres, url: "postgresql://u:${env:PW}@h/db", password: "${env:PW}"'
    )
    environ = {"META_ACCESS_TOKEN": CANARY, "PW": CANARY, "DT": CANARY}
    project = folder.load(environ)
    secrets = [project.state, project.destinations["meta"].access_token, project.daemon.auth_token]
    secrets += [value for value in project.sources["shop"].options.values() if isinstance(value, Secret)]
    assert len(secrets) == 5
    for secret in secrets:
        assert isinstance(secret, Secret)
        assert CANARY in secret.resolve()
        shown = f"{secret} {secret!r} {secret:>30} {[secret]} {copy.copy(secret)} {vars(secret)} {secret.text}"
        assert CANARY not in shown
    assert CANARY not in repr(project)
    assert CANARY not in str(project)


def test_a_secret_made_of_its_value_shows_stars() -> None:
    secret = Secret(CANARY)
    assert secret.resolve() == CANARY
    assert f"{secret!s} {secret!r} {secret} {secret:x<9} {secret.text}" == "Secret(***) Secret(***) *** *** ***"
    assert repr(Reference("a")) == "Reference('a')"


def test_numbers_by_reference_are_read_as_numbers(folder: Folder) -> None:
    put(folder, "source", "type: postgres, host: h, port: ${env:PGPORT:-5433}")
    assert folder.load().sources["shop"].options["port"] == 5433
    assert folder.load({"PGPORT": "6000"}).sources["shop"].options["port"] == 6000
    (problem,) = folder.problems({"PGPORT": CANARY})
    assert problem == (
        'syncer.yaml:3:41: sources.shop.port: "${env:PGPORT:-5433}" is not a whole number; let it give digits'
    )


def test_a_switch_by_reference_that_gives_another_word_is_told_what_to_give(folder: Folder) -> None:
    folder.project_file("version: 1\n", 'version: 1\ntargets: {prod: {schedules: "${env:X}"}}\n')
    (problem,) = folder.problems({"X": "yes"})
    assert problem == (
        'syncer.yaml:2:29: targets.prod.schedules: "${env:X}" is not true or false; let it give true or false'
    )


def test_a_duration_and_a_share_by_reference_are_told_how_such_are_written(folder: Folder) -> None:
    folder.project_file(
        "version: 1\n", 'version: 1\ndefaults: {schedule: {every: "${env:X}"}, tolerate: {rejected: "${env:X}"}}\n'
    )
    (every, share) = folder.problems({"X": "5"})
    assert every.endswith(
        '"${env:X}" is not a duration; let it give a number and a unit: 30s, 15m, 1h, 7d, at most 36500d'
    )
    assert share.endswith('"${env:X}" is not a share; let it give per cent, such as 2%')


def test_what_is_no_secret_may_be_a_reference_too(folder: Folder) -> None:
    put(folder, "meta", "access_token: ${env:T}, base_url: ${env:URL:-https://graph.facebook.com}")
    folder.pipeline_file("action_source: email", "action_source: ${env:SOURCE}, strict: ${env:STRICT:-false}")
    project = folder.load({"SOURCE": "chat", "URL": "http://127.0.0.1:1", "STRICT": "true"})
    assert project.destinations["meta"].base_url == "http://127.0.0.1:1"
    assert project.pipelines["orders"].settings.action_source == "chat"
    assert project.pipelines["orders"].settings.strict is True
    (problem,) = folder.problems()
    assert problem == (
        "pipelines/orders.yaml:7:27: settings.action_source: the environment variable SOURCE is not set; "
        "set SOURCE where syncer runs"
    )


@pytest.mark.parametrize(
    ("value", "is_enabled"), [("true", True), ("false", False), ("007", None), ("True", None), ("1", None)]
)
def test_a_boolean_by_reference_is_true_or_false(folder: Folder, value: str, is_enabled: bool | None) -> None:  # noqa: FBT001
    folder.pipeline_file("name: orders", "name: orders\nenabled: ${env:ENABLED}")
    project, problems = folder.validate({"ENABLED": value})
    assert (project and project.pipelines["orders"].enabled) is is_enabled
    assert bool(problems) == (is_enabled is None)


def test_the_value_of_a_reference_is_never_quoted(folder: Folder) -> None:
    folder.pipeline_file(
        "action_source: email", "action_source: ${env:T}, timezone: ${env:T}, default_country: ${env:T}"
    )
    folder.pipeline_file("start: now", "start: ${env:T}").pipeline_file("source: shop", "source: ${env:T}")
    folder.pipeline_file("name: orders", "name: ${env:T}").pipeline_file(
        "value: Schedule", "value: '${env:T}${env:T}${env:T}${env:T}${env:T}${env:T}'"
    )
    folder.pipeline_file("destination: meta", "destination: ${env:T}")
    problems = folder.problems({"T": f"{CANARY} {CANARY}"})
    assert len(problems) >= 7
    assert not [problem for problem in problems if CANARY in problem]


def test_bytes_of_the_environment_that_are_no_text_are_refused(folder: Folder) -> None:
    token = folder.load({"META_ACCESS_TOKEN": "a\udc80b"}).destinations["meta"].access_token
    with pytest.raises(ConfigError, match="META_ACCESS_TOKEN is no UTF-8 text"):
        token.resolve()


def test_the_sandbox_needs_nothing_of_the_environment(folder: Folder) -> None:
    folder.project_file("version: 1", "version: 1\ntargets: {dev: {destinations: {meta: {type: sandbox}}}}")
    folder.project_file('dataset_id: "1234567890"', 'dataset_id: "${env:DATASET}", app_secret: "${env:SECRET}"')
    destination = folder.load().destinations["meta"]
    assert (destination.type, destination.dataset_id.resolve()) == ("sandbox", "1234567890")
    assert destination.access_token.resolve() == "sandbox-token"
    assert destination.app_secret is None
    assert destination.base_url == "http://127.0.0.1"


@pytest.mark.parametrize(
    ("text", "is_literal"),
    [
        ("sqlite:///.syncer/state.db", False),
        ("postgresql://h:5432/x@y", False),
        (f"postgresql://u:{STANDS_OUTSIDE}@h/db", False),
        (f"postgresql://u:x{STANDS_OUTSIDE}@h/db", True),
        ("postgresql://u:@h/db", False),
        ("postgresql://u:p@[::1]:5432/db", True),
        ("postgresql://[::1]:5432/db", False),
        ("https://h/?apikey=x", True),
        ("https://h/?keyboard=x", False),
        ("HTTPS://h/?Access_Token=x", True),
        ("https://hooks.slack.com/services/T0/B0/abc", True),
        (f"https://hooks.slack.com/services/{STANDS_OUTSIDE}", False),
        ("https://discord.com/api/webhooks/1/abc", True),
        ("https://h/run?sp=x&sig=abc", True),
        (f"https://h/run?sig={STANDS_OUTSIDE}", False),
        ("postgresql://abcd1234efgh5678ijkl@h/db", True),
        ("postgresql://reporting_reader@h/db", False),
    ],
)
def test_a_url_tells_whether_it_holds_a_password(text: str, is_literal: bool) -> None:  # noqa: FBT001
    assert holds_literal_secret(text) is is_literal


@pytest.mark.parametrize("text", [f"!{CANARY} x", f"*{CANARY}", f"!!{CANARY}"])
def test_a_secret_that_looks_like_a_tag_or_an_alias_is_not_repeated(folder: Folder, text: str) -> None:
    problems = put(folder, "meta", f"access_token: {text}").problems()
    assert len(problems) >= 1
    assert not any(CANARY in problem for problem in problems)


def test_an_empty_secret_is_no_secret_written_out(folder: Folder) -> None:
    (problem,) = put(folder, "meta", 'access_token: ""').problems()
    assert problem.endswith("access_token: is empty; write ${env:META_ACCESS_TOKEN} or ${file:PATH}")


def test_a_reference_to_a_dataset_id_gives_nothing_but_digits(folder: Folder) -> None:
    folder.project_file('"1234567890"', "${env:DATASET}")
    destination = folder.load({"DATASET": META_TOKEN}).destinations["meta"]
    with pytest.raises(ConfigError, match=r"syncer.yaml:5:22: .*no dataset id; copy the digits") as caught:
        destination.dataset_id.resolve()
    assert META_TOKEN not in str(caught.value)
