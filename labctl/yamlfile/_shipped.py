"""Files by name: what ships with labctl, and what a person names by its path."""

from __future__ import annotations

import contextlib
from pathlib import Path

from labctl.errors import InputError
from labctl.yamlfile._mark import Mark
from labctl.yamlfile._reader import did_you_mean
from labctl.yamlfile._source import is_file

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped_folder() -> Path:
    """`protocols/` of the checkout, or the copy that travels in the wheel."""
    checkout = _PACKAGE.parent / "protocols"
    if checkout.is_dir() and (_PACKAGE.parent / "pyproject.toml").is_file():
        return checkout
    return _PACKAGE / "_protocols"


def find_file(name: str, what: str, folder: str = "") -> Path:
    """The file that `name` means: a path, or the name of a shipped one in `folder`.

    Raises InputError that lists what there is. `what` is for messages: `protocol`.
    """
    path = Path(name)
    # Of nobody's home folder there is none.
    with contextlib.suppress(RuntimeError):
        path = path.expanduser()
    if is_file(path):
        return path
    place = shipped_folder() / folder
    shipped = sorted(p.stem for p in place.glob("*.yaml"))
    if name in shipped:
        return place / f"{name}.yaml"
    looks_like_path = path.suffix in (".yaml", ".yml") or len(path.parts) > 1
    fix = did_you_mean(path.stem, shipped)
    fix += "Check the path." if looks_like_path else f"Shipped: {', '.join(shipped)}; or a path."
    message = f"there is no {what} '{name}'"
    raise InputError(message, problems=[Mark("").problem("P080", message, fix)])
