"""How the daemon's page looks and goes on, in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from syncer.actions import ask_for_run
from syncer.sandbox.faults import parse_faults
from syncer.status import runs
from syncer.web.found import way_called
from tests.acceptance.browsers import faults_of
from tests.acceptance.daemons import wait_until
from tests.acceptance.served import TOKEN as PAGE_TOKEN
from tests.acceptance.shop import TOKEN, Shop
from tests.acceptance.visitor import HOSTILE, NO_CURRENCY, READ, Visitor, visiting
from tests.counts import FULL

pytestmark = pytest.mark.acceptance


def test_S20_what_files_errors_and_addresses_say_is_text_and_never_html(browser: Browser, shop: Shop) -> None:
    quoted = "'" + HOSTILE.replace("'", "''").replace("\u202e", "") + "'"
    shop.edit("pipelines/orders.yaml", "version: 1", f"version: 1\ndescription: {quoted}")
    shop.edit(
        "pipelines/orders.yaml", "SELECT * FROM orders", f"SELECT *, {quoted} AS odd FROM orders".replace("{{", "{")
    )
    shop.add_orders(1, 2)
    with visiting(browser, shop, allowed=("404 (Not Found)",)) as visitor:
        page = visitor.page
        visitor.run()
        shop.edit("pipelines/orders.yaml", "key: order_id", f"key: order_id\n{quoted}: 1")
        wait_until(lambda: visitor.daemon.standing().problems)
        visitor.open("/")
        expect(page.get_by_text("A file is wrong")).to_be_visible(timeout=15_000)
        expect(page.get_by_role("alert").first).to_contain_text("pipelines/orders.yaml:")
        visitor.open("/pipelines/orders/meta")
        expect(page.locator("main")).to_contain_text("<img src=x onerror=alert(1)>")
        page.get_by_text("settings, each with where").click()
        for path in (
            "/pipelines/orders/meta/rejects?reason=%3Cscript%3Ealert(3)%3C/script%3E",
            "/runs?pipeline=%22%3E%3Cimg src=x onerror=alert(4)%3E",
            "/pipelines/%3Cscript%3Ealert(5)%3C%2Fscript%3E",
            "/runs/%3Cimg src=x onerror=alert(6)%3E",
            "/reasons/%3Cimg src=x onerror=alert(7)%3E%E2%80%AE",
            "/login?%22%3E%3Cscript%3Ealert(8)%3C/script%3E",
        ):
            visitor.open(path)
            assert page.locator("main img[src=x], main script").count() == 0
            assert "\u202e" not in page.content()


def test_no_page_shows_a_secret_or_a_value_of_a_person(browser: Browser, shop: Shop) -> None:
    shop.add_orders(1, 3, changes=NO_CURRENCY)
    with visiting(browser, shop) as visitor:
        run_id = visitor.run()
        for path in (*READ, f"/runs/{run_id}"):
            text = visitor.open(path).content()
            assert [secret for secret in (TOKEN, PAGE_TOKEN, "@example.com", "customer1") if secret in text] == []


LOOKS = [("light", 375), ("dark", 1600)]


@pytest.mark.faults
@pytest.mark.parametrize(("scheme", "width"), LOOKS if FULL else LOOKS[:1])
def test_every_page_fits_and_can_be_used_in_another_way(browser: Browser, shop: Shop, scheme: str, width: int) -> None:
    shop.add_orders(1, 20, changes=NO_CURRENCY)
    with visiting(browser, shop) as visitor:
        page = visitor.page
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # Literal
        page.set_viewport_size({"width": width, "height": 900})
        found = {path: faults_of(visitor.open(path)) for path in READ}
        run_id = visitor.run()
        for path in (*READ, f"/runs/{run_id}", "/reasons/currency_missing"):
            visitor.open(path)
            for summary in page.locator("summary").all():
                summary.click()
            found[f"{path} "] = faults_of(page)
        visitor.open("/connections")
        visitor.press("Check all")
        expect(page.get_by_text("connected, in a session that only reads")).to_be_visible()
        found["checked"] = faults_of(page)
        visitor.open("/pipelines/orders/meta")
        visitor.press("Reconcile…")
        found["asked"] = faults_of(page)
        page.keyboard.press("Escape")
        visitor.press("Log out")
        expect(page.get_by_label("Token")).to_be_focused()
        found["/login"] = faults_of(page)
    assert {path: faults for path, faults in found.items() if faults} == {}


LONG = "a_pipeline_with_a_name_of_as_many_letters_as_there_may_be_in_one"


def test_what_belongs_together_stands_together_beside_a_long_name_too(browser: Browser, shop: Shop) -> None:
    shop.add_orders(1, 5, changes=NO_CURRENCY)
    text = (shop.folder / "pipelines" / "orders.yaml").read_text(encoding="utf-8")
    (shop.folder / "pipelines" / "long.yaml").write_text(
        text.replace("name: orders", f"name: {LONG}"), encoding="utf-8"
    )
    lines: Callable[[str], int] = lambda each: page.locator(each).first.evaluate(  # noqa: E731
        "(cell) => { const text = document.createRange(); text.selectNodeContents(cell); "
        "return new Set([...text.getClientRects()].map((each) => Math.round(each.bottom))).size }"
    )
    with visiting(browser, shop) as visitor:
        page = visitor.page
        visitor.session.run(LONG)
        visitor.open("/runs")
        assert (lines("td[data-label=Run] a"), lines("td[data-label=Took]")) == (1, 1)
        page.set_viewport_size({"width": 375, "height": 900})
        visitor.open("/connections")
        assert page.locator("td[data-label=Pipelines]").first.inner_text() == f"{LONG}, orders"
        visitor.open(f"/search?way={LONG}/meta")
        page.get_by_label("order_id").fill("3")
        visitor.press(f"Search {LONG}")
        expect(page.get_by_role("heading", name="3: rejected local")).to_be_visible()
        assert "`" not in page.locator("main").inner_text()
        form, hint = (page.locator(each).bounding_box() for each in ("form.card", "form.card + .hint"))
        assert form is not None
        assert hint is not None
        assert hint["y"] >= form["y"] + form["height"] + 10


def test_the_chart_writes_times_as_the_viewer_does_with_the_day_where_it_begins(browser: Browser, shop: Shop) -> None:
    with visiting(browser, shop) as visitor:
        axis = "async ([ticks, step]) => (await import('/static/chart.js')).times(null, ticks, 0, 70, step)"
        quarters = [1_796_049_300 + 900 * each for each in range(3)]  # 23:35 in Tokyo
        assert visitor.page.evaluate(axis, [quarters, 900]) == ["23:35\n30 Nov", "23:50", "00:05\n1 Dec"]
        days = [1_796_050_800 + 86_400 * each for each in range(3)]
        assert visitor.page.evaluate(axis, [days, 86_400]) == ["1 Dec", "2 Dec", "3 Dec"]


def test_a_page_goes_on_by_itself_and_says_when_the_daemon_is_away(browser: Browser, shop: Shop) -> None:
    shop.add_orders(1, 3)
    with visiting(browser, shop, allowed=("ERR_CONNECTION_REFUSED", "Failed to fetch", "503")) as visitor:
        page = visitor.page
        expect(page.get_by_text("never run")).to_be_visible()
        run_id = visitor.run()
        visitor.look()
        expect(page.locator("td", has_text="3 events")).to_be_visible()
        visitor.open(f"/runs/{run_id}")
        local = page.locator("p time").first
        expect(local).to_contain_text(in_tokyo(visitor, run_id))
        visitor.open("/runs")
        page.route("**/runs", lambda route: route.abort("connectionrefused"))
        visitor.look()
        expect(page.get_by_text("The daemon does not answer")).to_be_visible()
        page.unroute("**/runs")
        expect(page.get_by_text("The daemon does not answer")).to_be_hidden(timeout=15_000)  # by itself
        page.route("**/runs", lambda route: route.fulfill(status=503, body="no state"))
        visitor.look()
        expect(page.get_by_text("The daemon does not answer")).to_be_visible()
        expect(page.locator(f"#run-{run_id}")).to_be_visible()
        page.unroute("**/runs")
        visitor.look()
        expect(page.get_by_text("The daemon does not answer")).to_be_hidden()
        page.context.clear_cookies()
        visitor.look()
        expect(page.get_by_label("Token")).to_be_visible()


def in_tokyo(visitor: Visitor, run_id: str) -> str:
    """Return hours and minutes of the beginning of a run, as a clock there shows them."""
    from zoneinfo import ZoneInfo

    from syncer.status import run_details

    began = run_details(visitor.session.store, run_id).run.started_at
    return f"{began.astimezone(ZoneInfo('Asia/Tokyo')):%H:%M}"


def test_the_theme_is_the_systems_until_one_is_chosen_and_stays(browser: Browser, shop: Shop) -> None:
    grounds: Callable[[Page], str] = lambda page: page.evaluate("getComputedStyle(document.body).backgroundColor")  # noqa: E731
    with visiting(browser, shop) as visitor:
        page = visitor.page
        assert grounds(page) == "rgb(245, 246, 248)"
        visitor.press("Theme: auto")
        visitor.press("Theme: light")
        assert grounds(page) == "rgb(20, 23, 26)"
        assert grounds(visitor.open("/runs")) == "rgb(20, 23, 26)"
        expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
        expect(page.get_by_text("Nothing ran yet.")).to_be_visible()


def test_a_run_that_has_ended_is_not_asked_for_again_and_one_under_way_is(browser: Browser, shop: Shop) -> None:
    shop.add_orders(1, 3)
    shop.sandbox.sandbox.faults = parse_faults("latency=2s")
    with visiting(browser, shop) as visitor:
        page = visitor.page
        ask_for_run(visitor.session, way_called(visitor.session, "orders", "meta"))
        wait_until(lambda: shop.sandbox.sandbox.begun)
        [running] = runs(visitor.session.store, "default")
        visitor.open(f"/runs/{running.report.run_id}")
        expect(page.get_by_role("heading", level=1)).to_contain_text("running")
        expect(page.get_by_role("heading", level=1)).to_contain_text("done", timeout=20_000)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        visitor.look()
        page.wait_for_timeout(300)
        assert asked == []


def test_what_was_just_done_is_said_once_and_leaves_the_address(browser: Browser, shop: Shop) -> None:
    shop.add_orders(1, 3)
    with visiting(browser, shop) as visitor:
        page = visitor.page
        visitor.open("/pipelines/orders/meta")
        visitor.press("Pause")
        expect(page.get_by_role("status")).to_contain_text("Paused: no run begins")
        expect(page).to_have_url(f"{visitor.url}/pipelines/orders/meta")
        page.reload()
        expect(page.get_by_role("button", name="Resume")).to_be_visible()
        expect(page.get_by_text("Paused: no run begins")).to_have_count(0)


def test_long_names_fit_on_a_phone(browser: Browser, both: Shop) -> None:
    long = "completed_orders_of_all_shops_in_the_european_union_and_beyond"
    both.edit("syncer.yaml", "  other:", f"  {long}:")
    both.edit("pipelines/orders.yaml", "name: orders", f"name: {long}")
    both.edit("pipelines/orders.yaml", "[meta, other]", f"[meta, {long}]")
    both.sql(NO_CURRENCY)
    with visiting(browser, both) as visitor:
        page = visitor.page
        page.set_viewport_size({"width": 375, "height": 900})
        report = visitor.session.run(way_called(visitor.session, long, long))
        way = f"/pipelines/{long}/{long}"
        paths = (
            "/",
            way,
            f"{way}/rejects",
            "/rejects",
            "/runs",
            f"/runs/{report.run_id}",
            f"/search?way={long}/{long}",
            "/audit",
        )
        found = {path: faults_of(visitor.open(path)) for path in paths}
        cut = {path: visitor.open(path).evaluate(CUT) for path in paths}
    assert {path: faults for path, faults in found.items() if faults} == {}
    assert {path: names for path, names in cut.items() if names} == {}


CUT = """() => [...document.querySelectorAll('.stack a, .stack small')]
  .filter((each) => each.getBoundingClientRect().right > innerWidth).map((each) => each.textContent)"""
"""Names that go beyond the right end of the screen."""
