"""The bench that is not there: a physical world and the instruments that look at it.

Reached through entry points only: `session:open_session` for a bench in the same process,
`serve:serve` for the same bench over TCP, `faults:describe` for what can be made to go wrong.
"""
