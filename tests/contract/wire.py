"""The wire and the card of `labctl.testing`, for the tests here."""

from labctl.testing import MS, Answer, Card, Wire

__all__ = ["MS", "Answer", "Card", "Wire"]
