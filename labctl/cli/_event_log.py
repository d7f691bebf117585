"""labctl's own log of a run, for whoever looks for a fault: `LABCTL_LOG=info labctl run ...`.

One line a change of state on standard error; the journal is the record.
"""

from __future__ import annotations

from labctl.events import LASER, Emission, Event, PortTrouble, StateChanged, Tripped
from labctl.log import Logger


class EventLog:
    """Writes what changed, with the run's own time; readings are not changes."""

    def __init__(self, logger: Logger) -> None:
        self._logger = logger

    def show(self, event: Event) -> None:
        """Log the event if it is a change of state."""
        match event:
            case StateChanged():
                fields = {"old": event.old, "new": event.new, "why": event.why}
            case Emission():
                fields = {"beam": event.beam.value, "how": event.how, "why": event.why}
                if event.source != LASER:
                    fields["source"] = event.source
            case PortTrouble():
                fields = {"instrument": event.instrument, "what": event.what}
                fields["detail"] = event.detail
            case Tripped():
                fields = {"rule": event.rule, "message": event.message}
            case _:
                return
        self._logger.info(event.kind, t_ns=event.t_ns, **fields)
