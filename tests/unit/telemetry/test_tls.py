"""TLS, user and password, and the access list of the page, on a real mosquitto."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from labctl.errors import InputError
from labctl.events import Mode
from labctl.settings import Settings
from labctl.telemetry import Address, BrokerChoice, Telemetry
from labctl.telemetry import _mosquitto as mosquitto
from labctl.telemetry._supervisor import free_port, listens
from tests.unit.telemetry import runs
from tests.unit.telemetry.conftest import ROOT, until

PASSWORDS = {"bench-1": "correct horse", "viewer": "battery staple"}


@dataclass(frozen=True)
class Guarded:
    """The broker of the page."""

    port: int
    ca: Path
    folder: Path

    @property
    def url(self) -> str:
        return f"mqtts://localhost:{self.port}"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """As `docs/how-to/subscribe-from-another-computer.md` has it, with its files here."""
    path, passwd = mosquitto.executable(), shutil.which("mosquitto_passwd")
    if path is None or passwd is None or shutil.which("openssl") is None:
        pytest.skip("no mosquitto, mosquitto_passwd or openssl on this machine")
    folder, port = tmp_path_factory.mktemp("tls"), free_port()
    certificates(folder)
    page = (ROOT / "docs" / "how-to" / "subscribe-from-another-computer.md").read_text()
    blocks = [text for _, text in re.findall(r"^```(\w*)\n(.*?)^```$", page, re.M | re.S)]
    (conf,) = [text for text in blocks if "listener 8883" in text]
    (acl,) = [text for text in blocks if text.startswith("user bench-1")]
    for number, (user, password) in enumerate(PASSWORDS.items()):
        subprocess.run(
            [passwd, *(["-c"] if not number else []), "-b", str(folder / "passwd"), user, password],
            check=True, capture_output=True,
        )  # fmt: skip
    (folder / "acl").write_text(acl)
    (folder / "acl").chmod(0o600)
    conf = conf.replace("/etc/mosquitto/certs", str(folder)).replace("/etc/mosquitto", str(folder))
    # mosquitto as root would become a user who cannot read these files.
    (folder / "conf").write_text(
        conf.replace("listener 8883", f"listener {port} 127.0.0.1") + "user root\nlog_dest none\n"
    )
    process = subprocess.Popen([path, "-c", str(folder / "conf")], stderr=subprocess.DEVNULL)
    assert until(lambda: listens(port))
    yield Guarded(port, folder / "ca.crt", folder)
    process.kill()
    process.wait()


def certificates(folder: Path) -> None:
    """Of an authority, and of a server that is `localhost`."""
    quick = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    (folder / "names").write_text("subjectAltName=DNS:localhost")
    for command in (
        ["req", "-x509", *quick, "-days", "2", "-subj", "/CN=lab", "-keyout", "ca.key",
         "-out", "ca.crt"],
        ["req", *quick, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr"],
        ["x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
         "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "server.crt"],
    ):  # fmt: skip
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)


def choice(guarded: Guarded, user: str | None, ca: Path | None = None) -> BrokerChoice:
    """As the environment makes it."""
    settings = Settings(
        mqtt_user=user, mqtt_password=PASSWORDS.get(user or ""), mqtt_ca=ca or guarded.ca
    )
    return BrokerChoice(Address.parse(guarded.url).known_as(settings))


def telemetry(guarded: Guarded, bench: str, broker: BrokerChoice) -> Telemetry:
    made = Telemetry(bench, Mode.SIMULATED, {}, broker, utc_zero_ns=0)
    made.start()
    made.publish(runs.BEGUN)
    return made


def as_viewer(guarded: Guarded, topic: str, within_s: str = "2") -> list[str]:
    """What mosquitto_sub gets as the viewer: topics."""
    line = choice(guarded, "viewer").address.mosquitto_sub(topic)  # type: ignore[union-attr]
    words = line.replace('"$MQTT_PASSWORD"', f"'{PASSWORDS['viewer']}'")
    done = subprocess.run(
        ["sh", "-c", f"{words} -F %t -W {within_s}"], capture_output=True, text=True, check=False
    )
    return done.stdout.split()


def test_a_bench_writes_its_own_and_a_viewer_reads_it(guarded: Guarded) -> None:
    """By TLS, user and password; the line that labctl prints shows it; what the bench writes under
    another's name, and what the viewer writes, does not arrive."""
    own = telemetry(guarded, "bench-1", choice(guarded, "bench-1"))
    others = telemetry(guarded, "bench-2", choice(guarded, "bench-1"))
    forged = telemetry(guarded, "bench-1", choice(guarded, "viewer"))
    try:
        assert own.wait_ready(5) and others.wait_ready(5) and forged.wait_ready(5)
        assert own.session != forged.session
        assert until(lambda: min(t.counters().sent for t in (own, others, forged)) > 3)
        seen = as_viewer(guarded, "labctl/v1/#", "1")
        assert {"labctl/v1/bench-1/$state", "labctl/v1/bench-1/$desc"} <= set(seen)
        assert [] == [topic for topic in seen if not topic.startswith("labctl/v1/bench-1/")]
        assert "correct horse" not in f"{own.status} {own.address} {own.mosquitto_sub_line()}"
    finally:
        ended = [t.close() for t in (own, others, forged)]
    assert all(ended)


@pytest.mark.parametrize(
    ("user", "words"), [(None, "ot authori"), ("nobody", "ot authori")], ids=["no user", "unknown"]
)
def test_nobody_comes_in_without_a_password(guarded: Guarded, user: str | None, words: str) -> None:
    """The run goes on without telemetry, and its status says what the broker said."""
    refused = telemetry(guarded, "bench-1", choice(guarded, user))
    try:
        assert until(lambda: words in refused.status), refused.status
        assert not refused.wait_ready(0)
    finally:
        assert refused.close()


def test_a_broker_that_cannot_prove_itself_is_not_spoken_to(guarded: Guarded) -> None:
    """Its certificate is by an authority that is not known here: no password is sent."""
    stranger = guarded.folder / "stranger.crt"
    if not stranger.exists():
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
             "-nodes", "-subj", "/CN=other", "-keyout", "x.key", "-out", str(stranger)],
            cwd=guarded.folder, check=True, capture_output=True,
        )  # fmt: skip
    refused = telemetry(guarded, "bench-1", choice(guarded, "bench-1", stranger))
    missing = telemetry(guarded, "bench-2", choice(guarded, "bench-1", guarded.folder / "none"))
    try:
        assert until(lambda: "CERTIFICATE_VERIFY_FAILED" in refused.status), refused.status
        assert until(lambda: "certificates for the broker cannot be read" in missing.status)
    finally:
        assert refused.close() and missing.close()


def test_a_password_comes_from_a_file_that_nobody_else_reads(tmp_path: Path) -> None:
    """And what the address itself says comes before the environment."""
    file = tmp_path / "password"
    file.write_text("from the file\n")
    file.chmod(0o600)
    settings = Settings(mqtt_user="ada", mqtt_password_file=file)
    address = Address.parse("mqtts://lab")
    assert ("ada", "from the file") == (
        address.known_as(settings).user, address.known_as(settings).password,
    )  # fmt: skip
    said = Address.parse("mqtts://eve:x@lab").known_as(settings)
    assert ("eve", "x") == (said.user, said.password)
    file.chmod(0o644)
    with pytest.raises(InputError, match="others can read this password"):
        address.known_as(settings)
    file.unlink()
    with pytest.raises(InputError, match="cannot be read"):
        address.known_as(settings)
