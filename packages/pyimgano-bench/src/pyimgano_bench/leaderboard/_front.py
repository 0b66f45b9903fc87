"""What quality costs: the contenders that none beats in both, their Pareto front, and the front in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.words import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyimgano_bench.leaderboard._cost import Price


@define(frozen=True, kw_only=True)
class Contender:
    """A detector's mean image AUROC with its interval's ends, and its cost, above 0."""

    name: str
    cost: float
    value: float
    low: float | None = None
    high: float | None = None

    def beats(self, other: Contender) -> bool:
        """Return whether it is no dearer and no worse, and one of both better."""
        no_loss = self.cost <= other.cost and self.value >= other.value
        return no_loss and (self.cost < other.cost or self.value > other.value)


def pareto_front(contenders: Sequence[Contender]) -> list[Contender]:
    """Return those that no other beats, from cheap to dear."""
    front = [each for each in contenders if not any(other.beats(each) for other in contenders)]
    return sorted(front, key=lambda each: (each.cost, each.name))


def front_in_words(contenders: Sequence[Contender], price: Price) -> list[str]:
    """Return sentences that say which contenders are on the front, and who beats the others."""
    front = pareto_front(contenders)
    told = ", ".join(f"{each.name} ({_facts(each, price)})" for each in front)
    sentences = [f"On the front, from cheap to dear: {told}."]
    for each in sorted(contenders, key=lambda each: -each.value):
        if each not in front:
            better = max((other for other in front if other.beats(each)), key=lambda other: other.value)
            sentences.append(
                f"{each.name} ({_facts(each, price)}) is behind it: {better.name} is no worse and no dearer."
            )
    return sentences


def _facts(contender: Contender, price: Price) -> str:
    return f"{price.in_words(contender.cost)}, {number(contender.value)}"
