"""A laser that labctl knows, described in a file: the contract suite over the simulated controller,
which knows nothing of the description."""

from __future__ import annotations

from labctl.described._file import parse
from labctl.described._load import made
from labctl.testing import Case, contract
from labctl.yamlfile import Source
from tests.contract.cards import CASES
from tests.contract.test_drivers import simulated

ARROYO = r"""
schema: labctl.driver/1
name: described-arroyo
title: Arroyo 4300
line: {baud: 38400, ends: CR LF, reply_ends: CR LF}
reply_within: 200 ms
identity:
  ask: '*IDN?'
  knows: '(?P<make>Arroyo) (?P<model>(4308|63\d\d)) (?P<serial>\d+) (?P<firmware>\S+)'
errors: {ask: 'ERR?', none: '0'}
source:
  unit: mA
  most: 3 A
  safe: 0 A
  set: LAS:LDI {value}
  decimals: 2
  set_point: {ask: 'LAS:SET:LDI?', reply: '(?P<value>[\d.]+)'}
  measured: {ask: 'LAS:LDI?', reply: '(?P<value>-?[\d.]+)'}
  on: LAS:OUT 1
  off: LAS:OUT 0
  state: {ask: 'LAS:OUT?', on: '1', off: '0'}
"""

_OURS = CASES["arroyo-laser"]
TestDescribedArroyo = contract(
    made(parse(Source("arroyo.yaml", ARROYO))),
    Case(
        _OURS.answer, _OURS.stranger, off=_OURS.off, on=_OURS.on, level=_OURS.level,
        refused=_OURS.refused, settings=_OURS.settings,
    ),
    simulated("arroyo-laser"),
)  # fmt: skip
