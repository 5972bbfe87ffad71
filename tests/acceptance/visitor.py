"""Somebody who looks at the daemon's page in a real browser, and a program that reads it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from playwright.sync_api import Browser, Dialog, Page, expect

from syncer.daemon.serve import Daemon
from syncer.session import Session
from syncer.web.errands import Errands
from tests.acceptance.daemons import running, wait_until
from tests.acceptance.served import TOKEN, app_served
from tests.acceptance.shop import Shop

NO_CURRENCY = "UPDATE orders SET currency = NULL WHERE order_id = 3"
HOSTILE = """<img src=x onerror=alert(1)>"'></title><script>alert(2)</script>{{ 7*7 }}\u202e"""
READ = (
    "/", "/pipelines/orders/meta", "/pipelines/orders/meta/rejects", "/rejects", "/runs", "/connections", "/search", "/audit",
)  # fmt: skip


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
            page.get_by_label("Token").fill(TOKEN)
            visitor.press("Log in")
            expect(page.get_by_role("heading", name="Pipelines")).to_be_visible()
            yield visitor
            page.close()
    assert [line for line in visitor.said if not any(word in line for word in allowed)] == []


@contextmanager
def reading(shop: Shop) -> Iterator[httpx.Client]:
    """A daemon's page, read by a program."""
    with running(shop) as daemon:
        wait_until(lambda: daemon.standing().session is not None)
        with app_served(daemon) as port:
            told = {"Authorization": f"Bearer {TOKEN}"}
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=told, trust_env=False) as client:
                yield client
