"""A detached signature of a pack, by a key of the laboratory: OpenSSH's, through `ssh-keygen -Y`.

`x.labpack.sig` lies beside `x.labpack`. It says that whoever has the private key had these bytes in
hand; whose key that is, a file of known signers says, which each laboratory keeps for itself (the
format of ssh-keygen(1), ALLOWED SIGNERS). No key and no cryptography is labctl's own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labctl.errors import InputError, RecordError, RefusedError
from labctl.pack._pack import Pack, pack_of, read_bytes, write_new

SIGNATURE = ".sig"
"""Behind a pack's name."""
NAMESPACE = "labctl.pack"
"""In every signature, so that one that was made of something else is none of a pack."""
SIGNED, CHANGED, UNKNOWN, NONE = "signed", "changed", "unknown signer", "not signed"
_WAIT_S = 30.0
_LARGEST = 1 << 16
_KEY = re.compile(r"with (\S+) key (SHA256:\S+)")


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature says of a pack."""

    told: str
    """`signed`; `changed`: it is of other bytes, or is none; `unknown signer`: it is of these
    bytes, and no known signer's; `not signed`."""
    why: str
    by: str = ""
    """The signer, as the file of known ones names the key."""
    key: str = ""
    """Kind and fingerprint of the key that signed."""
    sha256: str = ""
    """Of the pack."""


def sign_pack(path: Path, key: Path) -> tuple[Path, Pack]:
    """Sign the pack at `path` with the private key in the file `key`, or with the one in the agent
    whose public key that is; ssh-keygen asks for a passphrase by itself. Returns where the
    signature is. InputError for what is no pack or no key, RefusedError where there is a signature
    already or no ssh-keygen, RecordError where the disk does not take it."""
    data = read_bytes(path)
    pack = pack_of(data, str(path))
    signature = signature_of(path)
    if signature.exists():
        raise RefusedError("is there already and is not written over", where=str(signature))
    if not key.is_file():
        raise InputError(
            "there is no key", where=str(key), fix="`ssh-keygen -t ed25519 -f lab-key` makes one."
        )
    with tempfile.TemporaryDirectory(prefix="labctl-sign-") as made:
        file = Path(made) / "pack"
        file.write_bytes(data)
        # Not by its standard input: there it may want a passphrase.
        words = ("-Y", "sign", "-f", str(key.absolute()), "-n", NAMESPACE, str(file))
        done = _ssh_keygen(*words, wait_s=None)
        try:
            text = Path(f"{file}{SIGNATURE}").read_bytes()
        except FileNotFoundError:
            raise InputError(
                f"ssh-keygen has not signed: {_said(done)}",
                where=str(key),
                fix="Name a private key of OpenSSH, 8.2 or newer.",
            ) from None
    write_new(signature, text)
    return signature, pack


def verify_pack(path: Path, signers: Path, signature: Path | None = None) -> Signed:
    """Hold the pack at `path` against a signature, else against the one beside it, and its key
    against the file of known `signers`. InputError for what is no pack, or where there are no
    signers; RefusedError where there is no ssh-keygen."""
    data = read_bytes(path)
    sha256 = pack_of(data, str(path)).sha256
    if not signers.is_file():
        raise InputError(
            "there is no file of known signers",
            where=str(signers),
            fix='A line a signer: NAME namespaces="labctl.pack" and their public key.',
        )
    beside = signature or signature_of(path)
    try:
        with beside.open("rb") as file:
            text = file.read(_LARGEST)
    except FileNotFoundError:
        return Signed(NONE, f"there is no {beside.name}", sha256=sha256)
    except OSError as error:
        raise RecordError(
            "cannot be read", where=str(beside), seen=error.strerror or str(error)
        ) from error
    with tempfile.TemporaryDirectory(prefix="labctl-sign-") as made:
        held = Path(made) / "signature"
        held.write_bytes(text)
        found = _held(data, str(held), str(signers.absolute()))
    return Signed(*found, sha256=sha256)


def signature_of(path: Path) -> Path:
    """Where the signature of a pack lies."""
    return path.with_name(path.name + SIGNATURE)


def _held(data: bytes, signature: str, signers: str) -> tuple[str, str, str, str]:
    of_these = ("-n", NAMESPACE, "-s", signature)
    whole = _ssh_keygen("-Y", "check-novalidate", *of_these, data=data)
    if whole.returncode != 0:
        return CHANGED, f"the signature is not one of this pack: {_said(whole)}", "", ""
    made_with = _KEY.search(whole.stdout.decode(errors="replace"))
    key = " ".join(made_with.groups()) if made_with else ""
    asked = _ssh_keygen("-Y", "find-principals", "-s", signature, "-f", signers)
    for name in _names(asked.stdout.decode(errors="replace")):
        done = _ssh_keygen("-Y", "verify", "-f", signers, "-I", name, *of_these, data=data)
        if done.returncode == 0:
            return SIGNED, f"by {name}, and the pack is as it was signed", name, key
        asked = done
    why = f"the pack is as it was signed, but no known signer has this key: {_said(asked)}"
    return UNKNOWN, why, "", key


def _names(text: str) -> Iterator[str]:
    """A line of known signers may name several, and some that it is not."""
    for line in text.splitlines():
        yield from (name for name in line.split(",") if name and not name.startswith("!"))


def _ssh_keygen(
    *words: str, data: bytes | None = None, wait_s: float | None = _WAIT_S
) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("ssh-keygen")
    if program is None:
        raise RefusedError(
            "there is no ssh-keygen on this computer", fix="Install OpenSSH, 8.2 or newer."
        )
    try:
        return subprocess.run(
            [program, *words], input=data, capture_output=True, timeout=wait_s, check=False,
            env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        raise RefusedError("ssh-keygen does not answer", seen=str(error)) from error


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    """Its last word on it."""
    lines = done.stderr.decode(errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "it does not say why")
