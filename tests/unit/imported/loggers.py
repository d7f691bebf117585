"""Short tables as loggers and spreadsheets write them: all of the same curve."""

from __future__ import annotations

import math

ROWS = 45
TAU_S, RISE_K, START_DEGC, DARK_S, OFF_S = 60.0, 12.0, 22.0, 60.0, 240.0


def curve() -> list[tuple[float, float, bool]]:
    """(time in s, degC, light); noise from a fixed rule."""
    rows = []
    for i in range(ROWS):
        t = 10.0 * i
        lit = DARK_S <= t < OFF_S
        up = RISE_K * (1 - math.exp(-max(0.0, min(t, OFF_S) - DARK_S) / TAU_S))
        rise = up * math.exp(-max(0.0, t - OFF_S) / TAU_S)
        rows.append((t, START_DEGC + rise + 0.02 * math.sin(12.9898 * i * i), lit))
    return rows


def plain() -> str:
    """Comma, point, units in names."""
    lines = [f"{t:.0f},{y:.3f},{int(lit)}" for t, y, lit in curve()]
    return "\n".join(["time_s,T_C,laser_on", *lines]) + "\n"


def picolog() -> str:
    """PicoLog of a TC-08: two lines of header, the unit below the name."""
    lines = [f"{t:.0f},{y:.2f},{START_DEGC:.2f},{int(lit)}" for t, y, lit in curve()]
    head = ["Time,Probe temperature,Ambient temperature,Laser", "(s),(°C),(°C),"]
    return "\n".join([*head, *lines]) + "\n"


def german_spreadsheet() -> str:
    """Semicolons and decimal commas."""
    lines = [f"{t:.0f};{y:.3f};{int(lit)}".replace(".", ",") for t, y, lit in curve()]
    return "\n".join(["Zeit (s);Temperatur (°C);Laser", *lines]) + "\n"


def centre_logger() -> str:
    """A preamble, clock times, tabs, words for the light."""
    lines = [
        f"14:{int(t) // 60:02d}:{int(t) % 60:02d}\t{y:.1f}\t{'on' if lit else 'off'}"
        for t, y, lit in curve()
    ]
    head = ["Model: TC-309", "Serial: 0815", "", "Time\tT1 (C)\tLight"]
    return "\n".join([*head, *lines]) + "\n"


def origin() -> str:
    """Long names, units, and minutes; tabs."""
    lines = [f"{t / 60:.5f}\t{y + 273.15:.3f}\t{int(lit)}" for t, y, lit in curve()]
    return "\n".join(["Time\tTemperature\tLaser", "min\tK\t", *lines]) + "\n"


def flir() -> str:
    """Fahrenheit, comments before."""
    lines = [f"{t:.0f},{y * 1.8 + 32:.2f},{int(lit)}" for t, y, lit in curve()]
    head = ["# FLIR Tools+ plot", "# emissivity 0.95", "Elapsed [s],Spot temp [°F],Laser"]
    return "\n".join([*head, *lines]) + "\n"


FORMS = {
    "plain": plain, "PicoLog": picolog, "a German spreadsheet": german_spreadsheet,
    "a Center logger": centre_logger, "Origin": origin, "FLIR": flir,
}  # fmt: skip
