"""What is taken on a simulated bench where nobody says what: one place, for all who need it."""

DEFAULT_SAMPLE = "pda-aminoacid"
"""When a protocol uses light and no sample is named."""
BLANK, SOLVENT = "blank", "water"
"""The protocol that is for a solvent alone, and what is taken for it."""
