"""What a sample has had over all its runs: light, heat, and by which runs.

A ledger is worked out from the journals whenever it is asked for; nothing keeps it, so that nothing
can disagree with them. docs/explanation/dose.md has what it can and cannot say.
"""

from labctl.ledger._ledger import Identity, SampleLedger, identity_of, sample_ledgers
from labctl.ledger._run_dose import RunDose, run_dose
from labctl.ledger._words import ledger_sentence, ledger_table

__all__ = [
    "Identity",
    "RunDose",
    "SampleLedger",
    "identity_of",
    "ledger_sentence",
    "ledger_table",
    "run_dose",
    "sample_ledgers",
]
