"""The instrument drivers that ship with labctl: one file an instrument family."""
