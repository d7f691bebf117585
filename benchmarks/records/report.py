"""Reports of simulated runs, healthy and not, in a headless Chromium: silent, alone, accessible,
at a phone's and a desk's width and on paper; and their numbers held against the verdicts'.

Needs the extra `ui-test` and a Chromium on PATH. In short five runs of a minute, in full ten of
ten.
"""

from __future__ import annotations

import html
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks._figures import Figure
from benchmarks.records._made import BRIEF, CHECKED, FAULTS, simulated
from labctl.report import read_story, report_html

WIDTHS = (390, 1280)
_RESULTS = re.compile(r'<section id="results".*?</section>', re.DOTALL)
_NUMBER = re.compile(r'<data value="([^"]*)"')


def measure(profile: str, runs: int = 0) -> Iterator[Figure]:
    """Yield the figures of this part."""
    runs = runs or (5 if profile == "short" else 10)
    parameters = BRIEF if profile == "short" else CHECKED
    with tempfile.TemporaryDirectory() as root:
        pages, unequal, numbers, longest, largest = [], 0, 0, 0.0, 0
        for seed in range(1, runs + 1):
            fault = FAULTS[seed % len(FAULTS)]
            folder = simulated(Path(root), seed, parameters, fault=fault)
            started = time.perf_counter()
            text = report_html(folder)
            longest = max(longest, time.perf_counter() - started)
            page = Path(root) / f"{seed}.html"
            page.write_text(text, encoding="utf-8")
            pages.append(page)
            largest = max(largest, page.stat().st_size)
            wanted, found = _wanted(folder), _found(text)
            numbers += len(wanted)
            unequal += sum(a != b for a, b in zip(wanted, found, strict=False))
            unequal += abs(len(wanted) - len(found))
        yield Figure(
            "numbers of the results that are not the verdict's", unequal, "numbers", profile,
            beside=f"of {numbers} in {runs} reports", goal="0", holds=unequal == 0 < numbers,
        )  # fmt: skip
        yield Figure("a report is made in, longest", longest, "s", profile,
                     beside=f"largest page {largest / 1e3:.0f} kB")  # fmt: skip
        yield from _seen(pages, profile)


def _wanted(folder: Path) -> list[str]:
    results = [r for r in read_story(folder).results.values() if r.get("value") is not None]
    keys = ("value", "low", "high", "sd_statistical", "sd_inputs")
    return [repr(result[key]) for result in results for key in keys if result.get(key) is not None]


def _found(text: str) -> list[str]:
    part = _RESULTS.search(text)
    return [html.unescape(number) for number in _NUMBER.findall(part[0])] if part else []


def _seen(pages: list[Path], profile: str) -> Iterator[Figure]:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), "")
    try:
        from axe_playwright_python.sync_playwright import Axe
        from playwright.sync_api import sync_playwright
    except ImportError:
        chromium = ""
    if not chromium:
        yield Figure(
            "reports opened in a browser",
            0,
            "reports",
            profile,
            beside="no Chromium, or no extra ui-test",
            goal="all",
            holds=False,
        )
        return
    said: list[str] = []
    asked: list[str] = []
    broken: list[str] = []
    wide = sheets = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for path in pages:
            for width in WIDTHS:
                for scheme in ("light", "dark"):
                    wide += _look(browser, path, width, scheme, said, asked)
                    broken += _axe(browser, Axe(), path, width, scheme)
            with browser.new_context() as context:
                page = context.new_page()
                page.goto(path.as_uri())
                sheets += page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n")
        browser.close()
    views = f"{len(pages)} reports at {' and '.join(map(str, WIDTHS))} px, light and dark"
    yield _none("lines on the console", said, profile, views)
    yield _none("requests beyond the file itself", asked, profile, views)
    yield _none("violations that axe finds", broken, profile, views)
    yield _none("views wider than the screen", ["wide"] * wide, profile, views)
    yield Figure("sheets of a report on paper, mean", sheets / len(pages), "sheets", profile)


def _none(name: str, found: list[str], profile: str, views: str) -> Figure:
    beside = f"{views}; first: {found[0]}" if found else views
    return Figure(name, len(found), "", profile, beside=beside, goal="0", holds=not found)


def _look(
    browser: Any, path: Path, width: int, scheme: str, said: list[str], asked: list[str]
) -> int:
    """1 where the page is wider than the screen."""
    size = {"width": width, "height": 900}
    with browser.new_context(viewport=size, color_scheme=scheme) as context:
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on(
            "request", lambda each: asked.append(each.url) if each.url != path.as_uri() else None
        )
        page.goto(path.as_uri())
        return int(page.evaluate("document.documentElement.scrollWidth") > width)


def _axe(browser: Any, axe: Any, path: Path, width: int, scheme: str) -> list[str]:
    # axe is a script that the page's own policy would rightly refuse.
    size = {"width": width, "height": 900}
    with browser.new_context(viewport=size, color_scheme=scheme, bypass_csp=True) as context:
        page = context.new_page()
        page.goto(path.as_uri())
        return [each["id"] for each in axe.run(page).response["violations"]]
