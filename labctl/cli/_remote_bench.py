"""`labctl --server URL`: check and plan an order; hold, go on, remark, answer, latch, reset."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from labctl.cli._server import Server, parameters_of, shown
from labctl.errors import Exit, InputError


@click.command("validate")
@click.argument("files", nargs=-1, required=True, metavar="FILE...",
                type=click.Path(exists=True, dir_okay=False, path_type=Path))  # fmt: skip
@click.pass_obj
def validate(server: Server, files: tuple[Path, ...]) -> int:
    """Every problem of protocols in FILE..., against the service's bench; nothing is kept there."""
    bad = 0
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise InputError("this is no text", where=str(file)) from error
        told = server.ask("POST", "/validate", {"text": text})
        bad += not told["ok"]
        if told["ok"]:
            plan = told["plan"]
            most = f"{plan['worst_case_s']:g} s and {plan['energy_j']:g} J of laser light"
            shown(f"{file}: a protocol that this bench can carry out, at most {most}")
        for line in told["refused"]:
            shown(f"{file}: it would be refused now: {line}")
        for one in told["problems"]:
            place = f"{file}:{one['line']}:{one['column']}" if one["line"] else str(file)
            fix = f" {one['fix']}" if one["fix"] else ""
            shown(f"{place}: {one['code']} {one['message']}.{fix}")
    return Exit.BAD_INPUT if bad else Exit.PASS


@click.command("plan")
@click.argument("protocol")
@click.option("-p", "parameters", multiple=True, metavar="NAME=VALUE",
              help="Set a parameter of the protocol.")  # fmt: skip
@click.option("--sample", default=None, metavar="NAME")
@click.option("--seed", default=1, type=click.IntRange(min=0))
@click.option("--json", "as_json", is_flag=True, help="One JSON object, as `labctl plan --json`.")
@click.pass_obj
def plan(
    server: Server,
    protocol: str,
    parameters: tuple[str, ...],
    sample: str | None,
    seed: int,
    as_json: bool,
) -> None:
    """What PROTOCOL would do on the service's bench: steps, worst case, nearest limits."""
    order: dict[str, Any] = {
        "protocol": protocol, "parameters": parameters_of(parameters), "seed": seed,
    }  # fmt: skip
    if sample:
        order["sample"] = sample
    told = server.ask("POST", "/plan", order)
    if as_json:
        click.echo(json.dumps(told))
        return
    shown(f"PLAN  {told['protocol']} on bench {told['bench']}")
    if told.get("sample"):
        assumed = ", which nobody named" if told.get("assumed_sample") else ""
        shown(f"sample      {told['sample']}{assumed}")
    for step in told["steps"]:
        power = "" if step["power_w"] is None else f"  {step['power_w']:g} W"
        longest = "until answered" if step["at_most_s"] is None else f"{step['at_most_s']:g} s"
        ends = "" if step["until"] is None else f"  {step['until']}"
        name = "" if step["name"].lower() == step["verb"] else f"  {step['name']}"
        shown(f"{step['index'] + 1:>3}  {step['verb']}{name}  at most {longest}{power}{ends}")
    shown(f"at most     {told['worst_case_s']:g} s, {told['energy_j']:g} J of laser light")
    for limit in told["limits"]:
        words = f"{limit['used_text']} of {limit['allowed_text']}"
        shown(f"limit       {limit['limit']}: {words} ({limit['fraction']:.0%})")
    for source, off in told["off_latency"].items():
        shown(f"worst off   {source}: {off['asked_s']:.2f} s after it is asked for")
    for line in told["hazards"]:
        shown(f"hazard      {line}")


@click.command("hold")
@click.pass_obj
def hold(server: Server) -> None:
    """Wait before the next step that begins in the dark. There is no pause of light."""
    shown(server.ask("POST", "/hold")["done"])


@click.command("go-on")
@click.pass_obj
def go_on(server: Server) -> None:
    """Take a hold off. (A queue that was held: `queue go-on`.)"""
    shown(server.ask("POST", "/go-on")["done"])


@click.command("note")
@click.argument("text", nargs=-1, required=True)
@click.pass_obj
def note(server: Server, text: tuple[str, ...]) -> None:
    """A remark in the record of the run in hand."""
    shown(server.ask("POST", "/notes", {"text": " ".join(text)})["done"])


@click.command("answer")
@click.argument("text", nargs=-1, required=True)
@click.pass_obj
def answer(server: Server, text: tuple[str, ...]) -> None:
    """Answer the prompt that stands; `status` shows it. It arms no REAL bench."""
    prompt = server.ask("GET", "/bench")["prompt"]
    if prompt is None:
        raise InputError("nobody is asked anything now", where=server.url)
    shown(prompt["text"])
    body = {"prompt": prompt["id"], "text": " ".join(text)}
    shown(server.ask("POST", "/answer", body)["done"])


@click.command("stop-laser")
@click.option("--why", default="", help="For the record.")
@click.pass_obj
def stop_laser(server: Server, why: str) -> int:
    """Laser off now, run closed, latched: nothing starts until a reset. Never asks. This is no
    emergency stop: use the interlock."""
    told = server.ask("POST", "/stop-laser", {"why": why or "labctl --server stop-laser"})
    shown(told["done"])
    return Exit.PASS


@click.command("reset")
@click.argument("why", nargs=-1, required=True)
@click.pass_obj
def reset(server: Server, why: tuple[str, ...]) -> None:
    """Take STOP LASER off a SIMULATED bench, with the reason; a REAL one is reset at the bench."""
    shown(server.armed().ask("POST", "/reset", {"why": " ".join(why)})["done"])


BENCH_VERBS: dict[str, click.Command] = {
    "validate": validate, "plan": plan, "hold": hold, "go-on": go_on, "note": note,
    "answer": answer, "stop-laser": stop_laser, "reset": reset,
}  # fmt: skip
