"""The guard in a process of its own."""
