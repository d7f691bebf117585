"""Tests of what is attached to a run afterwards."""
