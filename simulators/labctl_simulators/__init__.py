"""The bench that is not there: a physical world and the instruments that look at it."""
