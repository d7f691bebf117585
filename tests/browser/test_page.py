"""The bench's page in a real browser, against a service of its own that runs as a process.

Needs the extra `ui-test` and a Chromium on PATH; skips without them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from benchmarks.records._made import BRIEF, simulated
from benchmarks.service.page import probe
from labctl import clock, yamlfile
from tests.unit.service.kept import until

sync_api = pytest.importorskip("playwright.sync_api", exc_type=ImportError)
axe_module = pytest.importorskip("axe_playwright_python.sync_playwright", exc_type=ImportError)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH"),
    pytest.mark.timeout(120),
]
HOSTILE = "<img src=x onerror=document.title='had'>"
ASKS = """\
schema: labctl.protocol/1
name: asks
title: Asks before it lights
needs: {laser: laser, probe: thermometer, ambient: thermometer, meter: power_meter}
limits: {temperature: 60 degC, total: 30 min}
record: {every: 1 s}
steps:
  - baseline: {for: 5 s}
  - prompt: {text: Put in the sample and type its name.}
  - irradiate: {power: 1 W, for: 5 s}
  - cool: {until: {elapsed: 5 s}, at_most: 5 s}
"""


class Kept:
    """A service that runs."""

    def __init__(self, folder: Path) -> None:
        own = folder / "ours"
        own.mkdir()
        shipped = (yamlfile.shipped_folder() / "log.yaml").read_text(encoding="utf-8")
        titled = re.sub("(?m)^title: .*$", f'title: "{HOSTILE}"', shipped)
        assert HOSTILE in titled
        (own / "hostile.yaml").write_text(titled, encoding="utf-8")
        (own / "asks.yaml").write_text(ASKS, encoding="utf-8")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "labctl", "serve", "--bench", "simulated", "--port", "0",
             "--speed", "50", "--broker", "off", "--runs", str(folder / "runs"),
             "--protocols", str(own)],
            stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
            env={**os.environ, "LABCTL_NO_BOOTSTRAP": "1"},
        )  # fmt: skip
        said: dict[str, str] = {}
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("this is not"):
                break
            for name in ("page", "to watch", "arm code"):
                if line.startswith(name):
                    said[name] = line.split()[-1]
        self.page, self.watch, self.code = said["page"], said["to watch"], said["arm code"]

    def close(self) -> None:
        """Its end, by the signal that ends it well unless it is gone."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One for all tests here."""
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """One service for all tests here but the one that kills it; two records are there before."""
    folder = tmp_path_factory.mktemp("kept")
    # On another thread: playwright has a loop on this one.
    with ThreadPoolExecutor(1) as pool:
        for seed in (1, 2):
            pool.submit(simulated, folder / "runs", seed, BRIEF).result()
    service = Kept(folder)
    yield service
    service.close()


@pytest.fixture(autouse=True)
def at_rest(request: pytest.FixtureRequest) -> None:
    """No run and no held queue of a test before: a stop that finds nothing holds what waits."""
    if "kept" not in request.fixturenames:
        return
    url, _, token = request.getfixturevalue("kept").page.partition("/#token=")

    def ask(method: str, path: str) -> dict[str, Any]:
        asked = urllib.request.Request(f"{url}/api/v1{path}", method=method)
        asked.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(asked, timeout=10) as answered:
            said: dict[str, Any] = json.loads(answered.read())
            return said

    def rests() -> bool:
        queue = ask("GET", "/queue")
        if queue["held"]:
            ask("POST", "/queue/go-on")
        return not queue["held"] and not any(
            item["state"] in ("waiting", "running") for item in queue["items"]
        )

    with until(rests):
        pass


@pytest.fixture
def opened(browser: Any, kept: Kept) -> Iterator[Any]:
    """The page with the operator's token; nothing may be said on its console or asked elsewhere."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    own = kept.page.partition("#")[0]
    page.on(
        "request",
        lambda asked: None if asked.url.startswith((own, "data:")) else said.append(asked.url),
    )
    page.goto(kept.page)
    page.wait_for_selector("body:not(.lost)")
    yield page
    context.close()
    assert [] == said


def arm(page: Any, kept: Kept) -> None:
    """The right to start what lights."""
    # By the keyboard: what the page looks up unasked may move a button under a pointer.
    page.fill("#code", kept.code)
    page.press("#code", "Enter")
    reads(page, "answer", r"^Armed\.$")


def start(page: Any, heat: str) -> None:
    """A heating curve in water."""
    page.select_option("#protocol", "heating-curve")
    page.select_option("#sample", "water")
    for name, value in {"baseline": "5 s", "heat": heat, "cool": "5 s", "every": "1 s"}.items():
        page.fill(f"#parameter-{name}", value)
    page.click("#start")


def reads(page: Any, where: str, pattern: str) -> None:
    """Waits until it reads so. (The page's policy forbids Playwright's own `wait_for_function`.)"""
    sync_api.expect(page.locator(f"#{where}")).to_have_text(re.compile(pattern), timeout=15_000)


def word(page: Any, pattern: str) -> None:
    """Waits until the bench's state reads so."""
    reads(page, "word", pattern)


def sees(page: Any) -> None:
    """Axe finds nothing."""
    found = axe_module.Axe().run(page).response["violations"]
    assert [] == [(one["id"], [n["target"] for n in one["nodes"]]) for one in found]


def waiting(page: Any) -> list[str]:
    """What waits in the queue, as it reads."""
    return [text for text in page.locator("#queue li").all_inner_texts() if ": waiting" in text]


def test_from_the_choice_of_a_protocol_to_its_report(opened: Any, kept: Kept) -> None:
    """Without the code nothing lights; with it a run asks, holds, goes on and comes to its verdict,
    while those that wait are put in another order by the keyboard; and its report opens."""
    page = opened
    assert "token" not in page.url
    start(page, "5 s")
    page.wait_for_selector("#answer.refused")
    assert "arm code" in page.inner_text("#answer")
    reads(page, "plan-words", r"At most \d+ s; 5.*light off at worst")
    sees(page)
    arm(page, kept)
    page.select_option("#protocol", "asks")
    page.click("#start")
    page.wait_for_selector("#prompt:not([hidden])")
    reads(page, "prompt-text", "type its name")
    assert "A question waits" in page.inner_text("#said")
    sees(page)
    for sample in ("water", "pda-aminoacid"):
        page.select_option("#sample", sample)
        page.click("#enqueue")
        reads(page, "queue", f"{sample}.*waiting")
    assert "water" in waiting(page)[0]
    later = page.locator("#queue button[data-act=Later]:not(:disabled)")
    later.focus()
    moved = later.get_attribute("data-item")
    page.keyboard.press("Enter")
    with until(lambda: "pda-aminoacid" in waiting(page)[0], at_most_s=5.0):
        assert moved == page.evaluate("document.activeElement.dataset.item")
    for _ in range(2):
        left = len(waiting(page))
        page.locator("#queue button[data-act=Cancel]").first.click()
        with until(lambda left=left: len(waiting(page)) < left, at_most_s=5.0):
            pass
    page.click("#hold")
    reads(page, "hold", "^Go on$")
    page.fill("#prompt-answer", "A25")
    page.keyboard.press("Enter")
    page.wait_for_selector("#prompt", state="hidden")
    reads(page, "answer", "^answered$")
    page.click("#hold")
    reads(page, "verdict", "^(pass|fail|cannot tell)$")
    assert page.locator("#curve canvas").count() == 1
    page.wait_for_selector("#runs tr:has-text('asks') button")
    with page.context.expect_page() as report:
        page.click("#runs tr:has-text('asks') button")
    report.value.wait_for_selector("h1")
    assert "asks" in report.value.inner_text("body")
    reads(page, "gap-text", "(within|outside) the model's")
    page.wait_for_selector("#readings tr.stale")


def test_a_protocol_s_text_is_checked_before_it_is_ordered(opened: Any) -> None:
    """Unasked, by its button, and before it is queued: every problem with its place, which is shown
    in the text; what was changed here is not ordered, and pressed twice it is one order."""
    page = opened
    page.select_option("#protocol", "log")
    page.click("#text-box summary")
    text = page.locator("#text")
    sync_api.expect(text).to_have_value(re.compile("schema: labctl"))
    reads(page, "plan-words", "^At most 24 h")
    good = text.input_value()
    text.fill(good.replace("log: {", "lgo: {") + "bogus: 1\n")
    reads(page, "plan-words", r"^2 problems:.*line 12, column 5.*line 13, column 1.*bogus")
    sees(page)
    page.click("#check")
    reads(page, "answer", "^Checked: 2 problems, the first line 12, column 5")
    page.locator(".problems button").last.click()
    marked = "((t) => t.value.slice(t.selectionStart, t.selectionEnd))(document.activeElement)"
    assert "bogus: 1" == page.evaluate(marked)
    page.click("#enqueue")
    reads(page, "answer", "^The text was changed here")
    page.click("#text-back")
    reads(page, "plan-words", "^At most 24 h")
    page.fill("#parameter-every", "3 kg")
    page.click("#enqueue")
    reads(page, "answer", "^Not ordered: one problem")
    page.fill("#parameter-every", "1 s")
    before = page.locator("#queue li:not(.none)").count()
    page.dblclick("#enqueue")
    reads(page, "answer", "taken once|^log: ")
    page.wait_for_selector("#queue li:has-text('log'):has-text('running')")
    assert before + 1 == page.locator("#queue li:not(.none)").count()
    # Once there is a run: a stop before that beats its beginning, and none has ended.
    reads(page, "run-name", "log")
    page.click("#stop")
    reads(page, "run-name", "ended")


def test_records_are_searched_and_laid_over_each_other(opened: Any) -> None:
    """Two of them, from their first light on, with a table of them in words."""
    page = opened
    page.fill("#find-protocol", "no such")
    page.keyboard.press("Enter")
    reads(page, "found", "^None found")
    page.fill("#find-protocol", "HEATING")
    page.keyboard.press("Enter")
    reads(page, "found", "found, the newest first")
    boxes = page.locator("#runs input[type=checkbox]")
    boxes.nth(boxes.count() - 1).check()
    assert page.is_disabled("#overlay")
    boxes.nth(boxes.count() - 2).check()
    page.click("#overlay")
    page.wait_for_selector("#overlay-curve canvas")
    assert page.evaluate("document.activeElement.id") == "overlay-h"
    rows = page.locator("#overlay-key tr").all_inner_texts()
    assert 2 == len(rows)
    assert all(re.search(r"\d [KK].*1\d s", row) for row in rows), rows
    page.select_option("#overlay-as", "from-first")
    sees(page)
    # A wall is read from farther away.
    small = page.evaluate("document.getElementById('word').offsetHeight")
    page.set_viewport_size({"width": 2560, "height": 1440})
    assert page.evaluate("document.documentElement.scrollWidth") == 2560
    assert page.evaluate("document.getElementById('word').offsetHeight") > 1.5 * small


def test_stop_laser_is_in_view_and_works_by_pointer_and_by_keyboard(
    opened: Any, kept: Kept
) -> None:
    """At 320, 390 and 1280 px, at the foot of the page; latched until it is reset with words."""
    page = opened
    arm(page, kept)
    for width, keyboard in ((320, False), (390, False), (1280, True)):
        page.set_viewport_size({"width": width, "height": 700})
        start(page, "30 min")
        word(page, r"^ON 1\.00 W$")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        on_top = """() => {
          const b = document.getElementById('stop-laser'), r = b.getBoundingClientRect();
          return document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2) === b; }"""
        assert page.evaluate(on_top)
        if keyboard:
            page.evaluate("document.activeElement.blur()")
            page.locator("#bench").click()
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.id") == "stop-laser"
            page.keyboard.press("Enter")
        else:
            page.click("#stop-laser")
        word(page, "^STOPPED$")
        page.wait_for_selector("#latch:not([hidden])")
        sees(page)
        page.fill("#reset-why", "looked at it")
        page.click("#reset-form button")
        word(page, "^IDLE$")


def test_axe_finds_no_violation_and_names_are_text(opened: Any, kept: Kept) -> None:
    """During a run, at a phone's and a desk's width, light and dark; a title and a note that are
    markup are shown as they are written."""
    page = opened
    arm(page, kept)
    start(page, "30 min")
    word(page, "^ON ")
    for width, scheme in ((390, "dark"), (1280, "light")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        sees(page)
    page.select_option("#protocol", "hostile")
    reads(page, "protocol-title", "onerror")
    page.locator("#protocol").blur()
    page.keyboard.press("n")
    assert page.evaluate("document.activeElement.id") == "note"
    page.keyboard.type(HOSTILE)
    page.keyboard.press("Enter")
    reads(page, "notes", "onerror")
    assert page.locator("img").count() == 0
    page.click("#stop")
    reads(page, "run-name", "ended")


def test_calls_come_only_to_who_asked_for_them(browser: Any, kept: Kept) -> None:
    """Off at first; then by the browser's notification when somebody is asked and at the end."""
    with browser.new_context() as context:
        page = context.new_page()
        page.add_init_script("""
          window.called = [];
          window.Notification = class {
            static permission = "granted";
            static async requestPermission() { return "granted"; }
            constructor(title, more) { called.push(more.body); }
          }""")
        page.goto(kept.page)
        page.wait_for_selector("body:not(.lost)")
        arm(page, kept)
        assert not page.is_checked("#call-sound")
        assert not page.is_checked("#call-note")
        for wanted in (False, True):
            page.set_checked("#call-note", wanted)
            page.select_option("#protocol", "asks")
            # Another order: the same one so soon is taken for one press.
            page.locator("#seed").evaluate("(it, seed) => { it.value = seed; }", str(1 + wanted))
            page.click("#start")
            page.wait_for_selector("#prompt:not([hidden])")
            page.click("#stop")
            reads(page, "run-name", "ended")
            page.wait_for_selector("#prompt", state="hidden")
            called = page.evaluate("called")
            assert ["A question", "Run over: "] * wanted == [text[:10] for text in called]


def test_what_the_benchmark_puts_into_the_page_sees_its_points_clicks_and_words(
    browser: Any, kept: Kept
) -> None:
    """Points that it puts before the first; when the others came, were told and drawn."""
    with browser.new_context() as context:
        page = context.new_page()
        page.add_init_script(probe(before=50))
        page.goto(kept.page)
        page.wait_for_selector("body:not(.lost)")
        page.select_option("#protocol", "log")
        page.click("#start")
        with until(lambda: page.evaluate("Object.keys(probe.drawn).length") > 2, at_most_s=10.0):
            seen = page.evaluate("probe")
        page.click("#stop")
        reads(page, "run-name", "ended")
        assert page.evaluate("probe.clicked") > seen["clicked"] > 0
    t_s = list(seen["drawn"])[-1]
    assert seen["came"][t_s] <= seen["told"][t_s] <= seen["drawn"][t_s]
    assert seen["points"] > 50
    assert 0 == seen["lost"]


def test_who_only_watches_may_stop_and_has_no_form_to_start_by(browser: Any, kept: Kept) -> None:
    """Every token may stop."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(kept.watch)
    page.wait_for_selector("body:not(.lost)")
    assert page.is_hidden("#order-form")
    assert page.is_hidden("#note-form")
    assert page.is_enabled("#stop-laser")
    assert page.is_enabled("#stop")
    context.close()


def test_a_killed_service_is_lost_contact_within_two_seconds(browser: Any, tmp_path: Path) -> None:
    """Killed and, before, stopped without a word: no number stays as if it were new,
    a stop that gets no answer says so, and one asked of a service that comes back holds."""
    service = Kept(tmp_path)
    context = browser.new_context()
    page = context.new_page()
    try:
        page.goto(service.page)
        page.wait_for_selector("body:not(.lost)")
        for sign in (signal.SIGSTOP, signal.SIGKILL):
            page.click("#stop")
            reads(page, "answer", "no run was on")
            began_ns = clock.real_ns()
            service.process.send_signal(sign)
            # Looked at often: Playwright's own waiting comes to once a second.
            with until(lambda: page.inner_text("#word") == "LOST CONTACT", at_most_s=5.0):
                assert clock.real_ns() - began_ns < clock.ns(2.0)
            assert "treat as ON" in page.inner_text("#beam")
            assert "" == page.inner_text("#answer")
            assert "LOST CONTACT" in page.inner_text("#alert")
            if sign == signal.SIGKILL:
                sees(page)
            page.click("#stop-laser")
            reads(page, "answer", "Use the interlock or the key")
            if sign == signal.SIGSTOP:
                service.process.send_signal(signal.SIGCONT)
                page.wait_for_selector("body:not(.lost)")
                assert "" == page.inner_text("#alert")
                word(page, "^STOPPED$")
    finally:
        context.close()
        service.process.kill()
        service.process.wait(20)
        assert service.process.stdout is not None
        service.process.stdout.close()
