import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pyimgano_infer._inputs import Input
from pyimgano_infer._predict import Job, file_name


def job(name, index=0):
    return Job(index=index, item=Input(text=name, path=Path("folder") / f"{name}.png"), category="part")


@given(st.text(st.characters(blacklist_characters="\0"), min_size=1), st.integers(0, 10**7))
def test_any_name_becomes_a_safe_file_name_that_begins_with_its_index(name, index):
    assert re.fullmatch(rf"0*{index}_[A-Za-z0-9._-]{{0,64}}\.npy", file_name(job(name, index), ".npy"))


def test_a_plain_name_is_kept():
    assert "000012_part-7.npy" == file_name(job("part-7", 12), ".npy")
