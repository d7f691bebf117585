"""The one room that can put energy into a sample."""

from labctl.guard._spec import GuardSpec

__all__ = ["GuardSpec"]
