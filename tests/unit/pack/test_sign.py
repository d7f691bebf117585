"""Signatures of packs, by a real ssh-keygen: who, and whether it is as it was signed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from labctl.cli import main
from labctl.errors import InputError, RefusedError
from labctl.pack import make_from_protocol, sign_pack, signature_of, verify_pack, write_pack
from labctl.pack._pack import pack_bytes

pytestmark = pytest.mark.skipif(
    shutil.which("ssh-keygen") is None, reason="there is no ssh-keygen on this computer"
)


def new_key(path: Path) -> str:
    """Make one; returns its public half."""
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, timeout=30)
    return path.with_name(f"{path.name}.pub").read_text().strip()


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A laboratory that has signed a pack, and whom another knows by its key."""
    root = tmp_path_factory.mktemp("there")
    write_pack(root / "x.labpack", *make_from_protocol("heating-curve", "water"))
    public = new_key(root / "key")
    (root / "signers").write_text(f'lab-a@here namespaces="labctl.pack" {public}\n')
    sign_pack(root / "x.labpack", root / "key")
    return root


@pytest.fixture
def here(there: Path, tmp_path: Path) -> Path:
    """A copy of its pack, its signature, its key and the file of signers."""
    return Path(shutil.copytree(there, tmp_path / "here"))


def told(folder: Path) -> tuple[str, str]:
    found = verify_pack(folder / "x.labpack", folder / "signers")
    return found.told, found.by


def test_a_pack_as_it_was_signed_is_told_with_its_signer(here: Path) -> None:
    """Under whatever name it lies, with the signature beside it."""
    found = verify_pack(here / "x.labpack", here / "signers")
    assert ("signed", "lab-a@here") == (found.told, found.by)
    assert found.key.startswith("ED25519 SHA256:")
    (here / "x.labpack").rename(here / "y.labpack")
    signature_of(here / "x.labpack").rename(signature_of(here / "y.labpack"))
    assert "signed" == verify_pack(here / "y.labpack", here / "signers").told


def test_another_pack_is_not_the_one_that_was_signed(here: Path) -> None:
    """Whole in itself, with hashes of its own: a hash says nothing of who made it."""
    other = pack_bytes(*make_from_protocol("heating-curve", "water", ["power=0.9W"]))
    (here / "x.labpack").write_bytes(other)
    assert ("changed", "") == told(here)


@pytest.mark.parametrize("what", ["garbled", "of something else", "none"])
def test_what_is_no_signature_of_a_pack_is_none(here: Path, what: str) -> None:
    """Also one by a known key, of these bytes, that was asked for as something else's."""
    signature = signature_of(here / "x.labpack")
    if what == "garbled":
        signature.write_text("-----BEGIN SSH SIGNATURE-----\nAAAA\n")
    else:
        signature.unlink()
    if what == "of something else":
        words = ["ssh-keygen", "-Y", "sign", "-f", str(here / "key"), "-n", "file"]
        subprocess.run([*words, str(here / "x.labpack")], check=True, capture_output=True)
    assert told(here) == (("not signed" if what == "none" else "changed"), "")


@pytest.mark.parametrize("rest", ["", 'namespaces="git" ', 'valid-before="20200101" ', "!"])
def test_a_key_that_no_signer_is_known_by_is_unknown(here: Path, rest: str) -> None:
    """Another's, one that is for something else, one whose time is over, one that it is not."""
    public = (here / "key.pub").read_text() if rest else new_key(here / "other")
    name = "!lab-a@here " if rest == "!" else f"lab-a@here {rest}"
    (here / "signers").write_text(name + public)
    assert ("unknown signer", "") == told(here)


def test_a_signature_is_not_written_over(here: Path) -> None:
    """Nor is anything but a whole pack signed, nor with what is no key."""
    pack, key = here / "x.labpack", here / "key"
    with pytest.raises(RefusedError, match="not written over"):
        sign_pack(pack, key)
    signature_of(pack).unlink()
    with pytest.raises(InputError, match="there is no key"):
        sign_pack(pack, here / "none")
    with pytest.raises(InputError, match="ssh-keygen has not signed"):
        sign_pack(pack, here / "signers")
    pack.write_bytes(pack.read_bytes()[:-1])
    with pytest.raises(InputError, match="no whole pack"):
        sign_pack(pack, key)
    assert not signature_of(pack).exists()


def test_signing_and_verifying_from_a_shell(here: Path) -> None:
    """0 signed, 6 changed, 7 unknown or not signed, 2 without a file of signers."""
    pack, signature = here / "x.labpack", signature_of(here / "x.labpack")
    verify = ["pack", "verify", str(pack), "--signers", str(here / "signers")]
    was = signature.read_bytes()
    signature.unlink()
    assert 7 == CliRunner().invoke(main, verify).exit_code
    made = CliRunner().invoke(main, ["pack", "sign", str(pack), "--key", str(here / "key")])
    assert 0 == made.exit_code and str(signature) in made.output
    assert was == signature.read_bytes()
    shown = CliRunner().invoke(main, verify)
    assert 0 == shown.exit_code and "signed: by lab-a@here" in shown.output
    said = json.loads(CliRunner().invoke(main, [*verify, "--json"]).output)
    assert ("labctl.signed/1", "lab-a@here") == (said["schema"], said["by"])
    signature.write_text("nothing")
    assert 6 == CliRunner().invoke(main, verify).exit_code
    (here / "signers").unlink()
    assert 2 == CliRunner().invoke(main, verify).exit_code


def test_a_computer_without_ssh_keygen_is_told(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no pass, and no fault of the pack."""
    monkeypatch.setenv("PATH", str(here))
    with pytest.raises(RefusedError, match="no ssh-keygen on this computer"):
        told(here)
