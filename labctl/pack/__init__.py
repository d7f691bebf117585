"""A pack: what a second laboratory needs to do the same on its own bench, in one file, and to say
whether it found the same.

Protocol, sample, limits, what the reference's bench stated of its calibrations, the reference's
results with uncertainty and its journal's head hash. A pack carries no arming, no waiver, no
address of an instrument, and nothing in it can loosen a limit of the bench that it is run on.
docs/reference/pack.md has the format.
"""

from labctl.pack._agree import Agreement, Compared, agreement
from labctl.pack._make import make_from_protocol, make_from_run, release_limits
from labctl.pack._pack import (
    FILES,
    MANIFEST,
    SCHEMA,
    SUFFIX,
    Pack,
    open_pack,
    read_pack,
    write_pack,
)
from labctl.pack._run import Prepared, prepare_protocol
from labctl.pack._sign import (
    CHANGED,
    SIGNATURE,
    SIGNED,
    Signed,
    sign_pack,
    signature_of,
    verify_pack,
)

__all__ = [
    "CHANGED",
    "FILES",
    "MANIFEST",
    "SCHEMA",
    "SIGNATURE",
    "SIGNED",
    "SUFFIX",
    "Agreement",
    "Compared",
    "Pack",
    "Prepared",
    "Signed",
    "agreement",
    "make_from_protocol",
    "make_from_run",
    "open_pack",
    "prepare_protocol",
    "read_pack",
    "release_limits",
    "sign_pack",
    "signature_of",
    "verify_pack",
    "write_pack",
]
