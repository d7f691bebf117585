"""The guard in a process of its own: what it holds, how it is spoken to, what it writes down.

What decides and lights is `labctl.guard`; nothing here does either.
"""

from labctl.guard.process._latched import Latch

__all__ = ["Latch"]
