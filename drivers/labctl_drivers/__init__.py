"""Drivers of labctl: one file an instrument family, plain classes over `labctl.instruments`."""
