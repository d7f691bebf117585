"""Puts the service together and takes it apart: laser off, record closed, web, telemetry."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from labctl import platform, signals
from labctl.bench import BenchFile
from labctl.engine import AtBench
from labctl.errors import Exit, LabctlError
from labctl.events import Event, Mode
from labctl.service._access import Access, Tokens
from labctl.service._app import gated
from labctl.service._deadline import WITHIN_S, Deadline
from labctl.service._keeper import Keeper, Keeping
from labctl.service._notify import Watchdog
from labctl.service._reached import Reached, check_reachable
from labctl.service._secrets import read_tokens
from labctl.service._server import WebServer, listen
from labctl.service._service import Service
from labctl.telemetry import BrokerChoice, Telemetry

Say = Callable[[str], None]
_UNCONFIRMED = "THE BEAM IS NOT CONFIRMED OFF: use the interlock or the key now"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """How a bench is to be served."""

    bench_file: BenchFile
    bench_why: str
    runs_dir: Path
    host: str = "127.0.0.1"
    port: int = 8088
    names: Sequence[str] = ()
    """Other names by which a browser may call it, with their ports where they are not `port`."""
    certificate: Path | None = None
    key: Path | None = None
    behind_proxy: bool = False
    """A proxy in front speaks TLS to the world."""
    speed: float = 1.0
    broker: BrokerChoice
    home_assistant: bool = False
    """Its discovery is published too."""
    own: Path | None = None
    keep_queue: bool = True
    """What waits outlives the service, and comes back held."""
    at_bench: AtBench | None = None
    not_at_bench: str = "nobody sits at the service's terminal"
    shown: Callable[[Event], None] = lambda event: None
    """Shows at the service's terminal what happens, what is to be typed there among it; never
    waits."""
    print_tokens: bool = True
    """False where what is said is kept: then they stand in the card alone."""
    hints: Sequence[str] = ()
    """More lines to say at its beginning."""
    prepare: Callable[[Service], None] = lambda service: None
    """Called before it begins, e.g. to fill the queue."""


def serve(options: ServeOptions, say: Say) -> int:
    """Keep the bench until a signal; the exit code. InputError for what cannot be served."""
    check_reachable(options.host, options.names, certificate=options.certificate is not None,
                    key=options.key is not None, behind_proxy=options.behind_proxy)  # fmt: skip
    tokens, by_hand = read_tokens()
    service = Service(
        options.bench_file,
        runs_dir=options.runs_dir,
        speed=options.speed,
        access=Access(tokens),
        own=options.own,
    )
    service.at_bench, service.not_at_bench = options.at_bench, options.not_at_bench
    listening = listen(options.host, options.port)
    try:
        kept = service.keep_queue() if options.keep_queue else None
    except LabctlError:
        listening.close()
        raise
    port: int = listening.getsockname()[1]
    reached = Reached(options.host, port, options.names, options.certificate is not None,
                      options.behind_proxy)  # fmt: skip
    watchdog = Watchdog(service.control.probe)
    server = WebServer(
        gated(service, reached.hosts, reached.origins),
        listening,
        service.hub,
        watchdog,
        certificate=options.certificate,
        key=options.key,
    )
    telemetry = _telemetry(options, service, say)
    service.telemetry = telemetry
    keeping = Keeping(
        bench_file=options.bench_file,
        speed=options.speed,
        telemetry=telemetry,
        at_bench=options.at_bench,
        not_at_bench=options.not_at_bench,
        shown=options.shown,
        url=reached.url,
        names=service.names,
    )

    def begin(name: str) -> None:
        # The engine hears the signal too; past it to the guard is quicker than a loop that hangs.
        on = service.ends(name)
        say(f"{name}: {on}; gone in {WITHIN_S:g} s at the latest")

    def give_up() -> int:
        on = service.control.on
        words = (
            f"{_UNCONFIRMED} (after {WITHIN_S:g} s)"
            if on
            else f"something hangs since {WITHIN_S:g} s"
        )
        say(f"{words}. The service ends by force; `labctl runs recover` closes its record")
        server.close(words)
        card.unlink(missing_ok=True)
        return int(Exit.BEAM_NOT_CONFIRMED_OFF if on else Exit.FAULT)

    deadline = Deadline(begin, give_up)
    keeper = Keeper(keeping, service.orders, service.control, service.hub, service.latch, say=say,
                    ends=deadline.heard)  # fmt: skip
    service.keeper = keeper
    options.prepare(service)
    card = _card(reached, tokens)
    why = "a fault in labctl"
    # To the very end: whoever presses Ctrl-C once more is told no other end than this one.
    restore = signals.hear_signals(keeper.heard)
    try:
        deadline.start()
        server.start()
        for line in _words(options, service, reached.page, tokens, card, by_hand=by_hand):
            say(line)
        if telemetry is not None:
            telemetry.start()
        watchdog.say("READY=1")
        code = keeper.run()
        why = _UNCONFIRMED if code == Exit.BEAM_NOT_CONFIRMED_OFF else "asked to end"
    finally:
        # By now every run is closed: its laser off first, then its record.
        watchdog.say("STOPPING=1")
        if telemetry is not None:
            telemetry.ending()
        server.close(why)
        if telemetry is not None:
            # Offline is the last word, acknowledged or given up after a second.
            telemetry.close()
        card.unlink(missing_ok=True)
        if kept is not None:
            kept.release()
        deadline.over()
        restore()
        # All is closed. What the interpreter would look through at its end has no more to say,
        # and takes half a second of a busy machine.
        gc.freeze()
    return code


def _telemetry(options: ServeOptions, service: Service, say: Say) -> Telemetry | None:
    """Of the bench, for as long as it is served; it says of itself how it is connected."""
    if options.broker.off:
        return None
    return Telemetry(
        options.bench_file.name,
        Mode(service.mode),
        options.bench_file.describe(),
        options.broker,
        say=say,
        home_assistant=options.home_assistant,
    )


def _card(reached: Reached, tokens: Tokens) -> Path:
    """The file by which this user's own scripts find the service; nobody else can read it."""
    path = platform.runtime_dir() / f"service-{reached.port}.json"
    path.unlink(missing_ok=True)
    about = {"url": reached.url, "pid": os.getpid(), "origins": reached.origins,
             "viewer": tokens.viewer, "operator": tokens.operator,
             "arm_code": tokens.arm_code}  # fmt: skip
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(about, file)
    return path


def _words(
    options: ServeOptions, service: Service, url: str, tokens: Tokens, card: Path, *, by_hand: bool
) -> list[str]:
    file = options.bench_file
    lines = [f"{service.mode} bench {file.name} ({options.bench_why})"]
    if by_hand:
        lines.append(f"page        {url}/  (tokens as they were set; they are not shown)")
    elif not options.print_tokens:
        lines.append(f"page        {url}/  (its tokens stand in the file below, not in this log)")
    else:
        lines += [
            f"page        {url}/#token={tokens.operator}",
            f"to watch    {url}/#token={tokens.viewer}",
        ]
        if not service.latch.real:
            lines.append(f"arm code    {tokens.arm_code}")
    if service.latch.real:
        lines.append("arming and reset are typed at the bench; no request does either")
    lines += [
        f"scripts     {card} (tokens, for this user only)",
        f"records     {options.runs_dir}",
        "Ctrl-C      laser off, record closed, the service ends",
        *options.hints,
        "this is not a safety device: use the interlock or the key",
    ]
    return lines
