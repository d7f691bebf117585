"""Tests of the room that imports others' curves."""
