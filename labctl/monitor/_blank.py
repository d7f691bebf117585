"""A finished blank run -> what a later run takes from it. Computed once, before that run."""

from __future__ import annotations

from pathlib import Path

from labctl.monitor._earlier import read_earlier
from labctl.monitor._handed_on import blank_of
from labctl.monitor._priors import Kind
from labctl.monitor._refit import cell_of
from labctl.photothermal import BlankResult, RecordError

_CHOOSE = "Name the folder of a blank run (a sample of kind solvent) that passed its check."


def read_blank(folder: Path) -> BlankResult:
    """What the blank run in `folder` found, with its journal's head hash; InputError where the
    folder holds no closed run, no blank, or one that did not pass."""
    found = read_earlier(
        folder, Kind.BLANK, what="blank", no_such="the sample of this run was not a solvent",
        choose=_CHOOSE,
    )  # fmt: skip
    try:
        cell = cell_of(found.events, found.priors)
    except RecordError:
        # A solvent that takes up no light tells nothing of the cell.
        cell = None
    return blank_of(found.verdict, found.priors, cell, found.head_hash)
