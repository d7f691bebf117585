"""A served world and a service that keeps it, as processes; somebody who asks it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

API = "/api/v1"
ROOT = Path(__file__).resolve().parents[2]


class Kept:
    """A service that runs, and its operator with the right to arm."""

    def __init__(self, process: subprocess.Popen[str], card: Mapping[str, Any], folder: Path):
        self.process = process
        self.url = str(card["url"])
        self.folder = folder
        self.page = f"{self.url}/#token={card['operator']}"
        self.token = str(card["operator"])
        self.token = str(self.ask("POST", "/arm", {"code": card["arm_code"]})["token"])
        self._keys = 0

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What it says."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if path in ("/start", "/queue"):
            self._keys += 1
            headers["Idempotency-Key"] = f"key-{self._keys}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}{API}{path}", data=data, headers=headers, method=method
        )
        with urllib.request.urlopen(request, timeout=60) as said:
            return json.loads(said.read())

    def start(self, **parameters: str) -> str:
        """A heating curve; its item."""
        order = {"protocol": "heating-curve", "parameters": parameters, "sample": "pda-aminoacid"}
        return str(self.ask("POST", "/start", order)["id"])

    def socket(self) -> ClientConnection:
        """One who watches."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return connect(f"ws{self.url[4:]}{API}/live", additional_headers=headers, compression=None,
                       max_size=None)  # fmt: skip

    def item(self, name: str) -> Mapping[str, Any]:
        """One of the queue."""
        items = self.ask("GET", "/queue")["items"]
        return next(item for item in items if item["id"] == name)

    def until_done(self, name: str) -> None:
        """Until this item is over."""
        wait(lambda: self.item(name)["state"] == "done")


def wait(what: Callable[[], bool], at_most_s: float = 90.0) -> None:
    """Until it holds; TimeoutError."""
    end_s = time.monotonic() + at_most_s
    while not what():
        if time.monotonic() > end_s:
            raise TimeoutError("it never came to that")
        time.sleep(0.05)


def environment(folder: Path) -> dict[str, str]:
    """For processes of one trial, apart from all others on this machine."""
    return {**os.environ, "LABCTL_RUNTIME_DIR": str(folder / "rt"), "LABCTL_NO_BOOTSTRAP": "1",
            "PYTHONPATH": str(ROOT)}  # fmt: skip


@contextmanager
def world(folder: Path) -> Iterator[Path]:
    """A simulated bench over TCP with a quick scanner; its bench file. `emission.jsonl` beside it
    is the world's own word on the light."""
    with world_process(folder):
        yield folder / "bench.yaml"


@contextmanager
def world_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The same, as the process that it is."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.guard._served", "simulated", "1"],
        cwd=folder, env=environment(folder), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        while "READY" not in (line := process.stdout.readline()):
            if not line:
                raise RuntimeError("the world did not begin")
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=20)


@contextmanager
def kept(folder: Path, *options: str) -> Iterator[Kept]:
    """`labctl serve` with these options."""
    process = subprocess.Popen(
        [sys.executable, "-m", "labctl", "serve", "--port", "0", "--broker", "off",
         "--runs", str(folder / "runs"), *options],
        cwd=folder, env=environment(folder), stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        cards = folder / "rt"
        wait(lambda: any(cards.glob("service-*.json")))
        card = json.loads(next(cards.glob("service-*.json")).read_text())
        wait(lambda: _answers(card["url"]))
        yield Kept(process, card, folder)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}{API}/health", timeout=5):
            return True
    except OSError:
        return False


def edges(folder: Path, edge: str) -> list[int]:
    """When the world's light came on, or went out, nanoseconds of the machine's boot-time clock."""
    lines = [json.loads(line) for line in (folder / "emission.jsonl").read_text().splitlines()]
    return [int(line["boot_ns"]) for line in lines if line["edge"] == edge]


def usage(pid: int) -> tuple[float, float]:
    """CPU seconds so far, and the largest resident size in MB, of one process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    status = Path(f"/proc/{pid}/status").read_text()
    peak_kb = next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]
    return ticks / os.sysconf("SC_CLK_TCK"), int(peak_kb) / 1024


def percentile(values: list[float], part: float) -> float:
    """The value that this part of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
