"""A run as one picture, from its journal alone: `draw(folder)`; and the curves in it;
`draw_files` for print.

Importing this room is cheap; matplotlib (0.24 s) comes with the first picture.
"""

from labctl.figure._curves import Curve, Curves, CurveTaker, Light, Mark, read_curves
from labctl.figure._draw import draw, draw_files, style

__all__ = [
    "Curve",
    "CurveTaker",
    "Curves",
    "Light",
    "Mark",
    "draw",
    "draw_files",
    "read_curves",
    "style",
]
