"""labctl: runs a photothermal lab bench and checks the heating against the model as it goes."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

    from labctl.export import Run

__version__ = "0.1.0"

__all__ = ["__version__", "load"]


def load(run: "str | PathLike[str]") -> "Run":
    """The record in a run's folder: its events, and its samples for pandas and xarray.

        run = labctl.load("runs/2026-01-31/001-heating-curve-water")
        run.to_pandas(), run.to_xarray(), run.units, run.events, run.facts

    RecordError when there is no journal; RefusedError, by the method, where pandas or xarray is
    not installed.
    """
    from labctl import export

    return export.load(run)
