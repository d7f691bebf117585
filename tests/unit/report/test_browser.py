"""The page in a real browser: silent, alone, accessible, legible, printable, zoomable.

Needs the extra `ui-test` (playwright, and axe-core inside axe-playwright-python) and a Chromium on
PATH; skips without them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labctl.campaign import gather
from labctl.report import report_html, write_campaign_report
from tests.unit.campaign.given import Bench
from tests.unit.report.reading import healthy, record, released

sync_api = pytest.importorskip("playwright.sync_api", exc_type=ImportError)
axe_module = pytest.importorskip("axe_playwright_python.sync_playwright", exc_type=ImportError)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH"),
    pytest.mark.timeout(120),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One for all tests here."""
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A heating curve, a release, a campaign."""
    folder = tmp_path_factory.mktemp("pages")
    made = {}
    for name, what in (("heating", healthy(5.0)), ("release", released())):
        made[name] = folder / f"{name}.html"
        text = report_html(record(folder / name, what))
        made[name].write_text(text, encoding="utf-8")
    bench = Bench(folder)
    bench.value = lambda unit, number: (0.4 if unit.arm == "particles" else 0.1) + 0.01 * number
    bench.go_on(at_most=7)
    results = gather(bench.study, bench.state, bench.runs)
    made["campaign"] = write_campaign_report(
        bench.study, bench.state, results, folder / "campaign.html"
    )
    return made


VIEWS = [
    ("heating", 390, "light"),
    ("heating", 1280, "dark"),
    ("release", 1280, "light"),
    ("campaign", 390, "dark"),
]


@pytest.mark.parametrize(("name", "width", "scheme"), VIEWS)
def test_nothing_is_said_on_the_console_and_nothing_is_asked_for(
    browser: Any, pages: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    """With its policy in force, at a phone's and at a desk's width, and it fits both."""
    said: list[str] = []
    with browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme
    ) as context:
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(pages[name].as_uri())

        assert [] == said
        assert [pages[name].as_uri()] == asked
        assert width == page.evaluate("document.documentElement.scrollWidth")
        zoomed = page.locator("figure.chart .tools button").count()
        # Arms by name are not an axis to zoom.
        assert (name == "campaign") == (zoomed == 0)


@pytest.mark.parametrize(("name", "width", "scheme"), VIEWS)
def test_axe_finds_no_violation(
    browser: Any, pages: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    """By all rules that it has switched on."""
    # axe is a script that the page's own policy would rightly refuse.
    with browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    ) as context:
        page = context.new_page()
        page.goto(pages[name].as_uri())
        found = axe_module.Axe().run(page).response

        assert [] == [(each["id"], each["nodes"][0]["target"]) for each in found["violations"]]
        assert 20 < len(found["passes"])


def test_axe_does_find_a_violation(browser: Any) -> None:
    """Where there is one."""
    with browser.new_context() as context:
        page = context.new_page()
        page.set_content("<html><body><img src='data:,'></body></html>")
        found = axe_module.Axe().run(page).response

        assert "image-alt" in {each["id"] for each in found["violations"]}


def test_the_policy_refuses_a_script_that_is_not_the_pages_own(
    browser: Any, pages: dict[str, Path], tmp_path: Path
) -> None:
    """Even where markup had got in."""
    path = tmp_path / "poisoned.html"
    text = pages["heating"].read_text(encoding="utf-8")
    path.write_text(text.replace("</h1>", "</h1><script>document.title='x'</script>"))
    said: list[str] = []
    with browser.new_context() as context:
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.goto(path.as_uri())

        assert "x" != page.title()
        assert any("Content Security Policy" in words for words in said)


def test_a_chart_zooms_with_those_of_the_same_axis_and_back(
    browser: Any, pages: dict[str, Path]
) -> None:
    """By its buttons, which the keyboard reaches."""
    whole = "0 0 1000 1000"
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(pages["heating"].as_uri())
        boxes = "[...document.querySelectorAll('[data-linked=time] .data')].map(" \
                "b => b.getAttribute('viewBox'))"  # fmt: skip
        before = page.evaluate(boxes)
        page.get_by_label("Zoom in: Temperature of the sample").press("Enter")
        zoomed = page.evaluate(boxes)
        ticks = page.locator("figure.chart >> nth=0").locator(".below text").all_inner_texts()
        page.get_by_label("Show the whole of: Temperature of the sample").press("Enter")

        assert {whole} == set(before)
        assert all(box.startswith("250 ") and " 500 " in box for box in zoomed)
        assert 2 < len(ticks)
        assert before == page.evaluate(boxes)


def test_without_script_everything_is_there(browser: Any, pages: dict[str, Path]) -> None:
    """But for the zoom."""
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(pages["heating"].as_uri())

        assert page.locator("polyline.measured").first.is_visible()
        assert page.get_by_role("heading", name="Methods, to paste").is_visible()
        assert 0 == page.locator(".tools").count()


def test_it_prints_to_a_pdf_of_a_few_pages(browser: Any, pages: dict[str, Path]) -> None:
    """With its words as words."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(pages["heating"].as_uri())
        made = page.pdf(prefer_css_page_size=True)

        assert made.startswith(b"%PDF-")
        assert 3 <= made.count(b"/Type /Page\n") <= 12
        assert b"/ToUnicode" in made
