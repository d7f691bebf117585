"""One long step of a chain of heat capacities: linearly implicit, by the midpoint, second order.

For the dark, where nothing is fast and the short step's work is for nothing. No step is too long
for it to stay bounded, and what flows from one link into the next is the same on both sides, so
that heat is conserved exactly.
"""

from __future__ import annotations

from collections.abc import Sequence


def changes(
    capacity_j_per_k: Sequence[float],
    net_w: Sequence[float],
    link_w_per_k: Sequence[float],
    out_w_per_k: Sequence[float],
    h_s: float,
) -> list[float]:
    """Change of each temperature over `h_s`.

    `net_w` flows into each node now; `link_w_per_k` leads from each node to the next (one less
    than nodes); `out_w_per_k` is how much more each loses to the outside for one kelvin more.
    """
    half = 0.5 * h_s
    last = len(net_w) - 1
    # Thomas' elimination of (C - h/2 J) dT = h f, J symmetric.
    above: list[float] = []
    right: list[float] = []
    for k, net in enumerate(net_w):
        before = link_w_per_k[k - 1] if k else 0.0
        after = link_w_per_k[k] if k < last else 0.0
        diagonal = capacity_j_per_k[k] + half * (before + after + out_w_per_k[k])
        side = h_s * net
        if k:
            diagonal -= half * before * above[-1]
            side += half * before * right[-1]
        above.append(half * after / diagonal)
        right.append(side / diagonal)
    found = [0.0] * (last + 1)
    carried = 0.0
    for k in range(last, -1, -1):
        carried = found[k] = right[k] + above[k] * carried
    return found
