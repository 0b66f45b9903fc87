import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.scoring._tiling import TileGrid, tile_starts, tile_weights

overlaps = st.floats(0.0, 0.89)
tiles = st.integers(1, 24)
lengths = st.integers(1, 90)


@st.composite
def grids(draw):
    size, tile = draw(st.tuples(lengths, lengths)), draw(st.tuples(tiles, tiles))
    return TileGrid(size=size, tile=tile, overlap=draw(overlaps))


def cut_map(grid, score_map):
    """What a scorer gives that sees a pixel the same in every tile: pieces of one map (H, W)."""
    below, right = (max(0, tile - length) for tile, length in zip(grid.tile, grid.size, strict=True))
    padded = np.pad(score_map, ((0, below), (0, right)), mode="reflect")
    height, width = grid.tile
    return [((y, x), padded[y : y + height, x : x + width]) for y, x in grid.corners()]


@given(length=lengths, tile=tiles, overlap=overlaps)
def test_tiles_reach_from_edge_to_edge_and_overlap_as_asked(length, tile, overlap):
    length = max(length, tile)
    starts = tile_starts(length, tile, overlap)
    steps = np.diff(starts)
    assert (0, length - tile) == (starts[0], starts[-1])
    assert (steps > 0).all()
    assert (steps <= max(1, tile * (1 - overlap))).all()


@pytest.mark.parametrize(
    ("length", "tile", "overlap", "starts"),
    [
        (256, 256, 0.25, (0,)),
        (257, 256, 0.25, (0, 1)),
        (512, 256, 0.0, (0, 256)),
        (1130, 256, 0.25, (0, 174, 349, 524, 699, 874)),
    ],
)
def test_no_more_tiles_than_needed_are_spread_evenly(length, tile, overlap, starts):
    assert starts == tile_starts(length, tile, overlap)


@given(length=lengths, tile=tiles, overlap=overlaps)
def test_the_weights_of_a_pixel_add_up_to_one(length, tile, overlap):
    starts = tile_starts(max(length, tile), tile, overlap)
    weights = tile_weights(starts, tile)
    total = np.zeros(starts[-1] + tile)
    for start, row in zip(starts, weights, strict=True):
        total[start : start + tile] += row
    np.testing.assert_allclose(total, 1.0, atol=1e-6)
    assert (weights > 0).all()


@given(grid=grids(), seed=st.integers(0, 9))
def test_a_scorer_that_gives_a_pixel_the_same_in_every_tile_leaves_no_seam(grid, seed):
    score_map = np.random.default_rng(seed).normal(size=grid.size).astype(np.float32)
    blended = grid.blend(cut_map(grid, score_map))
    assert grid.size == blended.shape
    np.testing.assert_allclose(blended, score_map, rtol=1e-5, atol=1e-6)


@given(grid=grids(), seed=st.integers(0, 9))
def test_a_blend_stays_within_the_values_of_the_tiles(grid, seed):
    random = np.random.default_rng(seed)
    maps = [(corner, random.random(grid.tile, np.float32)) for corner in grid.corners()]
    blended = grid.blend(maps)
    values = np.stack([tile_map for _, tile_map in maps])
    assert values.min() - 1e-5 <= blended.min()
    assert blended.max() <= values.max() + 1e-5


@pytest.mark.parametrize("overlap", [0.25, 0.5])
def test_where_tiles_disagree_the_map_has_no_jump(overlap):
    grid = TileGrid(size=(64, 300), tile=(64, 64), overlap=overlap)
    levels = [
        (corner, np.full(grid.tile, number % 2, np.float32)) for number, corner in enumerate(grid.corners())
    ]
    row = grid.blend(levels)[0]
    assert row.max() - row.min() > 0.9
    assert np.abs(np.diff(row)).max() < 0.2  # a hard cut between tiles is a jump of 1


def test_blending_is_the_weighted_mean_of_a_slow_sum():
    grid = TileGrid(size=(30, 41), tile=(16, 12), overlap=0.4)
    random = np.random.default_rng(3)
    maps = [(corner, random.normal(size=grid.tile).astype(np.float32)) for corner in grid.corners()]
    window = np.outer(*(np.sin(np.pi * (np.arange(side) + 0.5) / side) ** 2 for side in grid.tile))
    total, weight = np.zeros(grid.size), np.zeros(grid.size)
    for (y, x), tile_map in maps:
        for i in range(16):
            for j in range(12):
                total[y + i, x + j] += window[i, j] * tile_map[i, j]
                weight[y + i, x + j] += window[i, j]
    np.testing.assert_allclose(grid.blend(maps), total / weight, rtol=1e-4, atol=1e-5)


@given(grid=grids())
def test_tiles_hold_the_pixels_that_they_stand_on_and_all_pixels_are_in_one(grid):
    numbers = np.arange(grid.size[0] * grid.size[1], dtype=np.int64).reshape(grid.size)
    image = np.stack([numbers % 251, numbers % 253, numbers % 255], axis=2).astype(np.uint8)
    seen = np.zeros(grid.size, bool)
    corners = grid.corners()
    for (y, x), tile in zip(corners, grid.cut(image, corners), strict=True):
        part = image[y : y + grid.tile[0], x : x + grid.tile[1]]
        assert (*grid.tile, 3) == tile.shape
        assert np.array_equal(part, tile[: part.shape[0], : part.shape[1]])
        seen[y : y + grid.tile[0], x : x + grid.tile[1]] = True
    assert seen.all()


def test_an_image_smaller_than_a_tile_is_continued_by_its_reflection():
    image = np.arange(6, dtype=np.uint8).reshape(2, 3, 1).repeat(3, axis=2)
    grid = TileGrid(size=(2, 3), tile=(3, 5), overlap=0.25)
    [tile] = grid.cut(image, grid.corners())
    assert [[0, 1, 2, 1, 0], [3, 4, 5, 4, 3], [0, 1, 2, 1, 0]] == tile[:, :, 0].tolist()


@given(grid=grids(), seed=st.integers(0, 9))
def test_every_tile_over_a_pixel_inside_is_kept_and_no_tile_without_one(grid, seed):
    inside = np.random.default_rng(seed).random(grid.size) < 0.02
    kept = set(grid.corners(inside))
    for y, x in grid.corners():
        holds = inside[y : y + grid.tile[0], x : x + grid.tile[1]].any()
        assert holds == ((y, x) in kept)
