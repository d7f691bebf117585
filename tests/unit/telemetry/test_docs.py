"""What the pages on subscribing say is true."""

from __future__ import annotations

import re
import select

from labctl.events import Mode
from labctl.telemetry import Address, BrokerChoice, Telemetry, schemas
from tests.unit.telemetry import runs
from tests.unit.telemetry.conftest import ROOT, RealBroker, child


def test_the_ten_line_subscriber_subscribes(broker: RealBroker) -> None:
    """The subscriber of the page, run as it stands, prints a run's readings."""
    page = (ROOT / "docs" / "how-to" / "subscribe.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert 10 >= len([line for line in code.splitlines() if line.strip()])
    subscriber = child(code, "127.0.0.1", str(broker.port))
    telemetry = Telemetry(
        "page", Mode.SIMULATED, {}, BrokerChoice(Address.parse(broker.url)), utc_zero_ns=0
    )
    telemetry.start()
    try:
        assert telemetry.wait_ready(5)
        assert subscriber.stdout is not None
        line = ""
        for number in range(200):
            # The subscriber takes a moment to be there; readings go on meanwhile.
            telemetry.publish(runs.sample(number))
            if subscriber.poll() is None and (line := _line_within(subscriber.stdout, 0.05)):
                break
        assert re.match(r"SIMULATED 1970-01-01T\S+Z \d+\.0\n", line)
    finally:
        assert telemetry.close()
        subscriber.kill()
        subscriber.communicate()


def _line_within(stream: object, timeout_s: float) -> str:
    """A line that is there within the time, or ''."""
    ready, _, _ = select.select([stream], [], [], timeout_s)
    return stream.readline() if ready else ""  # type: ignore[attr-defined]


def test_every_topic_has_its_schema_in_the_reference() -> None:
    """Each payload that has a schema has its row in the table of topics."""
    page = (ROOT / "docs" / "reference" / "mqtt.md").read_text(encoding="utf-8")
    topics = {
        re.match(r"`(.*?)`", schema["description"])[1]  # type: ignore[index]
        for schema in schemas()["$defs"].values()
    }
    missing = [topic for topic in topics if f"`{topic}`" not in page]
    assert [] == missing
