"""The marker behind the entry point `labctl.transports`: this scheme is the simulator's.

In-process instruments are reached through `session.open_session(...).link("sim://NAME")`.
"""

from __future__ import annotations

from typing import ClassVar


class SimTransport:
    """Says which addresses belong to the simulated bench in the same process."""

    scheme: ClassVar[str] = "sim"
