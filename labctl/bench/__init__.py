"""A bench file -> a connected, identified Bench; calibrations."""

from labctl.bench._connect import Bench, OnTrouble, Reach, connect, reach
from labctl.bench._file import BenchFile

__all__ = ["Bench", "BenchFile", "OnTrouble", "Reach", "connect", "reach"]
