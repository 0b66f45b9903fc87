from pathlib import Path

import pytest

from pyimgano_core.contracts.data_line import DataLine
from pyimgano_core.contracts.record import Record, Sample
from pyimgano_core.contracts.split import CategorySplit
from pyimgano_core.errors import ArtifactError
from pyimgano_workbench.data import data_lines, read_data
from pyimgano_workbench.rundir import write_lines


def sample(name, **fields):
    record = Record(image_path=name, category="c", **fields)
    mask = None if record.mask_path is None else Path(f"/data/{record.mask_path}")
    return Sample(record=record, image=Path(f"/data/{name}"), mask=mask)


def test_lines_tell_role_label_and_contents_and_are_read_as_they_were_written(tmp_path):
    split = CategorySplit(
        category="c",
        train=(sample("a\u2028.png"),),
        calibration=(sample("gone.png"),),
        test=(sample("bad.png", label=1, mask_path="mask.png"),),
    )
    hashes = {
        Path("/data/a\u2028.png"): "1" * 64,
        Path("/data/bad.png"): "2" * 64,
        Path("/data/mask.png"): "3" * 64,
    }
    lines = list(data_lines(split, hashes))
    assert lines == [
        DataLine(role="train", input="a\u2028.png", label=0, sha256="1" * 64),
        DataLine(role="calibration", input="gone.png", label=0, sha256=None),
        DataLine(role="test", input="bad.png", label=1, sha256="2" * 64, mask_sha256="3" * 64),
    ]
    write_lines(tmp_path / "data.jsonl", lines)
    assert lines == read_data(tmp_path / "data.jsonl")


@pytest.mark.parametrize("content", [None, b"{", b'{"role": "spare"}\n', b"\xff\n"])
def test_a_file_that_is_missing_or_torn_is_no_list_of_the_data(tmp_path, content):
    if content is not None:
        (tmp_path / "data.jsonl").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"data\.jsonl"):
        read_data(tmp_path / "data.jsonl")
