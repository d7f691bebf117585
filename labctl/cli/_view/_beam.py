"""What is known of the beam now: what was told, and what the source has read back since."""

from __future__ import annotations

from labctl.cli._view._seen import Seen
from labctl.cli._view._words import READ_BACK, beam_words
from labctl.events import LASER, Beam, Emission


def beam_now(seen: Seen, silent_ns: int = 0, source: str = LASER) -> tuple[Beam | None, str]:
    """The beam (of the heater: whether power flows), None where nothing is known of it yet, and in
    words how that is known and since when; `silent_ns` is how long nothing has been heard beyond
    what the run's clock says.

    A reading makes what was told younger or contradicts it, and then only to the worse.
    """
    told, read = seen.told(source), seen.read_back(source)
    if read is None:
        if told is None:
            return None, "not lit in this run"
        return told.beam, beam_words(told, seen.t_ns - told.t_ns + silent_ns)
    beam = Beam.ON if read.value else Beam.OFF
    power_w = seen.asked_w(source) if beam is Beam.ON else None
    words = beam_words(
        Emission(read.t_ns, beam, READ_BACK, power_w), seen.t_ns - read.t_ns + silent_ns
    )
    if told is None or told.beam is beam:
        return beam, words
    if beam is Beam.ON:
        return beam, f"{words}, but {told.beam.value.upper()} was told"
    if told.beam is Beam.ON and told.how == READ_BACK:
        return Beam.UNKNOWN, f"UNKNOWN: {words}, but ON was told"
    # On its way up, or off not confirmed: one reading of OFF is no reason to say so.
    return told.beam, beam_words(told, seen.t_ns - told.t_ns + silent_ns)
