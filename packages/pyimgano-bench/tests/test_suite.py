import pytest

from pyimgano_bench.suite import load_suite, run_config
from pyimgano_core.errors import ConfigError

MINIMAL = """
[[detectors]]
label = "a"
[[datasets]]
label = "d"
"""


def write(tmp_path, text):
    path = tmp_path / "suite.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems_of(tmp_path, text):
    with pytest.raises(ConfigError) as caught:
        load_suite(write(tmp_path, text))
    return caught.value.problems


def first_config(suite, overrides=None):
    return run_config(suite, suite.datasets[0], suite.detectors[0], suite.seeds[0], overrides or {})


def test_a_suite_needs_labels_only_and_runs_under_seed_0(tmp_path):
    suite = load_suite(write(tmp_path, MINIMAL))
    assert (0,) == suite.seeds
    assert () == suite.categories
    assert 0 == first_config(suite).seed


def test_entries_lie_over_defaults_and_overrides_over_both(tmp_path):
    suite = load_suite(
        write(
            tmp_path,
            """
            [defaults.dataset]
            resize = [64, 64]
            [defaults.model.features]
            backbone = "resnet18"
            [[detectors]]
            label = "a"
            [detectors.model]
            name = "padim"
            [detectors.model.features]
            layers = ["layer1"]
            [[datasets]]
            label = "d"
            dataset = { manifest_path = "m.jsonl", resize = [96, 96] }
            """,
        )
    )
    config = first_config(suite, {"dataset": {"category": "bolt"}, "model": {"device": "cpu"}})
    assert (96, 96) == config.dataset.resize
    assert "bolt" == config.dataset.category
    assert ("padim", "cpu") == (config.model.name, config.model.device)
    assert ("resnet18", ("layer1",)) == (config.model.features.backbone, config.model.features.layers)


def test_a_recipe_lies_below_the_defaults(tmp_path):
    text = '[defaults]\nrecipe = "balanced"\n[defaults.dataset]\nresize = [48, 80]\n' + MINIMAL
    config = first_config(load_suite(write(tmp_path, text)))
    assert "balanced" == config.recipe
    assert (48, 80) == config.dataset.resize


def test_an_unknown_recipe_is_named(tmp_path):
    suite = load_suite(write(tmp_path, '[defaults]\nrecipe = "balancd"\n' + MINIMAL))
    with pytest.raises(ConfigError, match=r"balanced"):
        first_config(suite)


def test_all_problems_are_told_with_the_paths_of_their_keys(tmp_path):
    problems = problems_of(
        tmp_path,
        """
        [defaults.dataset]
        rezise = [64, 64]
        [[detectors]]
        label = "a"
        model = { nme = "padim" }
        [[datasets]]
        label = "d"
        dataset = { resize = [1, 1] }
        """,
    )
    starts = [problem.split(":")[0] for problem in problems]
    assert "$.defaults.dataset.rezise" in starts
    assert "$.detectors[0].model.nme" in starts
    assert any(start.startswith("$.datasets[0].dataset.resize") for start in starts)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("seedz = [0]" + MINIMAL, "$.seedz"),
        ("seeds = [0, 0]" + MINIMAL, "$.seeds"),
        ("seeds = []" + MINIMAL, "$.seeds"),
        ("seeds = [-1]" + MINIMAL, "$.seeds"),
        ('seeds = ["0"]' + MINIMAL, "$.seeds[0]"),
        ('categories = ["x", "x"]' + MINIMAL, "$.categories"),
        (MINIMAL + '[[datasets]]\nlabel = "d"\n', "$.datasets"),
        ('[[datasets]]\nlabel = "d"\n', "$.detectors"),
        ('[[detectors]]\nlabel = ""\n[[datasets]]\nlabel = "d"\n', "$.detectors[0].label"),
        ('[[detectors]]\nlabel = "a\\nb"\n[[datasets]]\nlabel = "d"\n', "$.detectors[0].label"),
        ('[[detectors]]\nlabel = "a\\u202eb"\n[[datasets]]\nlabel = "d"\n', "$.detectors[0].label"),
        ("[defaults]\nseed = 3\n" + MINIMAL, "$.defaults.seed"),
    ],
)
def test_what_is_no_suite_is_refused_at_its_key(tmp_path, text, where):
    assert any(problem.startswith(f"{where}:") for problem in problems_of(tmp_path, text))


def test_a_run_config_is_sent_to_the_workbench(tmp_path):
    problems = problems_of(tmp_path, '[model]\nname = "padim"\n[dataset]\nname = "demo"\n')
    assert ["$.dataset", "$.model"] == [problem.split(":")[0] for problem in problems]
    assert all("pyimgano-train" in problem for problem in problems)


def test_a_detector_may_choose_how_images_come_to_it(tmp_path):
    suite = load_suite(
        write(
            tmp_path,
            """
            [defaults.dataset]
            resize = [64, 64]
            [[detectors]]
            label = "a"
            dataset = { resize = [96, 96] }
            threshold = { method = "quantile" }
            [[datasets]]
            label = "d"
            """,
        )
    )
    config = first_config(suite)
    assert ((96, 96), "quantile") == (config.dataset.resize, config.threshold.method)


def test_a_detector_may_not_choose_which_images_it_meets(tmp_path):
    text = MINIMAL.replace('label = "a"', 'label = "a"\ndataset = { manifest_path = "easy.jsonl" }')
    (problem,) = problems_of(tmp_path, text)
    assert problem.startswith("$.detectors[0].dataset.manifest_path: all detectors meet the same images")


def test_mistakes_of_the_suite_and_of_its_tables_are_told_together(tmp_path):
    text = MINIMAL.replace('label = "a"', 'label = ""\nmodel = { nme = "padim" }')
    problems = problems_of(tmp_path, text)
    assert ["$.detectors[0].label", "$.detectors[0].model.nme"] == [line.split(":")[0] for line in problems]
