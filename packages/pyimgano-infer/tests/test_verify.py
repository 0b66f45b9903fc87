from pyimgano_infer._verify import verify


def problems(config):
    return {found.category: found.problem for found in verify(config)}


def test_a_whole_config_has_no_problems(make_config):
    assert {"bolt": None, "nut": None} == problems(make_config("bolt", "nut"))


def test_all_categories_are_checked_though_the_first_is_bad(make_config, tmp_path):
    config = make_config("bolt", "nut")
    (tmp_path / "run" / "checkpoints" / "bolt" / "model.onnx").unlink()
    found = problems(config)
    assert "no such file" in found["bolt"]
    assert found["nut"] is None


def test_a_score_that_differs_on_this_host_is_a_problem(edit_config):
    def shift(part):
        part["self_test"]["score"] += 0.25

    assert "self-test" in problems(edit_config(shift))["part"]
