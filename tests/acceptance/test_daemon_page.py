"""The daemon's page in a real browser."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from playwright.sync_api import Browser, Dialog, Page, Route, expect

from syncer.config.load import load_project
from syncer.daemon.serve import Daemon
from syncer.session import Session
from syncer.web.errands import Errands
from syncer.web.found import way_called
from syncer.web.overview import overview
from tests.acceptance.browsers import chromium, faults_of
from tests.acceptance.daemons import running, wait_until
from tests.acceptance.served import TOKEN as PAGE_TOKEN
from tests.acceptance.served import app_served
from tests.acceptance.shop import TOKEN, Shop

pytestmark = pytest.mark.acceptance
NO_CURRENCY = "UPDATE orders SET currency = NULL WHERE order_id = 3"
HOSTILE = """<img src=x onerror=alert(1)>"'></title><script>alert(2)</script>{{ 7*7 }}\u202e"""
READ = ("/", "/pipelines/orders/meta", "/pipelines/orders/meta/rejects", "/runs", "/connections", "/search", "/audit")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@dataclass
class Visitor:
    """Somebody who looks at the page. Mutable: remembers what scripts complained of."""

    page: Page
    url: str
    daemon: Daemon
    said: list[str] = field(default_factory=list)

    @property
    def session(self) -> Session:
        session = self.daemon.standing().session
        assert session is not None
        return session

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.url}{path}")
        return self.page

    def refuse(self, dialog: Dialog) -> None:
        """No page of ours opens one."""
        self.said.append(dialog.message)
        dialog.dismiss()

    def look(self) -> None:
        """Come back to the page, as from another tab: it shows itself anew at once."""
        self.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def run(self) -> str:
        """Run the pipeline; return the id of the run."""
        return self.session.run("orders").run_id


@contextmanager
def visiting(browser: Browser, shop: Shop, *, allowed: tuple[str, ...] = ()) -> Iterator[Visitor]:
    """A daemon, its page, and a browser that is logged in; at the end, no script failed and no policy was broken."""
    with running(shop) as daemon:
        wait_until(lambda: daemon.standing().session is not None)
        errands = Errands(daemon.clock)
        daemon.at_end.append(errands.end)
        with app_served(daemon, errands) as port:
            page = browser.new_page(viewport={"width": 1280, "height": 900}, timezone_id="Asia/Tokyo", locale="en-GB")
            visitor = Visitor(page, f"http://127.0.0.1:{port}", daemon)
            page.on("pageerror", lambda error: visitor.said.append(str(error)))
            page.on("console", lambda line: visitor.said.append(line.text) if line.type == "error" else None)
            page.on("dialog", visitor.refuse)
            visitor.open("/")
            page.get_by_label("Token").fill(PAGE_TOKEN)
            visitor.press("Log in")
            expect(page.get_by_role("heading", name="Pipelines")).to_be_visible()
            yield visitor
            page.close()
    assert [line for line in visitor.said if not any(word in line for word in allowed)] == []


def test_a_pipeline_is_run_paused_and_resumed_by_its_buttons(browser: Browser, shop: Shop) -> None:
    shop.add_orders(1, 5, changes=NO_CURRENCY)
    with visiting(browser, shop) as visitor:
        page = visitor.page
        page.get_by_role("link", name="orders").click()
        expect(page.get_by_text("It has not run yet.")).to_be_visible()
        visitor.press("Run now")
        expect(page.get_by_role("status")).to_contain_text("A run is asked for")
        expect(page.locator("#runs-title")).to_be_visible(timeout=15_000)  # by itself
        expect(page.locator("tr[id^=run-]")).to_contain_text("done with rejects")
        expect(page.locator(".u-wrap canvas")).to_be_visible()
        visitor.press("Pause")
        expect(page.get_by_role("heading", level=1)).to_contain_text("paused")
        expect(page.get_by_text("Somebody paused the pipeline.")).to_be_visible()
        expect(page.get_by_role("button", name="Run now")).to_have_count(0)
        visitor.press("Resume")
        expect(page.get_by_role("heading", level=1)).to_contain_text("done with rejects")
        page.locator("tr[id^=run-] a").first.click()
        expect(page.get_by_role("cell", name="acked")).to_be_visible()
        expect(page.get_by_text("4", exact=True).first).to_be_visible()
        visitor.open("/audit")
        expect(page.locator("tr[id^=entry-]")).to_have_count(2)
        expect(page.locator("tr[id^=entry-]").first).to_contain_text("page of ")


def test_rejects_are_filtered_explained_and_retried_after_a_question(browser: Browser, shop: Shop) -> None:
    shop.add_orders(1, 5, changes=NO_CURRENCY)
    with visiting(browser, shop) as visitor:
        visitor.run()
        page = visitor.open("/pipelines/orders/meta/rejects")
        expect(page.get_by_role("heading", name="1 event")).to_be_visible()
        page.get_by_label("Since").select_option("hour")
        page.get_by_role("combobox", name="Reason").select_option("currency_missing")
        visitor.press("Show")
        expect(page).to_have_url(
            f"{visitor.url}/pipelines/orders/meta/rejects?reason=currency_missing&field=&since=hour"
        )
        page.get_by_role("link", name="currency_missing").first.click()
        expect(page.get_by_role("heading", name="currency_missing")).to_be_visible()
        shop.sql("UPDATE orders SET currency = 'EUR'")
        visitor.open("/pipelines/orders/meta/rejects")
        visitor.press("Retry all…")
        expect(page.get_by_role("dialog")).to_contain_text("judged again")
        visitor.press("Cancel")
        expect(page.get_by_role("dialog")).to_be_hidden()
        asked: list[Route] = []
        page.route("**/rejects", lambda route: asked.append(route))  # noqa: PLW0108  # playwright marks what it is given
        with page.expect_request("**/rejects"):
            visitor.look()
        visitor.press("Retry all…")
        asked[0].fulfill(content_type="text/html", body='<div id="live">another</div>')
        page.wait_for_timeout(300)
        expect(page.get_by_role("dialog")).to_contain_text("judged again")  # what comes meanwhile does not change it
        page.unroute("**/rejects")
        page.get_by_role("dialog").get_by_role("button", name="Retry all", exact=True).click()
        expect(page.get_by_text("1 event acknowledged")).to_be_visible(timeout=15_000)
    assert len(shop.order_ids()) == 5


def test_a_row_is_searched_and_neither_its_key_nor_a_value_stands_in_an_address(browser: Browser, shop: Shop) -> None:
    shop.add_orders(1, 5)
    with visiting(browser, shop) as visitor:
        visitor.run()
        page = visitor.open("/search")
        page.get_by_label("order_id").fill("4")
        visitor.press("Search orders")
        expect(page.get_by_role("heading", name="4: acked")).to_be_visible()
        expect(page.get_by_text("Meta took it")).to_be_visible()
        assert page.url == f"{visitor.url}/search"
        page.get_by_label("order_id").fill(HOSTILE)
        visitor.press("Search orders")
        expect(page.get_by_role("alert")).to_contain_text("is no integer")
        expect(page.get_by_label("order_id")).to_have_value(HOSTILE.replace("\u202e", "\\u202e"))


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


@pytest.mark.parametrize(("scheme", "width"), [("light", 375), ("dark", 1600)])
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
        page.route("**/runs/**", lambda route: route.abort("connectionrefused"))
        visitor.look()
        expect(page.get_by_text("The daemon does not answer")).to_be_visible()
        page.unroute("**/runs/**")
        expect(page.get_by_text("The daemon does not answer")).to_be_hidden(timeout=15_000)  # by itself
        page.route("**/runs/**", lambda route: route.fulfill(status=503, body="no state"))
        visitor.look()
        expect(page.get_by_text("The daemon does not answer")).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_contain_text(run_id)
        page.unroute("**/runs/**")
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


def test_each_destination_of_a_pipeline_has_a_line_and_a_page_of_its_own(browser: Browser, shop: Shop) -> None:
    meta = "  meta:\n    type: meta\n"
    brand = f'{meta.replace("meta:", "brand:", 1)}    dataset_id: "987654321"\n    access_token: ${{env:TOKEN}}\n    base_url: {shop.sandbox.url}\n'
    shop.edit("syncer.yaml", meta, brand + meta)
    shop.edit("pipelines/orders.yaml", "destination: meta", "destination: [meta, brand]")
    shop.add_orders(1, 3)
    with visiting(browser, shop) as visitor:
        page = visitor.page
        expect(page.get_by_role("row", name="orders")).to_have_count(2)
        visitor.open("/pipelines/orders")
        expect(page).to_have_url(f"{visitor.url}/pipelines/orders/meta")
        page.get_by_role("link", name="brand").click()
        visitor.press("Pause")
        expect(page.get_by_role("heading", level=1)).to_contain_text("paused")
        expect(page.get_by_text("syncer plan orders --target default --destination brand")).to_be_visible()
        visitor.session.run(way_called(visitor.session, "orders", "meta"))
        visitor.open("/runs")
        expect(page.get_by_role("row", name="orders to meta")).to_have_count(1)
        visitor.open("/audit")
        page.get_by_role("link", name="orders").click()
        expect(page).to_have_url(f"{visitor.url}/pipelines/orders/brand")
        visitor.open("/")
        expect(page.get_by_text("paused")).to_have_count(1)
        page.get_by_role("link", name="Search").click()
        page.get_by_label("Pipeline").select_option("orders to brand")
        visitor.press("Choose")
        page.get_by_label("order_id").fill("2")
        visitor.press("Search orders to brand")
        expect(page.get_by_role("heading", name="2: waiting")).to_be_visible()


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


@contextmanager
def reading(shop: Shop) -> Iterator[httpx.Client]:
    """A daemon's page, read by a program."""
    with running(shop) as daemon:
        wait_until(lambda: daemon.standing().session is not None)
        with app_served(daemon) as port:
            told = {"Authorization": f"Bearer {PAGE_TOKEN}"}
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=told, trust_env=False) as client:
                yield client


def links_of(text: str) -> set[str]:
    return set(re.findall(r'(?:href|src|hx-get)="(/[^"]*)"', text))


def dump(shop: Shop) -> list[str]:
    """The whole state, but for the word of the daemon that it goes on."""
    with closing(sqlite3.connect(shop.folder / ".syncer" / "state.db")) as connection:
        return [line for line in connection.iterdump() if '"daemons"' not in line]


def test_S20_every_link_leads_to_a_page_that_is_not_kept_and_none_changes_anything(shop: Shop) -> None:
    shop.add_orders(1, 3, changes=NO_CURRENCY)
    shop.syncer("run", "orders")
    with reading(shop) as client:
        before, seen, left = dump(shop), {"/"}, ["/"]
        while left:
            answer = client.get(left.pop().replace("&amp;", "&"))
            assert (answer.status_code in (200, 303), answer.headers["cache-control"]) == (True, "no-store"), answer.url
            new = links_of(answer.text) - seen
            seen |= new
            left += new
        assert {path.split("?")[0] for path in seen} >= {*READ, "/reasons/currency_missing"}
        assert dump(shop) == before
        for action in ("run", "pause", "resume", "retry", "reconcile"):
            assert client.get(f"/pipelines/orders/meta/{action}").status_code in (404, 405)
        for path in (
            "/pipelines/orders/nowhere",
            "/pipelines/nothing",
            "/runs/nothing",
            "/reasons/nothing",
            "/nothing",
        ):
            assert client.get(path).status_code == 404


def test_what_resuming_decides_is_asked_first(shop: Shop) -> None:
    shop.add_orders(1, 3)
    shop.syncer("run", "orders")
    shop.edit("pipelines/orders.yaml", "key: order_id", "key: email")
    shop.syncer("run", "orders")
    with reading(shop) as client:
        text = client.get("/pipelines/orders/meta").text
    assert "needs_decision" in text
    assert 'popovertarget="confirm-resume"' in text


def test_a_retry_that_does_not_come_to_its_end_is_told_as_a_failure(shop: Shop) -> None:
    shop.add_orders(1, 3, changes=NO_CURRENCY)
    shop.syncer("run", "orders")
    shop.syncer("pause", "orders")
    with reading(shop) as client:
        assert client.post("/pipelines/orders/meta/retry").status_code == 303
        wait_until(lambda: "0 events acknowledged" in client.get("/pipelines/orders/meta").text)
        text = client.get("/pipelines/orders/meta").text
    assert re.search(r'"banner bad"><span role="status"><b>Retry of all rejects</b>[^<]*paused, 0 events', text)


def test_the_overview_says_how_long_it_counts_where_a_day_has_too_many_runs(shop: Shop) -> None:
    with Session(load_project(shop.folder, environ={"TOKEN": TOKEN})) as session:
        for last in (1, 3, 4):
            shop.add_orders(last, last)
            session.run("orders")
        all_of_it, newest = overview(session), overview(session, most=2)
    assert (all_of_it.taken, all_of_it.counted_s) == (3, 86_400)
    assert newest.taken == sum(line.taken for line in newest.lines) == 2
    assert 0 < newest.counted_s < 600
