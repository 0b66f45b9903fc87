import pytest

from pyimgano_bench.cost._contract import CostProtocol, CostResults, CostRow, Spread
from pyimgano_bench.leaderboard import read_cost, write_reports
from pyimgano_core.artifacts import write_artifact
from pyimgano_core.errors import ArtifactError

FILES = {"results.csv", "results.md", "leaderboard.html"}
MVTEC = {"suite": {"datasets": [{"label": "d", "dataset": {"name": "mvtec"}}]}}


def test_every_form_is_written_from_the_document(make_cell, make_results, tmp_path):
    write_reports(tmp_path, make_results(make_cell("a", 0.98765)))
    assert FILES == {path.name for path in tmp_path.iterdir()}
    assert ["0.98765", "0.9877", "0.9877"] == [
        number
        for name, number in (
            ("results.csv", "0.98765"),
            ("results.md", "0.9877"),
            ("leaderboard.html", "0.9877"),
        )
        if number in (tmp_path / name).read_text(encoding="utf-8")
    ]


def test_a_cost_that_lies_in_the_folder_is_the_cost_of_the_leaderboard(make_cell, make_results, tmp_path):
    spread = Spread(median=0.25, low=0.2, high=0.3, count=3)
    row = CostRow(dataset="d", category="x", detector="a", seed=0, latency_p50_seconds=spread)
    protocol = CostProtocol(rounds=3, images=1, batch=1, threads=1)
    cost = CostResults(
        timestamp_utc="",
        pyimgano_version="0",
        is_complete=True,
        protocol=protocol,
        rows=(row,),
        notes=("a busy machine",),
    )
    write_artifact(tmp_path / "cost.json", cost)
    assert cost == read_cost(tmp_path)
    write_reports(tmp_path, make_results(make_cell("a", 0.9)))
    html = (tmp_path / "leaderboard.html").read_text(encoding="utf-8")
    assert all(word in html for word in ("median latency of one image, ms", "<td>250</td>", "a busy machine"))


def test_a_cost_that_is_torn_is_an_error(make_cell, make_results, tmp_path):
    (tmp_path / "cost.json").write_text("{")
    with pytest.raises(ArtifactError):
        write_reports(tmp_path, make_results(make_cell("a", 0.9)))


def test_what_others_published_is_shown_where_it_is_asked_for_but_never_in_the_csv(
    make_cell, make_results, tmp_path
):
    results = make_results(make_cell("a", 0.9, "bottle"), settings=MVTEC)
    shown = []
    for references in (False, True):
        write_reports(tmp_path, results, references=references)
        shown.append({name for name in FILES if "PatchCore" in (tmp_path / name).read_text(encoding="utf-8")})
    assert [set(), {"results.md", "leaderboard.html"}] == shown
