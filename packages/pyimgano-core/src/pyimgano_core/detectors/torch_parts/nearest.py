"""The search for the nearest remembered vector, in pieces that fit into memory, and the re-weighted score."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pyimgano_core.detectors.torch_parts.scorer import Scorer

_PIECE = 2**21  # distances that are looked at together
_FEWEST = 32  # patches per piece, below which the products become slow


class NearestNeighbour(nn.Module):
    """Distance to the nearest vector of a bank, exact.

    Args:
        bank: (B, C) remembered vectors, scaled and centred.
        scale: (C,) what patch vectors are multiplied with.
        center: (C,) what is subtracted then; a centred bank keeps the rounding of the squares small.
        largest: the longest bank that the graph may be given, by which the patches are cut into pieces.
        neighbours: remembered vectors that weigh the score by `rarity`, 0 where it is not used.
    """

    bank: Tensor
    squares: Tensor
    scale: Tensor
    center: Tensor

    def __init__(
        self, bank: Tensor, scale: Tensor, center: Tensor, *, largest: int, neighbours: int = 0
    ) -> None:
        super().__init__()
        self.register_buffer("bank", bank)
        self.register_buffer("squares", bank.square().sum(dim=1))  # (B,)
        self.register_buffer("scale", scale)
        self.register_buffer("center", center)
        self.piece = max(_FEWEST, _PIECE // largest)
        self.neighbours = min(neighbours, len(bank))

    def extra_repr(self) -> str:
        """Return what the exported graph depends on apart from the buffers."""
        return f"piece={self.piece}, neighbours={self.neighbours}"

    def forward(self, patches: Tensor) -> Tensor:
        """Return distances (N, P) of patch vectors (N, P, C)."""
        pieces = [self._nearest(piece) for piece in torch.split(patches, self.piece, dim=1)]
        return torch.cat(pieces, dim=1)

    def _nearest(self, patches: Tensor) -> Tensor:
        query = self._placed(patches)  # (N, p, C)
        squared = self._partial(query.flatten(0, 1)).amin(dim=1).reshape(query.shape[:2])
        return (squared + query.square().sum(dim=2)).clamp(min=0).sqrt()

    def _placed(self, patches: Tensor) -> Tensor:
        return patches * self.scale - self.center

    def _partial(self, query: Tensor) -> Tensor:
        """Return (Q, B): |b|^2 - 2 q.b, the squared distances to the bank less |q|^2, of query (Q, C)."""
        return nn.functional.linear(query * -2, self.bank, self.squares)

    def rarity(self, patches: Tensor, distances: Tensor) -> Tensor:
        """Return (N,) how rare the neighbourhood of each image's farthest patch is, between 0 and 1.

        With m* the remembered vector next to the farthest patch q: 1 - exp |q - m*| / sum exp |q - m| over
        the `neighbours` remembered vectors m next to m*, m* among them. Equation 7 of arXiv:2106.08265.

        Args:
            patches: (N, P, C).
            distances: (N, P) of the patches.
        """
        farthest = distances.argmax(dim=1)[:, None, None].expand(-1, 1, patches.shape[2])
        query = self._placed(patches.gather(1, farthest)[:, 0])  # (N, C)
        nearest = self.bank[self._partial(query).argmin(dim=1)]  # (N, C)
        near = self._partial(nearest).topk(self.neighbours, dim=1, largest=False).indices  # (N, b)
        around = (query[:, None] - self.bank[near]).square().sum(dim=2).sqrt()  # (N, b)
        to_nearest = (query - nearest).square().sum(dim=1).sqrt()  # (N,)
        return 1 - (to_nearest - around.logsumexp(dim=1)).exp()


class ReweightedScorer(Scorer):
    """The score is that of the farthest patch alone, weighed by how rare its neighbourhood is."""

    head: NearestNeighbour

    @property
    def reduction(self) -> str:
        """How the score comes from the distances of the patches."""
        among = f"the {self.head.neighbours} remembered vectors around its nearest"
        return f"distance of the farthest patch, weighed by its distances to {among}"

    def reduce(self, patches: Tensor, distances: Tensor) -> Tensor:
        """Return scores (N,) of patch vectors (N, P, C) and their distances (N, P)."""
        return distances.amax(dim=1) * self.head.rarity(patches, distances)
