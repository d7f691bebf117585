"""What a bench file says of what goes before light: `arming`, and waivers of drivers."""

from __future__ import annotations

from labctl.bench._fields import (
    ACT_HOLDS,
    ARMING,
    COMMISSIONED,
    SIMULATED_WARNING,
    UNTIL,
    WAIVED_BY,
    WAIVED_DRIVERS,
    WAIVERS,
    WARNING,
    WHY,
)
from labctl.bench._model import Arming, Waiver
from labctl.yamlfile import Row


def read_arming(row: Row) -> Arming:
    """As written, and as usual where nothing is."""
    given = row[ARMING]
    if given is None:
        return Arming()
    usual, holds, warning = Arming(), given[ACT_HOLDS], given[WARNING]
    return Arming(
        act_holds_s=usual.act_holds_s if holds is None else holds,
        warning_s=usual.warning_s if warning is None else warning,
        simulated_warning_s=given[SIMULATED_WARNING],
        commissioned=given[COMMISSIONED] is True,
    )


def read_driver_waivers(row: Row) -> dict[str, Waiver]:
    """By the driver's name; one of which a problem was told is left out."""
    given = row[WAIVERS]
    out: dict[str, Waiver] = {}
    for name, item in ((given[WAIVED_DRIVERS] or {}) if given is not None else {}).items():
        by, until, why = item.value[WAIVED_BY], item.value[UNTIL], item.value[WHY]
        if by is not None and until is not None and why is not None:
            mark = item.key.mark
            out[name] = Waiver(by, until, why, where=f"{mark.file}:{mark.line}")
    return out
