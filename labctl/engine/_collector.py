"""When Python's cyclic collector may look: it halts every thread for tens of milliseconds, so only
in the dark.

It is one for the whole process. While light is on it is off, and what stood when the light came on
is left out of what it looks through until the run is over. What was left out is never counted as
new again, and without that the collector of a process that makes run after run never comes: what
the ended runs left in circles stayed. So it is asked here, after a run and by the collector's own
rule: when a quarter more stands than stood the last time.
"""

from __future__ import annotations

import gc

_MORE = 1.25
_standing = 0
"""Objects that stood at the first light, or behind the last sweep; 0 before."""
_due = False


def halt() -> None:
    """Light is about to come on."""
    gc.freeze()
    gc.disable()


def resume() -> None:
    """Off was written."""
    gc.enable()


def release() -> None:
    """A run is over, however it ended: everything is looked through again."""
    global _standing, _due
    stood = gc.get_freeze_count()
    gc.unfreeze()
    gc.enable()
    _standing = _standing or stood
    _due = _due or stood > _MORE * _standing


def sweep() -> None:
    """Free what ended runs left, where that may be much; with nothing armed or lit any more. Does
    nothing while another run of the process has light."""
    global _standing, _due
    if _due and gc.isenabled():
        gc.collect()
        _standing, _due = len(gc.get_objects()), False
