"""The sandbox's page in a real browser."""

import hashlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from syncer.sandbox.server import Running, start
from syncer.sandbox.settings import Settings

pytestmark = pytest.mark.acceptance

PATH = "/v26.0/1234567890/events"
EM = hashlib.sha256(b"a@b.co").hexdigest()
VIEWS = ("events", "refused", "coverage", "duplicates", "faults")
UNNAMED = """() => [...document.querySelectorAll('button, input, select, a, pre')].filter((each) => each.checkVisibility())
    .filter((each) => !(each.ariaLabel || each.labels?.length || each.textContent.trim())).map((each) => each.outerHTML)"""
Open = Callable[..., Page]
Send = Callable[..., None]


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with start() as running:
        yield running


@pytest.fixture
def send(sandbox: Running) -> Send:
    def send(*events: dict[str, Any]) -> None:
        httpx.post(f"{sandbox.url}{PATH}", json={"data": list(events)}, headers={"Authorization": "Bearer t"})

    return send


@pytest.fixture
def open_page(browser: Browser, sandbox: Running) -> Iterator[Open]:
    """Open a view in a new window; at the end, no script may have failed and no policy been broken."""
    said: list[str] = []
    opened: list[Page] = []

    def closed(dialog: Dialog) -> None:
        said.append(dialog.message)
        dialog.dismiss()

    def open_page(view: str = "events", *, width: int = 1280, scheme: str = "light") -> Page:
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]  # Literal
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("dialog", closed)
        page.goto(f"{sandbox.url}/#{view}")
        opened.append(page)
        return page

    yield open_page
    for page in opened:
        page.close()
    assert [text for text in said if "ERR_CONNECTION" not in text and "400 (Bad Request)" not in text] == []


def event(number: int = 1, **changes: object) -> dict[str, Any]:
    return {
        "event_name": "Purchase",
        "event_time": int(time.time()) - 60,
        "event_id": f"order-{number}",
        "action_source": "website",
        "event_source_url": "https://shop.example/thanks",
        "user_data": {"em": [EM], "client_ip_address": "192.0.2.77", "client_user_agent": "Mozilla/5.0"},
        "custom_data": {"value": 12.5, "currency": "EUR", "loyalty_tier": "gold"},
        **changes,
    }


def test_an_empty_page_says_what_to_do(open_page: Open, sandbox: Running) -> None:
    page = open_page()
    expect(page.get_by_text("Nothing has arrived yet.")).to_be_visible()
    expect(page.get_by_label("Destination")).to_contain_text(f"base_url: {sandbox.url}")
    for name, text in (
        ("Refused", "No request was refused."),
        ("Match keys", "No event has arrived yet."),
        ("Duplicates", "No event came twice."),
    ):
        page.get_by_role("link", name=name).click()
        expect(page.get_by_text(text)).to_be_visible()


def test_events_show_up_by_themselves_and_open_with_the_keyboard(open_page: Open, send: Send) -> None:
    page = open_page()
    send(event(1), event(2))
    items = page.locator("#list-events article")
    expect(items).to_have_count(2)
    expect(items.first).to_contain_text("order-2")
    items.first.get_by_role("button").focus()
    page.keyboard.press("Enter")
    opened = page.get_by_role("button", expanded=True)
    expect(opened).to_be_focused()
    for text in (EM, "website", "12.5", "User-defined properties", "loyalty_tier"):
        expect(items.first.locator(".detail")).to_contain_text(text)
    send(event(3))
    expect(items).to_have_count(3)
    expect(opened).to_be_focused()


def test_plain_values_of_people_are_hidden_until_asked_for(open_page: Open, send: Send) -> None:
    send(event(1))
    page = open_page()
    first = page.locator("#list-events article").first
    first.get_by_role("button").click()
    first.locator("summary").click()
    expect(first).to_contain_text("plain, 10 characters")
    expect(first).not_to_contain_text("192.0.2.77")
    page.get_by_role("switch", name="Plain values").check()
    first.get_by_role("button").click()
    expect(first.locator(".detail")).to_contain_text("192.0.2.77")


def test_what_arrives_is_text_and_never_html(open_page: Open, send: Send) -> None:
    image = "<img src=x onerror=alert(1)>"
    send(event(1, event_name="<script>alert(1)</script>", event_id=image, custom_data={image: image}))
    send(event(2, event_name=image, user_data={}))
    send(event(1, event_name="<script>alert(1)</script>", event_id=image))
    page = open_page()
    page.locator("#list-events article").last.get_by_role("button").click()
    expect(page.locator(".detail")).to_contain_text(image)
    for view in VIEWS[1:]:
        page.goto(page.url.split("#")[0] + f"#{view}")
        expect(page.locator(f"#view-{view}")).to_be_visible()
    page.get_by_role("link", name="Refused").click()
    page.locator("#list-refused article").get_by_role("button").click()
    expect(page.locator("#list-refused .detail")).to_contain_text(image.replace('"', '\\"'))
    assert page.locator("main img, main script").count() == 0


def test_events_are_filtered_by_name_and_text(open_page: Open, send: Send) -> None:
    send(event(1), event(2), event(3, event_name="Lead"))
    page = open_page()
    items = page.locator("#list-events article")
    page.get_by_label("Event name").select_option("Lead")
    expect(items).to_have_count(1)
    page.get_by_label("Event name").select_option("")
    page.get_by_label("Text").fill("ORDER-2")
    expect(items).to_have_count(1)
    page.get_by_label("Text").fill("nowhere")
    page.get_by_role("button", name="Clear the filters").click()
    expect(items).to_have_count(3)


def test_more_than_a_hundred_events_come_when_asked_for(open_page: Open, send: Send) -> None:
    send(*(event(number) for number in range(150)))
    page = open_page()
    items = page.locator("#list-events article")
    expect(items).to_have_count(100)
    page.get_by_role("button", name="Show more").click()
    expect(items).to_have_count(150)


def test_a_refusal_shows_its_code_trace_id_and_the_event(open_page: Open, send: Send, sandbox: Running) -> None:
    send(event(1), event(2, user_data={}))
    page = open_page("refused")
    item = page.locator("#list-refused article")
    expect(item).to_contain_text("100 / 2804050")
    expect(item).to_contain_text("data[1] order-2")
    item.get_by_role("button").click()
    expect(item.locator(".detail")).to_contain_text(sandbox.sandbox.refused()[0].fbtrace_id)
    expect(item.get_by_label("The event to blame")).to_contain_text('"event_id": "order-2"')


def test_coverage_has_a_bar_for_each_key_of_an_event_name(open_page: Open, send: Send) -> None:
    send(event(1), event(2, user_data={"em": [EM], "client_user_agent": "Mozilla/5.0"}))
    page = open_page("coverage")
    row = page.locator(".share", has_text="client_ip_address")
    expect(row).to_contain_text("50%")
    expect(row.get_by_role("img", name="1 of 2 events")).to_be_visible()
    track, fill = row.locator(".track").bounding_box(), row.locator(".fill").bounding_box()
    assert track is not None
    assert fill is not None
    assert fill["width"] == pytest.approx(track["width"] / 2, abs=1)
    expect(page.locator(".share", has_text="IP + user agent")).to_contain_text("50%")


def test_duplicates_are_listed_with_how_often_they_came(open_page: Open, send: Send) -> None:
    send(event(1), event(2))
    send(event(1))
    page = open_page("duplicates")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("row").last).to_contain_text("order-1")
    page.get_by_role("link", name="Events").click()
    expect(page.locator("#list-events article").first).to_contain_text("duplicate")


def test_faults_are_switched_with_the_keyboard_seen_and_cleared(open_page: Open, send: Send, sandbox: Running) -> None:
    page = open_page("faults")
    page.get_by_role("switch", name="Server error 500").first.focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("status")).to_contain_text("500=100%")
    expect(page.get_by_label("Command line")).to_have_text("syncer sandbox --faults '500=100%'")
    send(event(1))
    expect(page.get_by_text("Struck so far: 500 1.")).to_be_visible()
    field = page.get_by_label("500: when", exact=True)
    field.fill("3@2")
    field.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("500=3@2")
    page.get_by_role("button", name="Clear all faults").click()
    expect(page.get_by_role("status")).to_be_hidden()
    assert sandbox.sandbox.faults.spec == ""


def test_a_fault_that_cannot_be_read_is_said_and_not_switched_on(open_page: Open, sandbox: Running) -> None:
    page = open_page("faults")
    page.get_by_label("html: when", exact=True).fill("lots")
    switch = page.get_by_role("switch", name="HTML page")
    switch.click()
    expect(page.get_by_role("alert").filter(has_text="no share such as 5%")).to_be_visible()
    expect(switch).not_to_be_checked()
    assert sandbox.sandbox.faults.spec == ""


def test_it_forgets_what_arrived_when_told(open_page: Open, send: Send, sandbox: Running) -> None:
    send(event(1))
    page = open_page()
    page.get_by_role("button", name="Forget all").click()
    expect(page.get_by_text("Nothing has arrived yet.")).to_be_visible()
    assert sandbox.sandbox.received == 0


def test_it_says_that_the_sandbox_is_away_and_goes_on_when_it_is_back(open_page: Open, sandbox: Running) -> None:
    page = open_page()
    expect(page.get_by_text("Nothing has arrived yet.")).to_be_visible()
    sandbox.stop()
    expect(page.get_by_text("does not answer")).to_be_visible()
    with start(Settings(), port=sandbox.port):
        expect(page.get_by_text("does not answer")).to_be_hidden()


@pytest.mark.parametrize(("scheme", "background"), [("light", "rgb(245, 246, 248)"), ("dark", "rgb(20, 23, 26)")])
def test_it_fits_a_narrow_screen_in_light_and_dark_and_names_all_it_has(
    open_page: Open, send: Send, scheme: str, background: str
) -> None:
    send(event(1, event_id="x" * 300), event(2), event(2))
    send(event(3, event_name="y" * 200, user_data={}))
    page = open_page(width=360, scheme=scheme)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == background
    for view in VIEWS:
        page.goto(page.url.split("#")[0] + f"#{view}")
        section = page.locator(f"#view-{view}")
        expect(section.locator(".item, .card, table, .fault").first).to_be_visible()
        for item in section.locator(".item > button").all():
            item.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert page.evaluate(UNNAMED) == []


def test_it_fits_a_narrow_screen_before_anything_arrived(open_page: Open) -> None:
    page = open_page(width=360)
    for view in VIEWS:
        page.goto(page.url.split("#")[0] + f"#{view}")
        expect(page.locator(f"#view-{view}").locator(".empty, .fault").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, view
