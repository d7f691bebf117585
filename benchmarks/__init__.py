"""Measurements, never tests: ratios taken in one run, printed beside what they are held against."""
