"""What people do on the daemon's page, in a real browser."""

import pytest
from playwright.sync_api import Browser, Route, expect

from syncer.web.found import way_called
from tests.acceptance.shop import Shop
from tests.acceptance.visitor import HOSTILE, NO_CURRENCY, visiting

pytestmark = pytest.mark.acceptance


def test_a_pipeline_is_run_paused_and_resumed_by_its_buttons(browser: Browser, shop: Shop) -> None:
    shop.add_orders(1, 5, changes=NO_CURRENCY)
    with visiting(browser, shop) as visitor:
        page = visitor.page
        page.get_by_role("link", name="orders").click()
        expect(page.get_by_text("It has not run yet.")).to_be_visible()
        visitor.press("Run now")
        expect(page.get_by_role("status")).to_contain_text("A run is asked for")
        expect(page.locator("#runs-title")).to_be_visible(timeout=15_000)  # by itself
        expect(page.locator("tr[id^=run-]")).to_contain_text("done with rejects", timeout=15_000)
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
        expect(page.get_by_role("alert")).to_contain_text("is no BIGINT")
        expect(page.get_by_label("order_id")).to_have_value(HOSTILE.replace("\u202e", "\\u202e"))


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


def test_rejects_of_all_pipelines_are_filtered_by_pipeline_destination_and_reason(browser: Browser, both: Shop) -> None:
    both.sql(NO_CURRENCY)
    with visiting(browser, both) as visitor:
        page = visitor.page
        for way in ("meta", "other"):
            visitor.session.run(way_called(visitor.session, "orders", way))
        visitor.open("/rejects")
        expect(page.get_by_text("2 events, most first")).to_be_visible()
        page.get_by_label("Destination").select_option("other")
        page.get_by_label("Pipeline").select_option("orders")
        page.get_by_role("combobox", name="Reason").select_option("currency_missing")
        visitor.press("Show")
        expect(page.locator("tbody tr")).to_have_count(1)
        expect(page.locator("tbody tr")).to_contain_text("to other")
        page.get_by_role("link", name="1", exact=True).click()
        expect(page).to_have_url(f"{visitor.url}/pipelines/orders/other/rejects?reason=currency_missing&field=currency")
