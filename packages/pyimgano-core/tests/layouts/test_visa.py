"""VisA as published, and rearranged."""

import pytest

from pyimgano_core.layouts import build_records

HEADER = "object,split,label,image,mask\n"


def table(root, text):
    (root / "split_csv").mkdir()
    (root / "split_csv" / "1cls.csv").write_text(text, encoding="utf-8", newline="")
    return root


@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_table_becomes_records(tmp_path, start, end):
    text = (
        f"{start}{HEADER}"
        "candle,train,normal,candle/Data/Images/Normal/0.JPG,\n"
        "candle,test,anomaly,candle/Data/Images/Anomaly/1.JPG,candle/Data/Masks/Anomaly/1.png\n"
    )

    found = build_records("visa", table(tmp_path, text.replace("\n", end)))

    assert [(r.image_path, r.category, r.split, r.label, r.mask_path, r.defect) for r in found.records] == [
        ("candle/Data/Images/Normal/0.JPG", "candle", "train", 0, None, None),
        (
            "candle/Data/Images/Anomaly/1.JPG",
            "candle",
            "test",
            1,
            "candle/Data/Masks/Anomaly/1.png",
            "anomaly",
        ),
    ]
    assert found.issues == ()


def test_bad_rows_are_issues_with_their_line_and_cost_no_other_row(tmp_path):
    rows = [
        "candle,training,normal,a.JPG,",
        "candle,test,odd,b.JPG,",
        "candle,train,anomaly,c.JPG,",
        "candle,test",
        ",test,normal,d.JPG,",
        "candle,test,normal,e.JPG,",
    ]

    found = build_records("visa", table(tmp_path, HEADER + "\n".join(rows)))

    assert [r.image_path for r in found.records] == ["e.JPG"]
    assert [(i.code, i.location.line) for i in found.issues] == [("PF108", line) for line in range(2, 7)]


@pytest.mark.parametrize("text", ["", HEADER, "object,split\ncandle,train\n"])
def test_table_without_rows_or_columns_is_an_error(tmp_path, text):
    found = build_records("visa", table(tmp_path, text))

    assert [(i.code, i.paths) for i in found.issues] == [("PF711", ("split_csv/1cls.csv",))]


@pytest.mark.parametrize("below", ["", "1cls/"])
def test_rearranged_copy_is_a_tree(tmp_path, below):
    for name in ("train/good/0.JPG", "test/bad/1.JPG", "ground_truth/bad/1.png"):
        path = tmp_path / f"{below}candle" / name
        path.parent.mkdir(parents=True)
        path.touch()

    found = build_records("visa", tmp_path)

    assert [(r.image_path, r.category, r.mask_path) for r in found.records] == [
        (f"{below}candle/train/good/0.JPG", "candle", None),
        (f"{below}candle/test/bad/1.JPG", "candle", f"{below}candle/ground_truth/bad/1.png"),
    ]
