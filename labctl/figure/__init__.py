"""A run as one picture, from its journal alone: `draw(folder)`.

Importing this room is cheap; matplotlib (0.24 s) comes with the first picture.
"""

from labctl.figure._draw import draw

__all__ = ["draw"]
