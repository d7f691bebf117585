"""One run over TCP on a file system that breaks while it is lit; what came of it, as JSON.

`unshare --mount python -m benchmarks.records._mounted KIND FOLDER`, as root: an ext4 in a file,
which is filled, or whose driver is made to remount it read-only, or is shut down so that nothing
gets to the disk any more. What is on the disk is seen by mounting it again. World and guard's
latch are elsewhere, and the light's end is in the world's own log.
"""

from __future__ import annotations

import fcntl
import json
import os
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.service._kept import ROOT, edges, environment, wait, world
from labctl.clock import real_ns
from labctl.record import read_facts, read_journal, recover_run, verify_run

IMAGE_MB = 160
"""labctl asks for 64 MB that it leaves to others."""
LIT_S = 0.7
"""Before it breaks."""
_SHUTDOWN = 0x8004587D
"""EXT4_IOC_SHUTDOWN."""


def fill(mounted: Path, device: str) -> None:
    """Somebody else's file takes all that is left."""
    with (mounted / "film.mp4").open("wb", buffering=0) as file:
        for size in (1 << 20, 4096):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue


def remount_read_only(mounted: Path, device: str) -> None:
    """What `errors=remount-ro` does when the driver meets an error."""
    Path(f"/sys/fs/ext4/{Path(device).name}/trigger_fs_error").write_text("1")


def shut_down(mounted: Path, device: str) -> None:
    """Every write and sync fails with EIO from now on, and nothing that waits gets there."""
    handle = os.open(mounted, os.O_RDONLY)
    try:
        fcntl.ioctl(handle, _SHUTDOWN, struct.pack("I", 2))
    finally:
        os.close(handle)


BREAKS: Mapping[str, Callable[[Path, str], None]] = {
    "really full": fill,
    "really remounted read-only": remount_read_only,
    "really gone (EIO)": shut_down,
}


def main(kind: str, folder: Path) -> dict[str, Any]:
    """What became of it."""
    image, mounted, tap = folder / "image", folder / "mnt", folder / "told"
    mounted.mkdir()
    with image.open("wb") as file:
        file.truncate(IMAGE_MB << 20)
    _run("mkfs.ext4", "-q", "-F", "-m", "0", str(image))
    _run("mount", "-o", "loop,errors=remount-ro", str(image), str(mounted))
    device = _run("findmnt", "-no", "SOURCE", str(mounted)).strip()
    with world(folder) as bench:
        command = ["run", "heating-curve", "--bench", str(bench), "--runs", str(mounted / "runs"),
                   "--broker", "off", "--no-figure", "--json", "-p", "baseline=5s",
                   "-p", "every=100ms"]  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.records._tapped", str(tap), *command],
            cwd=folder, env={**environment(folder), "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL, stdout=(folder / "out").open("w"),
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        log = folder / "emission.jsonl"
        wait(lambda: process.poll() is not None or (log.exists() and bool(edges(folder, "on"))))
        time.sleep(LIT_S)
        BREAKS[kind](mounted, device)
        broke_ns = real_ns()
        _, words = process.communicate(timeout=60)
        off_ns = edges(folder, "off")
    _run("umount", str(mounted))
    _run("mount", "-o", "loop", str(image), str(mounted))
    try:
        return {
            "off_ms": (max(off_ns) - broke_ns) / 1e6 if off_ns else None,
            "lit_before": bool(edges(folder, "on")) and max(off_ns, default=broke_ns) >= broke_ns,
            "code": process.returncode,
            "ended": _ended(folder / "out"),
            "room_for_run_json": BREAKS[kind] is fill,
            "traceback": "Traceback" in words,
            "told": int(tap.read_text().split()[-1]),
            **_on_disk(next((mounted / "runs").glob("*/*")), folder),
        }
    finally:
        _run("umount", str(mounted))


def _on_disk(run: Path, folder: Path) -> dict[str, Any]:
    """What a second mount finds."""
    copy = folder / "copy"
    _run("cp", "-r", str(run), str(copy))
    facts = read_facts(copy / "run.json")
    data = (copy / "journal.jsonl").read_bytes()
    outcome = verify_run(copy).outcome
    reading = read_journal(copy / "journal.jsonl")
    recover_run(copy)
    return {
        "there": reading.durable_seq,
        "whole": data.endswith(b"\n"),
        "verify": outcome,
        "then": verify_run(copy).outcome,
        "run.json": {key: facts.get(key) for key in ("state", "outcome", "exit_code", "fault")},
        "claimed": facts.get("journal", {}).get("durable_seq"),
    }


def _ended(out: Path) -> Mapping[str, Any]:
    """The run's last event, as `--json` printed it."""
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    return next(line for line in reversed(lines) if line["k"] == "run-ended")


def no_room(folder: Path) -> dict[str, Any]:
    """What a run says that begins on a file system with too little room, and what it leaves."""
    mounted = folder / "mnt"
    mounted.mkdir()
    _run("mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(mounted))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "labctl", "run", "heating-curve", "--broker", "off",
             "--no-figure", "--runs", str(mounted / "runs")],
            cwd=folder, env=environment(folder), stdin=subprocess.DEVNULL, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        left = [str(path) for path in (mounted / "runs").rglob("*")]
        return {"code": done.returncode, "words": done.stderr.strip(), "left": left}
    finally:
        _run("umount", str(mounted))


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    kind, folder = sys.argv[1], Path(sys.argv[2])
    print(json.dumps(main(kind, folder) if kind in BREAKS else no_room(folder), default=str))
