"""What a driver must fulfil before anybody lights with it: the contract suite, for pytest.

In a test module of the driver's own project:

    from labctl.testing import Case, contract

    TestMyMeter = contract(MyMeter, Case(answer=..., stranger=...))

makes one test class with everything that the driver's capabilities ask for, tried against the
transcript that the case holds and, where one is given, a simulator. `pytest -p labctl.testing
--labctl-proof` writes down beside the driver's file that all of it passed: see `Proof`.

Needs pytest, and nothing of labctl needs this room.
"""

import pytest

pytest.register_assert_rewrite(
    "labctl.testing._assays",
    "labctl.testing._dosers",
    "labctl.testing._every",
    "labctl.testing._gates",
    "labctl.testing._sensors",
    "labctl.testing._sources",
    "labctl.testing._thermostats",
)

from labctl.testing._case import Case  # noqa: E402
from labctl.testing._contract import contract  # noqa: E402
from labctl.testing._plugin import (  # noqa: E402
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_runtest_logreport,
    pytest_sessionfinish,
)
from labctl.testing._rig import FarEnd, Rig  # noqa: E402
from labctl.testing._transcript import Difference, Exchange, Transcript  # noqa: E402
from labctl.testing._wire import MS, Answer, Card, Wire  # noqa: E402

__all__ = [
    "MS",
    "Answer",
    "Card",
    "Case",
    "Difference",
    "Exchange",
    "FarEnd",
    "Rig",
    "Transcript",
    "Wire",
    "contract",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_runtest_logreport",
    "pytest_sessionfinish",
]
