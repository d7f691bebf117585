"""The pytest plugin: with `--labctl-proof`, what passed in full is written down.

For each driver whose test class was made by `contract`: the proof is written when every one of its
tests ran and passed, and an older one is taken away when any did not.
"""

from __future__ import annotations

from typing import Any

import pytest

from labctl.instruments import Driver, forget_proof, write_proof
from labctl.testing._every import EveryDriver

_KEY = pytest.StashKey[dict[str, type[Any]]]()
_failed: set[str] = set()
_passed: set[str] = set()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--labctl-proof`."""
    parser.addoption(
        "--labctl-proof",
        action="store_true",
        help="write a proof beside each driver whose whole contract suite passed",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Which tests belong to which driver, before anything is deselected."""
    _failed.clear()
    _passed.clear()
    config.stash[_KEY] = {
        item.nodeid: item.cls
        for item in items
        if isinstance(item, pytest.Function)
        and isinstance(item.cls, type)
        and issubclass(item.cls, EveryDriver)
    }


def pytest_runtest_logreport(report: Any) -> None:
    """Passed is what passed in all its three phases, and was not expected to fail."""
    if report.outcome != "passed" or hasattr(report, "wasxfail"):
        _failed.add(report.nodeid)
    elif report.when == "call":
        _passed.add(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write, or take away."""
    if not session.config.getoption("--labctl-proof"):
        return
    tests: dict[type[Any], list[str]] = {}
    for nodeid, made in session.config.stash.get(_KEY, {}).items():
        tests.setdefault(made, []).append(nodeid)
    for made, nodeids in tests.items():
        driver: type[Driver] = made.driver
        lacking = [n for n in nodeids if n in _failed or n not in _passed]
        names = {n.rpartition("::")[2].partition("[")[0] for n in nodeids}
        expected = {n for n in dir(made) if n.startswith("test_")}
        if lacking or expected - names:
            forget_proof(driver)
            said = f"not proven: {driver.spec.name} ({len(lacking)} of {len(nodeids)} did not pass)"
        else:
            said = f"proven: {driver.spec.name}, {write_proof(driver, len(nodeids))}"
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(said)
