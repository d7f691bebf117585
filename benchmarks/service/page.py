"""The page in a headless Chromium: from a click on STOP LASER to the guard and to the dark, with
nine tabs open; how old a sample is when it is drawn among 6000; when a kill is told.

Needs the extra `ui-test` and a Chromium on PATH. The guard's own log says when it heard of a stop,
the world's when there was light, the pages when they were clicked and had drawn; all by this
machine's clock. In short the first 5400 points are put before the run's own by the benchmark, in
the page; in full the run itself comes to 6000, in ten minutes.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks._figures import Figure
from benchmarks.service._kept import Kept, edges, kept, percentile, usage, wait, world
from labctl.clock import NS

TABS = 9
POINTS, BEFORE = 6000, 5400
WATCHED_S = {"short": 15.0, "full": 20.0}
TRIALS = {"short": 3, "full": 20}
SEEN_S, ASKED_S, LOST_S, SHARE, LONG_MS = 0.02, 0.05, 2.0, 0.05, 50
_PROBE = r"""
(() => {
  const now = () => performance.timeOrigin + performance.now();
  const seen = window.probe = {
    came: {}, told: {}, drawn: {}, points: 0, clicked: 0, lost: 0, longest: 0, long: 0,
  };
  const before = %d;
  document.addEventListener("click", (event) => {
    seen.clicked = performance.timeOrigin + event.timeStamp;
  }, true);
  // After this task the frame with the point in it has left the page's hands.
  document.addEventListener("drawn", (event) => {
    if (event.target.id !== "curve") return;
    const { t_s, points } = event.detail, channel = new MessageChannel();
    seen.points = points;
    channel.port1.onmessage = () => { seen.drawn[t_s] ??= now(); };
    channel.port2.postMessage(0);
  });
  new PerformanceObserver((list) => {
    for (const frame of list.getEntries()) {
      seen.longest = Math.max(seen.longest, frame.duration);
      seen.long += 1;
    }
  }).observe({ type: "long-animation-frame" });
  addEventListener("DOMContentLoaded", () => {
    const word = document.getElementById("word");
    new MutationObserver(() => {
      seen.lost = word.textContent === "LOST CONTACT" ? seen.lost || now() : 0;
    }).observe(word, { childList: true, characterData: true, subtree: true });
  });
  const Plain = WebSocket;
  window.WebSocket = class extends Plain {
    set onmessage(hear) {
      super.onmessage = (event) => {
        const came = now(), told = JSON.parse(event.data);
        if (told.type !== "snapshot" || !before) {
          hear(event);
          for (const row of told.type === "batch" ? told.points : []) {
            seen.came[row[0]] ??= came;
            seen.told[row[0]] ??= now();
          }
          return;
        }
        const { rows } = told.points, from = rows.length ? rows[0][0] : 0, more = [];
        for (let n = before; n > 0; n--) {
          const wave = 0.02 * Math.sin(n);
          more.push([from - 0.1 * n, 22 + wave, 22, 0, 22, 0.03, 0.4 + wave, 0.05, 0]);
        }
        told.points.rows = more.concat(rows);
        hear({ data: JSON.stringify(told) });
      };
    }
  };
})();
"""


def measure(profile: str, *, tabs: int = TABS, trials: int = 0, watched_s: float = 0.0,
            before: int | None = None) -> Iterator[Figure]:  # fmt: skip
    """Yield the figures of this part."""
    trials, watched_s = trials or TRIALS[profile], watched_s or WATCHED_S[profile]
    if before is None:
        before = BEFORE if profile == "short" else 0
    with ExitStack() as stack:
        browser = stack.enter_context(chromium())
        if browser is None:
            yield Figure("the page in a browser", 0, "pages", profile,
                         "no Chromium, or no extra ui-test", "one", holds=False)  # fmt: skip
            return
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bench = stack.enter_context(world(folder))
        service = stack.enter_context(kept(folder, "--bench", str(bench)))
        yield from _drawn(browser, service, profile, watched_s, before)
        pages = [_open(browser, service, 0) for _ in range(tabs)]
        yield from _stopped(pages, service, folder, profile, trials)
        yield from _silenced(pages, service, profile)


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser, or None where there is none."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        path = None
    if path is None:
        yield None
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def probe(before: int) -> str:
    """A script for a page before it loads: `window.probe` then says when samples came, were told
    and drawn. So many points are put before the first of a run."""
    return _PROBE % before


def _open(browser: Any, service: Kept, before: int) -> Any:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.add_init_script(probe(before))
    page.goto(service.page)
    page.wait_for_selector("body:not(.lost)")
    return page


def _lit(service: Kept, page: Any) -> str:
    """A run that is lit in the world, and shown so. On a busy machine the guard's lease of 0.3 s
    may end one before its moment: then another is begun."""
    log = service.folder / "emission.jsonl"

    def lit() -> int:
        return len(edges(service.folder, "on")) if log.exists() else 0

    while True:
        before = lit()
        item = service.start(baseline="5 s", heat="120 s", cool="5 s", every="100 ms")
        wait(lambda item=item, before=before: service.item(item)["state"] == "done"  # type: ignore[misc]
             or (lit() > before and page.inner_text("#word").startswith("ON")))  # fmt: skip
        if service.item(item)["state"] == "running":
            return item


def _drawn(
    browser: Any, service: Kept, profile: str, watched_s: float, before: int
) -> Iterator[Figure]:
    """One page, one run at 10 Hz."""
    page = _open(browser, service, before)
    wanted = POINTS - 15.0 * watched_s
    # In the dark: no lease of a light ends it early on a busy machine.
    dark_s = 30.0 + watched_s if before else POINTS / 10.0
    item = service.start(baseline=f"{dark_s:.0f} s", heat="5 s", cool="5 s", every="100 ms")
    wait(lambda: page.evaluate("probe.points") > before + 20, 120.0)
    if not before:
        wait(lambda: page.evaluate("probe.points") >= wanted, 900.0)
    page.evaluate("Object.assign(probe, {drawn: {}, came: {}, told: {}, longest: 0, long: 0})")
    cpu_s, began_s = usage(service.process.pid)[0], time.monotonic()
    page.wait_for_timeout(1000.0 * watched_s)
    took_s = time.monotonic() - began_s
    share = (usage(service.process.pid)[0] - cpu_s) / took_s
    seen = page.evaluate("probe")
    run = service.ask("GET", "/bench")["run"]
    service.ask("POST", "/stop")
    service.until_done(item)
    peak_mb = usage(service.process.pid)[1]
    page.close()
    zero_ms = 1000.0 * datetime.fromisoformat(run["began_utc"]).timestamp()
    came, told, drawn = (_ages(seen[name], zero_ms) for name in ("came", "told", "drawn"))
    words = f"{len(drawn)} samples, {seen['points']} points on screen, 10 Hz"
    browser_s, screen_s = percentile(told, 0.95), percentile(drawn, 0.95)
    yield Figure("page: sample to the page's words, p95", browser_s, "s", profile,
                 f"to its socket {_ms(came, 0.95)}, p50 {_ms(told, 0.5)}; {words}",
                 f"{SEEN_S} s", browser_s <= SEEN_S)  # fmt: skip
    yield Figure("page: sample to the drawn frame, p95", screen_s, "s", profile,
                 f"a frame each 16.7 ms, p50 {_ms(drawn, 0.5)}; {words}",
                 f"{SEEN_S} s", screen_s <= SEEN_S)  # fmt: skip
    yield Figure("page: samples that came and were drawn", len(drawn) / max(1, len(came)), "of 1",
                 profile, words)  # fmt: skip
    yield Figure(f"page: frames longer than {LONG_MS} ms", seen["long"], "frames", profile,
                 f"longest {seen['longest']:.0f} ms; {words}")  # fmt: skip
    yield Figure("service with a run and one page: share of a core", share, "", profile,
                 f"the run itself is in it; {words}", f"{SHARE}", share <= SHARE)  # fmt: skip
    yield Figure("service with a run and one page: peak memory", peak_mb, "MB", profile,
                 "`labctl run` alone is in the part `viewers`")  # fmt: skip


def _ms(values: list[float], part: float) -> str:
    return f"{percentile(values, part) * 1e3:.1f} ms"


def _ages(at_ms: dict[str, float], zero_ms: float) -> list[float]:
    return [(at - zero_ms) / 1000.0 - float(t_s) for t_s, at in at_ms.items()]


def _stopped(
    pages: Sequence[Any], service: Kept, folder: Path, profile: str, trials: int
) -> Iterator[Figure]:
    """A click in one of them, each trial in another."""
    asked_s: list[float] = []
    dark_s: list[float] = []
    words = service.ask("GET", "/bench")["worst_off"][0].split()
    bound_s = float(words[words.index("worst") + 1])
    for number in range(trials):
        page = pages[number % len(pages)]
        item = _lit(service, page)
        page.wait_for_timeout(200 + 70 * number % 500)
        page.click("#stop-laser")
        service.until_done(item)
        clicked_s = page.evaluate("probe.clicked") / 1000.0
        asked_s.append(_heard_s(folder, str(service.item(item)["run"])) - clicked_s)
        # From the boot-time clock of the world's log to the wall clock of the pages.
        wall_ns = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        dark_s.append((max(edges(folder, "off")) + wall_ns) / NS - clicked_s)
        service.ask("POST", "/reset", {"why": "the next trial"})
    note = f"{trials} clicks, {len(pages)} tabs open"
    yield Figure("page: STOP LASER, click to guard, worst", max(asked_s), "s", profile,
                 f"p50 {percentile(asked_s, 0.5) * 1e3:.1f} ms; {note}", f"{ASKED_S} s",
                 max(asked_s) <= ASKED_S)  # fmt: skip
    yield Figure("page: STOP LASER, click to dark in the world, worst", max(dark_s), "s", profile,
                 f"the bench's own bound, {bound_s:.2f} s; {note}", "0.05 s and the bound",
                 max(dark_s) <= ASKED_S + bound_s)  # fmt: skip


def _heard_s(folder: Path, run: str) -> float:
    """When the guard wrote down that it was told to stop."""
    lines = (folder / "runs" / run / "guard.jsonl").read_text(encoding="utf-8").splitlines()
    heard = next(said for said in map(json.loads, lines) if said["what"] == "stop")
    return datetime.fromisoformat(heard["utc"]).timestamp()


def _silenced(pages: Sequence[Any], service: Kept, profile: str) -> Iterator[Figure]:
    """The service falls silent, comes back, and is killed, while all of them watch a run."""
    _lit(service, pages[0])
    for sign, words in ((signal.SIGSTOP, "stopped"), (signal.SIGKILL, "killed")):
        wait(lambda: all(page.evaluate("probe.lost") == 0 for page in pages), 20.0)
        at_s = time.time()
        os.kill(service.process.pid, sign)
        wait(lambda: all(page.evaluate("probe.lost") > 0 for page in pages), 20.0)
        told_s = [page.evaluate("probe.lost") / 1000.0 - at_s for page in pages]
        yield Figure(f"page: {words} service to LOST CONTACT, worst", max(told_s), "s", profile,
                     f"{len(pages)} tabs, first {min(told_s):.2f} s", f"{LOST_S} s",
                     max(told_s) <= LOST_S)  # fmt: skip
        if sign == signal.SIGSTOP:
            os.kill(service.process.pid, signal.SIGCONT)
    service.process.wait(10)
