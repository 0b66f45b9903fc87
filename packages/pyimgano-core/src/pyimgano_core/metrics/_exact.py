"""Numbers of a config as the decimals that a person wrote: the double 0.7 is not seven tenths."""

from __future__ import annotations

from fractions import Fraction


def exact(number: float) -> Fraction:
    """Return the decimal that a float is written as."""
    return Fraction(str(number))
