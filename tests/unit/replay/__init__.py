"""Tests of labctl.replay: a record as it went."""
