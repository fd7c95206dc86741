"""Palettes of pictures: colours from the least value to the greatest.

The named ones are matplotlib's (viridis, magma, inferno, plasma: CC0) and others of wide use, each
as a few of their colours with straight lines between. Cividis reads the same to all eyes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_ANCHORS = {
    "cividis": "00224e 123570 3b496c 575d6d 707173 8a8678 a59c74 c3b369 e1cc55 fee838",
    "gray": "000000 ffffff",
    "inferno": "000004 1b0c41 4a0c6b 781c6d a52c60 cf4446 ed6925 fb9b06 f7d13d fcffa4",
    "magma": "000004 180f3d 440f76 721f81 9e2f7f cd4071 f1605d fd9668 feca8d fcfdbf",
    "plasma": "0d0887 46039f 7201a8 9c179e bd3786 d8576b ed7953 fb9f3a fdca26 f0f921",
    "turbo": "30123b 4145ab 4675ed 39a2fc 1bcfd4 24eca6 61fc6c a4fc3b d1e834 f3c63a fe9b2d f36315"
    " d93806 b11901 7a0402",
    "viridis": "440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725",
}


def colours(palette: str | Sequence[str], count: int) -> npt.NDArray[np.uint8]:
    """`count` colours of a palette, evenly spaced: (count, 3), red, green and blue.

    A palette is a name of `document_rules.outputs.PALETTES`, or colours such as "#ff8800".
    """
    given = _ANCHORS[palette].split() if isinstance(palette, str) else palette
    anchors = np.array([list(bytes.fromhex(colour.removeprefix("#"))) for colour in given])
    places = np.linspace(0, len(anchors) - 1, count)
    below = np.minimum(places.astype(np.int64), len(anchors) - 2)
    part = (places - below)[:, None]
    mixed = anchors[below] * (1 - part) + anchors[below + 1] * part
    table: npt.NDArray[np.uint8] = np.rint(mixed).astype(np.uint8)
    return table
