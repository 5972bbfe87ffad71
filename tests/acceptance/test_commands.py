import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import duckdb
import pytest

from syncer.engine.basis import NEEDS_DECISION
from syncer.engine.clock_check import CLOCK_WRONG
from syncer.engine.endings import BY_HAND, SYSTEMATIC
from syncer.state.crashes import CRASH_LOOP
from tests.acceptance.shop import EXAMPLES, TOKEN, Shop

pytestmark = pytest.mark.acceptance
ROOT = Path(__file__).parents[2]


def test_status_runs_and_show_tell_what_a_run_did(shop: Shop) -> None:
    assert "never run" in shop.syncer("status").out
    shop.add_orders(1, 3, changes="UPDATE orders SET currency = NULL WHERE order_id = 2")
    run = shop.syncer("run", "orders", "--output", "json").report

    (status,) = map(json.loads, shop.syncer("status", "--output", "json").out.splitlines())
    assert (status["state"], status["acknowledged"], status["rejects"]) == ("done_with_rejects", 2, 1)
    assert status["watermark"] == run["watermark"]["after"] == "2026-11-01T00:00:00.003Z"

    (listed,) = map(json.loads, shop.syncer("runs", "orders", "--output", "json").out.splitlines())
    assert listed["run_id"] == run["run_id"]

    (heading, line) = shop.syncer("runs", "orders").out.splitlines()[1:]
    assert (heading.endswith(" seconds"), line[-1].isdigit()) == (True, True)  # numbers stand right
    set_aside = shop.syncer("rejects", "list", "orders").out
    assert set_aside.startswith("orders: 1 event is set aside (target default).\n")

    shown = shop.syncer("show", run["run_id"][:14])
    assert shown.code == 0
    for text in ("currency_missing", "acked", "2 of 3 events acknowledged"):
        assert text in shown.out


def test_status_names_the_pipelines_whose_file_is_gone(shop: Shop) -> None:
    shop.add_orders(1, 3)
    shop.syncer("run", "orders")
    assert "no file" not in shop.syncer("status").out
    shop.edit("pipelines/orders.yaml", "name: orders", "name: sales")
    shop.syncer("run", "sales")
    shown = shop.syncer("status").out
    assert "\nIn no file of this project: orders; nothing here runs them" in shown
    assert shown.count("Match keys") == 1  # those of the pipeline that has a file
    lines = [json.loads(line) for line in shop.syncer("status", "--output", "json").out.splitlines()]
    assert {line["pipeline"]: line["has_file"] for line in lines} == {"sales": True, "orders": False}


def test_status_names_a_destination_that_a_pipeline_had_before(shop: Shop) -> None:
    shop.add_orders(1, 3)
    shop.syncer("run", "orders")
    shop.edit("syncer.yaml", "destinations:\n", "destinations:\n  other: {type: sandbox}\n")
    shop.edit("pipelines/orders.yaml", "destination: meta", "destination: other")
    shown = shop.syncer("status").out
    assert "\nFormer destinations: orders to meta; no file sends there any more" in shown
    assert "In no file" not in shown


def test_status_says_of_a_pipeline_that_may_run_again_that_it_was_resumed(shop: Shop) -> None:
    shop.syncer("pause", "orders")
    assert shop.syncer("run", "orders").code == 1
    assert shop.syncer("status").out.splitlines()[2].split()[:2] == ["orders", "paused"]
    shop.syncer("resume", "orders")
    assert shop.syncer("status").out.splitlines()[2].split()[:2] == ["orders", "resumed"]
    told = shop.syncer("status", "--output", "json").report
    assert (told["state"], told["pause_reason"]) == ("paused", None)


def test_show_lists_some_of_many_requests_and_json_has_all_in_order(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", "destination: meta", "destination: meta\ndelivery: {events_per_request: 1}")
    shop.add_orders(1, 53)
    run_id = shop.syncer("run", "orders", "--output", "json").report["run_id"]
    shown = shop.syncer("show", run_id).out
    assert shown.count(" acked ") == 50
    assert shown.endswith("... and 3 more; first come those that did not go well; --output json has all\n")
    requests = shop.syncer("show", run_id, "--output", "json").report["requests"]
    assert [request["id"] for request in requests] == sorted(request["id"] for request in requests)
    assert len(requests) == 53


def test_validate_names_every_mistake_of_every_file_with_place_and_remedy(shop: Shop) -> None:
    shop.edit("syncer.yaml", "type: duckdb", "type: dukdb")
    shop.edit("pipelines/orders.yaml", "em: email", "emial: email")
    shop.edit("pipelines/orders.yaml", "key: order_id", "kye: order_id")
    done = shop.syncer("validate")
    assert done.code == 2
    lines = done.out.splitlines()
    assert [line.split(":")[0] for line in lines] == sorted(line.split(":")[0] for line in lines)
    for place, path, near in (
        ("syncer.yaml:3:21", "sources.warehouse.type", "duckdb"),
        ("pipelines/orders.yaml:5:1", "kye", '"key"'),
        ("pipelines/orders.yaml:16:5", "mapping.customer_info.emial", "email"),
    ):
        assert any(line.startswith(f"{place}: {path}: ") and near in line for line in lines), (place, done.out)
    github = shop.syncer("validate", "--output", "github").out
    assert github.startswith("::error file=pipelines/orders.yaml,line=")


def test_validate_places_what_is_wrong_with_a_warehouse_where_the_pipeline_names_it(shop: Shop) -> None:
    shop.edit("syncer.yaml", "path: warehouse.duckdb", "path: nowhere.duckdb")
    done = shop.syncer("validate")
    assert done.code == 2
    assert done.out.startswith("pipelines/orders.yaml:3:1: source: warehouse: there is no file ")
    assert "nowhere.duckdb; mend `path`" in done.out


def test_mistakes_of_files_come_as_json_where_the_output_does(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", "key: order_id", "kye: order_id")
    shop.edit("pipelines/orders.yaml", "em: email", "emial: email")
    said = shop.syncer("validate", "--offline", "--output", "json").out
    assert {json.loads(line)["path"] for line in said.splitlines()} >= {"kye", "mapping.customer_info.emial"}
    files = ("deliveries", "orders"), ("rejects", "export", "orders")
    for command in (("run", "--all"), ("plan",), ("status",), ("preview", "orders"), ("pause", "orders"), *files):
        done = shop.syncer(*command, "--output", "json")
        assert (done.code, done.out, done.err) == (2, "", said)
    assert shop.syncer("deliveries", "orders").err.startswith("pipelines/orders.yaml:"), "the default asks for nothing"


def test_a_name_that_no_pipeline_has_is_told_as_json_where_the_output_is(shop: Shop) -> None:
    for command in ("validate", "status", "run"):
        done = shop.syncer(command, "ordres", "--output", "json")
        found = json.loads(done.err)
        assert (done.code, done.out, found["file"], found["what"]) == (2, "", None, "no pipeline is called 'ordres'")
        assert found["remedy"].startswith("did you mean 'orders'?")


def test_a_failure_is_told_as_json_where_the_output_is(shop: Shop) -> None:
    (shop.folder / "warehouse.duckdb").unlink()
    for words in (
        ("plan", "orders"),
        ("preview", "orders"),
        ("deliveries", "orders"),
        ("adopt", "orders", "--until", "-1h"),
    ):
        done = shop.syncer(*words, "--output", "json")
        found = json.loads(done.err.splitlines()[-1])
        assert (done.code, done.out, found["file"]) == (1, "", None)
        assert "there is no file" in found["what"]
        assert found["remedy"].startswith("mend `path`")
        assert "Error: " in shop.syncer(*words).err
    unknown = shop.syncer("show", "01X", "--output", "json")
    assert unknown.code == 1
    assert json.loads(unknown.err) == {
        "file": None, "line": 1, "column": 1, "path": "",
        "what": "no run begins with '01X'", "remedy": "`syncer runs` lists them",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "what", "remedy"),
    [
        (("status", "--foo"), "No such option '--foo'.", "`syncer status --help` says what it takes"),
        (("pause",), "Missing argument 'NAMES...'.", "`syncer pause --help` says what it takes"),
        (("adopt", "orders", "--until", "-1h"), "nothing was changed", "add --yes to do it"),
    ],
)
def test_a_wrong_option_is_told_as_json_where_the_output_is(
    words: tuple[str, ...], what: str, remedy: str, shop: Shop
) -> None:
    for output in (("--output", "json"), ("--output=json",)):
        done = shop.syncer(*words, *output)
        found = json.loads(done.err.splitlines()[-1])
        assert (done.code, found["file"], found["what"], found["remedy"]) == (2, None, what, remedy)
    assert f"Error: {what}" in shop.syncer(*words).err


def test_a_semicolon_in_what_a_driver_says_begins_no_remedy(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", "SELECT * FROM orders", 'SELECT * FROM "orders; of 2026"')
    done = shop.syncer("preview", "orders", "--output", "json")
    found = json.loads(done.err.splitlines()[-1])
    assert "orders; of 2026" in found["what"]
    assert found["remedy"] == "tables of warehouse.duckdb: orders"


@pytest.mark.parametrize(("group", "near"), [("rejects", "lst"), ("held", "resent")])
def test_where_a_pipeline_stands_for_the_command_of_a_group_list_is_named(group: str, near: str, shop: Shop) -> None:
    done = shop.syncer(group, "orders")
    assert (done.code, f"`syncer {group} list orders` lists those of a pipeline" in done.err) == (2, True)
    assert "Did you mean" in shop.syncer(group, near).err


def test_preview_prints_the_exact_bodies_and_sends_nothing(shop: Shop) -> None:
    shop.add_orders(1, 4, changes="UPDATE orders SET currency = NULL WHERE order_id = 3")
    done = shop.syncer("preview", "orders", "--limit", "10", "--output", "json", TOKEN="")
    (body,) = map(json.loads, done.out.splitlines())
    assert [event["custom_data"]["order_id"] for event in body["data"]] == ["1", "2", "4"]
    assert "key 3: currency_missing" in done.err
    assert shop.sandbox.sandbox.requests() == []
    shop.syncer("run", "orders")
    sent = {event["event_id"]: event for event in shop.sandbox.sandbox.events()}
    assert sent == {event["event_id"]: event for event in body["data"]}


def test_preview_writes_a_key_as_key_takes_it(shop: Shop) -> None:
    shop.add_orders(1, 2, changes="UPDATE orders SET currency = NULL, email = 'a,b@example.com' WHERE order_id = 1")
    shop.sql("UPDATE orders SET email = NULL WHERE order_id = 2")
    shop.edit("pipelines/orders.yaml", "key: order_id", "key: [email, updated_at]")
    first, second = shop.syncer("preview", "orders").err.splitlines()
    key = '"a,b@example.com",2026-11-01T00:00:00.001Z'
    assert first.startswith(f"refused: key {key}: ")
    assert second.startswith("refused: key NULL,2026-11-01T00:00:00.002Z: key_missing")
    assert shop.syncer("preview", "orders", "--key", key).err.startswith(f"refused: key {key}: ")


def test_preview_explains_each_value_and_masks_people(shop: Shop) -> None:
    shop.add_orders(7, 9)
    masked = shop.syncer("preview", "orders", "--key", "8", "--explain").out
    assert "customer8@" not in masked
    shown = shop.syncer("preview", "orders", "--key", "8", "--explain", "--show-values").out
    assert "customer8@example.com" in shown
    assert "customer7@example.com" not in shown


def test_a_locked_warehouse_is_named_and_nothing_is_lost(shop: Shop) -> None:
    shop.add_orders(1, 3)
    with duckdb.connect(str(shop.folder / "warehouse.duckdb")):
        locked = shop.syncer("run", "orders", "--output", "json")
    assert (locked.code, locked.report["status"]) == (1, "failed")
    assert "warehouse.duckdb" in locked.report["message"]
    assert shop.syncer("run", "orders", "--output", "json").report["acknowledged"] == 3


def test_init_says_what_to_type_next_in_a_shell(shop: Shop) -> None:
    made = shop.syncer("init", "my shop")
    assert made.out.endswith("\nNext:\n  cd 'my shop'\n  syncer preview orders\n  syncer run orders\n")
    made = shop.syncer("init")
    assert made.out.endswith("\nNext:\n  syncer preview orders\n  syncer run orders\n")


@pytest.mark.parametrize("folder", ["", "~nobody-is-called-so", "~nobody-is-called-so/shop"])
def test_init_makes_nothing_of_what_a_shell_left_as_it_was(shop: Shop, folder: str) -> None:
    made = shop.syncer("init", folder)
    assert (made.code, made.out) == (2, "")
    assert f"{folder!r} is no folder; write its path, such as shop.\n" in made.err
    assert not (shop.folder / "~nobody-is-called-so").exists()


def test_a_home_of_nobody_is_told_and_not_made(shop: Shop) -> None:
    found = shop.syncer("status", "--project", "~nobody-is-called-so")
    assert (found.code, 'there is no syncer.yaml in "' in found.err) == (2, True)
    refused = shop.syncer("run", "orders", SYNCER_HOME="~nobody-is-called-so")
    assert (refused.code, "begins with the home of a user that is not there" in refused.err) == (2, True)
    assert not (shop.folder / "~nobody-is-called-so").exists()


def test_init_makes_a_project_that_runs_and_keeps_what_is_there(shop: Shop) -> None:
    folder = shop.folder / "new"
    made = shop.syncer("init", "new")
    assert (made.code, "wrote  new/pipelines/orders.yaml" in made.out) == (0, True)
    (folder / "syncer.yaml").write_text("version: 1\n", encoding="utf-8")
    again = shop.syncer("init", "new")
    assert "kept   new/syncer.yaml" in again.out
    assert (folder / "syncer.yaml").read_text(encoding="utf-8") == "version: 1\n"


def test_init_keeps_the_state_out_of_git_where_somebody_ignores_other_files_already(shop: Shop) -> None:
    folder = shop.folder / "new"
    folder.mkdir()
    (folder / ".gitignore").write_text("node_modules\n", encoding="utf-8")
    made = shop.syncer("init", "new")
    assert "kept   new/.gitignore\n  wrote  new/.syncer/.gitignore\n" in made.out
    assert (folder / ".gitignore").read_text(encoding="utf-8") == "node_modules\n"
    assert (folder / ".syncer" / ".gitignore").read_text(encoding="utf-8") == "*\n"


def test_each_example_of_the_sample_shop_runs_as_it_stands(shop: Shop) -> None:
    folder = shop.folder / "examples"
    assert shop.syncer("init", "examples").code == 0
    for path in (ROOT / "pipelines").glob("*.yaml"):
        (folder / "pipelines" / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "syncer.yaml").write_text((ROOT / "syncer.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    done = shop.syncer("run", "--all", "--project", "examples", "--output", "json")
    reports = [json.loads(line) for line in done.out.splitlines()]
    own = {path.stem for path in (ROOT / "pipelines").glob("*.yaml") if "source: warehouse\n" in path.read_text()}
    assert {report["pipeline"] for report in reports} == own
    for report in reports:
        names = (report["pipeline"], f"{report['pipeline']} to {report['destination']}")
        assert any(f"\n{name}: target dev, dataset " in f"\n{done.err}" for name in names)
        assert report["status"] in ("done", "done_with_rejects"), report
        assert report["acknowledged"] > 500, report
    assert done.code == 3


def test_the_demo_shows_two_syncs_of_which_the_second_sends_only_what_is_new(shop: Shop) -> None:
    began = time.monotonic()
    done = shop.syncer("demo")
    assert done.code == 0, done.err
    assert time.monotonic() - began < 30
    for text in (
        "Three events as Meta got them",
        "remote_currency_refused",
        "event_time_too_old",
        "O'Brien",
        "120 acknowledged",
    ):
        assert text in done.out


def test_the_demo_leaves_a_project_alone_that_is_there(shop: Shop) -> None:
    """It would send by its files, and add and change rows of its warehouse."""
    shop.add_orders(1, 3)
    before = (shop.folder / "warehouse.duckdb").read_bytes()
    done = shop.syncer("demo", "--keep", ".")
    assert (done.code, done.out) == (2, "")
    assert "holds syncer.yaml already; name a new folder" in done.err
    assert (shop.folder / "warehouse.duckdb").read_bytes() == before
    assert shop.order_ids() == []


def test_a_command_that_a_test_starts_in_a_folder_is_the_one_of_this_checkout(shop: Shop) -> None:
    where = [sys.executable, "-c", "import syncer; print(syncer.__file__)"]
    done = subprocess.run(where, cwd=shop.folder, env=shop.environ, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(EXAMPLES / "syncer" / "__init__.py")


def test_the_sandbox_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "syncer", "sandbox", "--port", "0"]
    env = {**os.environ, "PYTHONPATH": str(EXAMPLES)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=env) as serving:
        assert serving.stdout is not None
        url = next(word for word in serving.stdout.readline().split() if word.startswith("http"))
        base = url.split("/v26.0")[0]
        with urlopen(f"{base}/sandbox/api/state", timeout=10) as answer:
            assert json.load(answer)["events"] == 0
        serving.send_signal(signal.SIGINT)
        assert serving.wait(timeout=10) == 0


def test_reference_commands_answer_in_json(shop: Shop) -> None:
    fields = [json.loads(line) for line in shop.syncer("fields", "customer_info", "--output", "json").out.splitlines()]
    assert {"em", "ph", "external_id"} <= {field["name"] for field in fields}
    assert json.loads(shop.syncer("explain", "currency_missing", "--output", "json").out)["remedy"]
    assert json.loads(shop.syncer("schema", "project").out)["title"]
    assert json.loads(shop.syncer("state", "upgrade", "--output", "json").out)["after"]
    wrong = shop.syncer("explain", "curency_missing")
    assert (wrong.code, "currency_missing" in wrong.err) == (2, True)


def test_explain_says_what_is_wrong_with_the_project_and_not_that_there_is_no_such_pipeline(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", "name: orders", "name: paid_orders")
    shop.edit("pipelines/orders.yaml", "start: window", "start: soon")
    done = shop.syncer("explain", "paid_orders")
    assert (done.code, done.err.partition(": start: ")[2]) == (2, done.err[done.err.index('"soon" is no start') :])


def test_a_pipeline_that_is_not_there_is_no_pipeline_without_mistakes(shop: Shop) -> None:
    done = shop.syncer("validate", "ordres", "--offline")
    assert (done.code, done.out) == (2, "")
    assert "did you mean 'orders'" in done.err


def test_preview_hides_addresses_wherever_they_stand(shop: Shop) -> None:
    shop.add_orders(1, 1)
    shop.edit("pipelines/orders.yaml", 'event_source_url: {value: "https://shop.example/thanks"}',
              'event_source_url: {column: email, template: "https://shop.example/?mail={}"}')  # fmt: skip
    shop.edit("pipelines/orders.yaml", "  custom_data:", "  user_defined: {mail: email}\n  custom_data:")
    shop.edit(
        "pipelines/orders.yaml", "destination: meta", "destination: meta\npii: {email: warn, url_parameters: warn}"
    )
    for options in ((), ("--explain",)):
        assert "customer1@" not in shop.syncer("preview", "orders", *options).out
        assert "customer1@" in shop.syncer("preview", "orders", *options, "--show-values").out


def test_a_token_in_the_place_of_the_dataset_id_is_not_shown(shop: Shop) -> None:
    shop.edit("syncer.yaml", 'dataset_id: "1234567890"', "dataset_id: ${env:TOKEN}")
    done = shop.syncer("run", "orders", "--output", "json")
    assert done.code == 2
    assert "syncer.yaml:7:17: destinations.meta.dataset_id" in done.report["message"]
    assert TOKEN not in done.out + done.err


def test_rows_without_a_key_are_set_aside_once_however_often_they_are_read(shop: Shop) -> None:
    shop.add_orders(1, 6, changes="UPDATE orders SET order_id = NULL WHERE order_id IN (3, 4)")
    counts = set()
    for _ in range(3):
        assert shop.syncer("run", "orders").code == 3
        (status,) = map(json.loads, shop.syncer("status", "--output", "json").out.splitlines())
        counts.add(status["rejects"])
    assert counts == {2}


def test_a_report_in_a_locale_without_utf_8_is_printed_and_the_other_pipelines_run(shop: Shop) -> None:
    shop.add_orders(1, 2)
    text = (shop.folder / "pipelines" / "orders.yaml").read_text()
    (shop.folder / "pipelines" / "second.yaml").write_text(text.replace("name: orders", "name: second"))
    assert shop.syncer("run", "--all", PYTHONIOENCODING="ascii").code == 0
    assert len(shop.order_ids()) == 4


def test_who_reads_no_further_does_not_stop_the_other_pipelines(shop: Shop) -> None:
    shop.add_orders(1, 2)
    text = (shop.folder / "pipelines" / "orders.yaml").read_text()
    (shop.folder / "pipelines" / "second.yaml").write_text(text.replace("name: orders", "name: second"))
    running = subprocess.Popen(
        [sys.executable, "-m", "syncer", "run", "--all"], cwd=shop.folder, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, env=shop.environ,
    )  # fmt: skip
    assert running.stdout is not None
    running.stdout.close()
    running.wait(timeout=60)
    assert len(shop.order_ids()) == 4


def test_run_takes_pipelines_by_name_by_tag_or_all_of_them(shop: Shop) -> None:
    shop.add_orders(1, 2)
    shop.edit("pipelines/orders.yaml", "source: warehouse", "source: warehouse\ntags: [hourly]")
    assert shop.syncer("run", "--select", "tag:hourly", "--output", "json").report["acknowledged"] == 2
    assert shop.syncer("run", "--all", "--output", "json").report["status"] == "done"
    for arguments, says in (
        (["--select", "tag:daily"], "no enabled pipeline has the tag 'daily'; tags: hourly"),
        (["--select", "hourly"], "write tag:NAME"),
        (["orders", "--all"], "name pipelines, or give --select, or --all"),
        (["--all", "--select", "tag:hourly"], "name pipelines, or give --select, or --all"),
        ([], "there are: orders"),
    ):
        refused = shop.syncer("run", *arguments)
        assert (refused.code, says in refused.err) == (2, True), refused.err


def test_all_without_an_enabled_pipeline_names_the_one_that_is_off(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", "source: warehouse", "source: warehouse\nenabled: false")
    for command in (["run", "--all"], ["plan"]):
        refused = shop.syncer(*command)
        assert (refused.code, "no pipeline is enabled" in refused.err, "orders" in refused.err) == (2, True, True)


def test_an_option_before_the_command_is_told_its_place(shop: Shop) -> None:
    refused = shop.syncer("--target", "prod", "run", "orders")
    assert (refused.code, "write options behind it: syncer COMMAND --target" in refused.err) == (2, True)


def test_a_paused_pipeline_says_why_and_each_reason_for_a_pause_is_explained(shop: Shop) -> None:
    shop.syncer("pause", "orders")
    assert "by_hand; `syncer explain by_hand`" in shop.syncer("status").out
    for reason in (BY_HAND, NEEDS_DECISION, CLOCK_WRONG, SYSTEMATIC, CRASH_LOOP, "rejects_full"):
        assert shop.syncer("explain", reason).out.startswith(f"{reason} (pipeline paused)")


@pytest.mark.parametrize("words", [("run", "orders"), ("runs",), ("rejects", "list", "orders", "--rows")])
def test_a_limit_beyond_all_numbers_is_refused_in_words(shop: Shop, words: tuple[str, ...]) -> None:
    done = shop.syncer(*words, "--limit", "99999999999999999999")
    assert (done.code, "is not in the range 1<=x<=1000000000" in done.err) == (2, True), done.err


@pytest.mark.parametrize(
    "words",
    [
        ("trace", "orders", "M\udcfcller"),
        ("show", "M\udcfcller"),
        ("send-test", "orders", "--code", "TEST1", "--key", "M\udcfcller"),
        ("rejects", "retry", "orders", "--key", "M\udcfcller"),
        ("erase", "orders", "--match", "email=M\udcfcller"),
        ("reset", "orders", "--to", "M\udcfcller", "--yes"),
    ],
)
def test_a_value_typed_in_another_encoding_is_refused_and_not_shown(shop: Shop, words: tuple[str, ...]) -> None:
    done = shop.syncer(*words)
    assert (done.code, "is no UTF-8 text; type it where the locale is UTF-8" in done.err) == (2, True)
    assert "ller" not in done.err + done.out
