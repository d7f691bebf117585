"""A run as one picture, from its journal alone: `draw(folder)`; and the curves in it;
`draw_files` for print; several runs as one, `draw_overlay`.

Importing this room is cheap; matplotlib (0.24 s) comes with the first picture.
"""

from labctl.figure._curves import Curve, Curves, CurveTaker, Light, Mark, read_curves
from labctl.figure._draw import draw, draw_files, style
from labctl.figure._overlay import Overlaid, draw_overlay

__all__ = [
    "Curve",
    "CurveTaker",
    "Curves",
    "Light",
    "Mark",
    "Overlaid",
    "draw",
    "draw_files",
    "draw_overlay",
    "read_curves",
    "style",
]
