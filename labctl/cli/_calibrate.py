"""`labctl calibrate`: keep what an electrical calibration run found with its bench."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labctl.cli._options import bench_option
from labctl.errors import InputError

if TYPE_CHECKING:
    from labctl.bench import BenchFile
    from labctl.photothermal import ElectricalCalibration


@click.command("calibrate")
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@bench_option
@click.option("--into", default=None, type=click.Path(file_okay=False, path_type=Path),
              help="Folder to put it in; else beside the bench file.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(run: Path, bench: str | None, into: Path | None, as_json: bool) -> None:
    """Work out the electrical calibration in RUN (the folder of a run of `cell-calibration`
    that passed) and keep it with the bench.

    Later runs in the same vessel with the same volume take it by themselves, and say so; the heat
    capacity then cancels. The bench file itself is not touched.
    """
    from labctl.monitor import calibration_to_plain, read_calibration, store_calibration
    from labctl.ready import home, load_bench

    bench_file, _ = load_bench(bench)
    found = read_calibration(run)
    _check_bench(found, bench_file, run)
    path = store_calibration(found, into or home(bench_file))
    if as_json:
        click.echo(json.dumps({"file": str(path), **calibration_to_plain(found)}))
        return
    for line in _lines(found):
        click.echo(line)
    click.echo(f"kept in {path}")


def _check_bench(found: ElectricalCalibration, bench: BenchFile, run: Path) -> None:
    if found.bench != bench.name:
        raise InputError(
            f"this run was on bench '{found.bench}', and the bench file is of '{bench.name}'",
            where=str(run),
            fix="Name the run's own bench with --bench.",
        )


def _lines(found: ElectricalCalibration) -> list[str]:
    cell = found.cell
    of = f" ({found.world}, simulated)" if found.world else ""
    capacity = f"{math.exp(-cell.mean[0]):.4g} J/K ± {_percent(cell.covariance[0][0])}"
    # k is a rate: with the heat capacity that was found it is a heat loss. Wall and coupling were
    # stated for the heat capacity that the run started with.
    loss, loss_sd = _for_found_capacity(found, 1, 1.0)
    coupling, coupling_sd = _for_found_capacity(found, 2, cell.heat_capacity_j_per_k)
    wall, wall_sd = _for_found_capacity(found, 3, cell.heat_capacity_j_per_k)
    return [
        f"CALIBRATION  {found.vessel}, {found.volume_m3 * 1e6:.3g} mL, {found.date}{of}",
        f"heat capacity of the liquid  {capacity}",
        f"wall                         {wall:.3g} J/K ± {wall_sd}",
        f"coupling to it               {coupling:.3g} W/K ± {coupling_sd}",
        f"heat loss                    {loss * 1e3:.3g} mW/K ± {loss_sd}, at the surroundings' "
        "temperature",
        f"                             {cell.mean[5] * 100.0:+.2g} % of it for each kelvin above",
        f"electrical power             ± {found.power_relative_sd * 100.0:.2g} %",
        "one standard deviation each; what they leave open together is kept with them",
        "for white noise: on a real bench they are a floor",
    ]


def _for_found_capacity(
    found: ElectricalCalibration, place: int, stated_for: float
) -> tuple[float, str]:
    """A parameter of the cell times the heat capacity found over the one it is stated for, and its
    relative deviation: ln value - ln a, with their covariance."""
    mean, covariance = found.cell.mean, found.cell.covariance
    variance = covariance[place][place] + covariance[0][0] - 2.0 * covariance[0][place]
    return math.exp(mean[place] - mean[0]) / stated_for, _percent(variance)


def _percent(variance: float) -> str:
    return f"{math.sqrt(max(variance, 0.0)) * 100.0:.2g} %"
