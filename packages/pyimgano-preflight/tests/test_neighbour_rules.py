"""Test images that were taken right beside images that are learnt from, told by time, by index or by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.contracts.record import Record, Sample
from pyimgano_core.contracts.split import CategorySplit
from pyimgano_core.progress import SilentProgress
from pyimgano_preflight.checks.neighbours import _pairs
from pyimgano_preflight.runner import run_preflight

START = datetime(2026, 11, 23, 6, tzinfo=UTC)


def issues(data):
    data.save()
    report = run_preflight(data.config(), data.folder, SilentProgress(), depth="quick")
    return [issue for issue in report.issues if issue.code == "PF609"]


@pytest.fixture
def frames(dataset):
    """Sixty numbered frames in one folder, without a split."""
    dataset.rows.clear()
    for number in range(60):
        dataset.add(f"line1/frame_{number:03}.png")
    return dataset


def test_a_random_split_of_numbered_frames_is_told(frames):
    (issue,) = issues(frames)
    assert ("info", "part") == (issue.severity, issue.category)
    assert 12 == issue.data["normals"]
    assert 3 <= issue.data["adjacent"] <= 12
    first, second = issue.paths[:2]
    assert 1 == abs(int(first[-7:-4]) - int(second[-7:-4]))


def test_frames_split_at_one_moment_are_in_order(frames):
    for number, row in enumerate(frames.rows):
        row.update(split="train" if number < 48 else "test", label=0)
    assert [] == issues(frames)


def test_frames_of_groups_are_in_order(frames):
    for number, row in enumerate(frames.rows):
        row["group_id"] = f"recording {number // 5}"
    assert [] == issues(frames)


def test_numbers_in_other_folders_are_no_neighbours(dataset):
    assert [] == issues(dataset)


@pytest.fixture
def shots(dataset):
    """Sixty images whose names hold no number, in the order in which they were taken."""
    dataset.rows.clear()
    for number in range(60):
        dataset.add(f"line1/{chr(97 + number // 26)}{chr(97 + number % 26)}.png")
    return dataset


def seconds(number):
    """One shot a second, as a clock tells it: never quite."""
    return (START + timedelta(seconds=number + 0.1 * (number % 3))).isoformat()


def split_at_random(data):
    tested = set(np.random.default_rng(0).permutation(len(data.rows))[:12].tolist())
    for number, row in enumerate(data.rows):
        row.update(split="test" if number in tested else "train", label=0)


def split_at_one_moment(data):
    for number, row in enumerate(data.rows):
        row.update(split="train" if number < 48 else "test", label=0)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("timestamp", seconds),
        ("timestamp", lambda number: 1_763_870_400 + number),
        ("timestamp", lambda number: 1_763_870_400_000 + 40.0 * number),
        ("seq_index", lambda number: number),
    ],
)
def test_a_random_split_of_one_series_is_told_and_one_at_a_moment_is_not(shots, key, value):
    split_at_random(shots)
    assert [] == issues(shots)
    for number, row in enumerate(shots.rows):
        row["meta"] = {key: value(number)}
    (issue,) = issues(shots)
    assert ([f"meta.{key}"], 12) == (issue.data["by"], issue.data["normals"])
    assert 10 <= issue.data["adjacent"] <= 12
    assert f"by meta.{key}, " in issue.message
    split_at_one_moment(shots)
    assert [] == issues(shots)


@pytest.mark.parametrize("key", ["camera", "series"])
@pytest.mark.parametrize("order", ["timestamp", "seq_index"])
def test_two_series_that_run_at_one_time_are_no_neighbours(shots, key, order):
    for number, row in enumerate(shots.rows):
        row.update(split="test" if number % 3 == 0 else "train", label=0)
        row["meta"] = {order: number}
    assert [40, 20] == [sum(row["split"] == split for row in shots.rows) for split in ("train", "test")]
    assert 20 == issues(shots)[0].data["adjacent"]
    for row in shots.rows:
        row["meta"][key] = row["split"]
    assert [] == issues(shots)


def test_an_index_counts_within_its_folder_unless_a_series_is_named(shots):
    for number, row in enumerate(shots.rows):
        path = row["image_path"].replace("line1", "test" if number % 3 == 0 else "train")
        (shots.folder / path).parent.mkdir(exist_ok=True)
        (shots.folder / row["image_path"]).rename(shots.folder / path)
        row.update(image_path=path, split="test" if number % 3 == 0 else "train", label=0)
        row["meta"] = {"seq_index": number}
    assert [] == issues(shots)
    for row in shots.rows:
        row["meta"]["series"] = "line 1"
    assert 20 == issues(shots)[0].data["adjacent"]


def test_numbers_of_two_cameras_are_no_neighbours(frames):
    split_at_random(frames)
    for row in frames.rows:
        row["meta"] = {"camera": row["split"]}
    assert [] == issues(frames)


def test_time_beats_index_and_names(frames):
    split_at_random(frames)
    for number, row in enumerate(frames.rows):
        hours = 1000 * (row["split"] == "test")
        row["meta"] = {
            "timestamp": (START + timedelta(hours=hours + number)).isoformat(),
            "seq_index": number,
        }
    assert [] == issues(frames)


@pytest.mark.parametrize("meta", [{"timestamp": "yesterday"}, {"seq_index": True}, {"seq_index": "5"}])
def test_what_tells_no_order_leaves_it_to_the_names(frames, meta):
    split_at_random(frames)
    for row in frames.rows:
        row["meta"] = meta
    assert ["the numbers in their names"] == issues(frames)[0].data["by"]


def test_images_far_apart_in_time_are_no_neighbours(shots):
    """Two shots of each part, a second apart, and a part every hour: no part is on two sides."""
    for number, row in enumerate(shots.rows):
        part, view = divmod(number, 2)
        row.update(split="test" if part % 5 == 0 else "train", label=0)
        row["meta"] = {"timestamp": (START + timedelta(hours=part, seconds=view)).isoformat()}
    assert [] == issues(shots)


def test_an_image_that_is_learnt_from_and_tested_is_no_neighbour_of_itself(frames):
    for number, row in enumerate(frames.rows):
        row.update(split="train" if number < 48 else "test", label=0)
    frames.rows += [{**row, "split": "test"} for row in frames.rows[4:44:4]]
    assert [] == issues(frames)


def sample(part, place, shot):
    camera, number = shot
    meta = {"seq_index": number, "camera": camera}
    path = f"{part}/{place}"
    return Sample(record=Record(image_path=path, category="part", meta=meta), image=f"/{path}")


SHOTS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(-20, 20)), max_size=12)


def near(one, other):
    return one[0] == other[0] and abs(one[1] - other[1]) <= 1


@given(SHOTS, SHOTS, SHOTS)
def test_the_neighbours_are_those_that_comparing_all_pairs_finds(train, calibration, test):
    parts = [
        tuple(sample(number, place, shot) for place, shot in enumerate(part))
        for number, part in enumerate((train, calibration, test))
    ]
    split = CategorySplit(category="part", train=parts[0], calibration=parts[1], test=parts[2])
    learnt = [*train, *calibration]
    expected = [place for place, shot in enumerate(test) if any(near(shot, other) for other in learnt)]
    pairs = _pairs(split)
    assert expected == [pair.tested for pair in pairs]
    assert all(near(test[pair.tested], learnt[pair.learnt]) for pair in pairs)
