"""Comparison of names, and visibility of text."""

from __future__ import annotations

import unicodedata

# Letters and marks of Unicode that have no visible form.
_BLANK = "\u034f\u115f\u1160\u2800\u3164\uffa0"


def fold_case(name: str) -> str:
    r"""Return a name for comparison, without differences in case, compatibility forms, outer and double spaces.

    >>> fold_case("Caf\u00e9  ONE ") == fold_case("cafe\u0301 one")
    True
    """
    compatible = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(unicodedata.normalize("NFKC", compatible).split())


def is_visible(text: str) -> bool:
    r"""Return whether a text shows anything but spaces, control and zero-width characters.

    >>> is_visible("\u200b "), is_visible("Yard")
    (False, True)
    """
    return any(unicodedata.category(char)[0] not in "CZ" and char not in _BLANK for char in text)
