from pyimgano_bench.references import Published, Reference, category_table, mean_table

BARE = Reference(dataset="mvtec", method="A", source="s", means={"image_auroc": 98.0})
FULL = Reference(
    dataset="mvtec",
    method="B",
    source="t",
    image_size="256 px",
    split="own",
    metric_code="official",
    note="n",
    means={"aupro": 90.25},
    categories={"aupro": {"bottle": 91.0, "cable": 89.5}},
)
BOTH = Published(dataset="d", references=(BARE, FULL))


def test_means_stand_in_per_cent_and_what_is_unknown_is_said():
    header, rows = mean_table(BOTH)
    assert [
        "method",
        "AUROC, %",
        "AUPRO, %",
        "source",
        "image size",
        "split",
        "metric code",
        "note",
    ] == header
    assert ["A", "98.0", "-", "s", "not known", "not known", "not known", ""] == rows[0]
    assert ["B", "-", "90.2", "t", "256 px", "own", "official", "n"] == rows[1]


def test_categories_have_a_column_per_method_metric_and_source():
    header, rows = category_table(BOTH)
    assert ["category", "B: AUPRO, % (t)"] == header
    assert [["bottle", "91.0"], ["cable", "89.5"]] == rows


def test_without_numbers_of_categories_there_are_no_rows():
    assert [] == category_table(Published(dataset="d", references=(BARE,)))[1]
