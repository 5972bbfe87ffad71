"""A real browser, and what every page is held to."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

FAULTS = """() => {
  const seen = (each) => each.checkVisibility() && each.getClientRects().length > 0;
  const all = (what) => [...document.querySelectorAll(what)].filter(seen);
  const tell = (what, found) => found.map((each) => `${what}: ${each.outerHTML.slice(0, 120)}`);
  const ids = [...document.querySelectorAll('[id]')].map((each) => each.id);
  const levels = all('h1, h2, h3').map((each) => Number(each.tagName[1]));
  const light = (text) => {
    const [r, g, b] = text.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (each) => {
    for (let at = each; at; at = at.parentElement) {
      const found = getComputedStyle(at).backgroundColor;
      if (found !== 'rgba(0, 0, 0, 0)') return found;
    }
    return 'rgb(255, 255, 255)';
  };
  const contrast = (each) => {
    const pair = [light(getComputedStyle(each).color), light(ground(each))].sort((one, other) => other - one);
    return (pair[0] + 0.05) / (pair[1] + 0.05);
  };
  const written = all('body *').filter((each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
  return [
    ...tell('no name', all('button, input, select, a, [role=region], [role=dialog]').filter((each) =>
      !(each.ariaLabel || each.getAttribute('aria-labelledby') || each.labels?.length || each.textContent.trim()))),
    ...tell('no alt', all('img').filter((each) => !each.hasAttribute('alt'))),
    ...tell('no caption', all('table').filter((each) => !each.caption && !each.closest('.uplot'))),
    ...tell('no scope', all('th').filter((each) => !each.scope && !each.closest('.uplot'))),
    ...tell('too pale', written.filter((each) => contrast(each) < 4.5)),
    ...tell('too small to hit', all('button, select, input').filter((each) => each.getBoundingClientRect().height < 24)),
    ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `twice: ${id}`),
    ...(levels.filter((level) => level === 1).length === 1 ? [] : ['not one h1']),
    ...levels.filter((level, index) => level > (levels[index - 1] ?? 0) + 1).map((level) => `h${level} too deep`),
    ...(document.documentElement.lang && document.title && document.querySelector('main') ? [] : ['no lang, title or main']),
    ...(document.documentElement.scrollWidth > innerWidth ? [`${document.documentElement.scrollWidth} wide`] : []),
  ];
}"""
"""What keeps a page from some people: returns each fault in words."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser of this machine; skips where there is none."""
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        found = own if Path(own).exists() else shutil.which("chromium") or shutil.which("google-chrome")
        if found is None:
            pytest.skip("no Chromium on this machine; `make browser` installs it")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


def faults_of(page: Page) -> list[str]:
    """Return what is wrong with a page for people who see, hear, point or type in another way."""
    found: list[str] = page.evaluate(FAULTS)
    return found
