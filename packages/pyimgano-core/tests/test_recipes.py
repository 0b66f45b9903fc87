import pytest

from pyimgano_core.configfile import structure_config
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.errors import ConfigError
from pyimgano_core.recipes import list_recipes, load_recipe, load_run_config

RECIPES = [recipe.name for recipe in list_recipes()]


def test_recipes_are_listed_by_name():
    assert sorted(RECIPES) == RECIPES
    assert {"balanced", "fast", "few-shot", "no-weights", "tiny"} <= set(RECIPES)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_a_valid_config_with_a_description(name):
    recipe = load_recipe(name)
    structure_config(recipe.settings, RunConfig)
    assert recipe.description
    assert recipe.text.startswith("description = ")


def test_a_config_is_laid_over_its_recipe(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('recipe = "fast"\n[dataset]\nresize = [64, 64]\n')
    config = load_run_config(path)
    assert ("fast", (64, 64), "padim", "resnet18.tv_in1k") == (
        config.recipe,
        config.dataset.resize,
        config.model.name,
        config.model.features.backbone,
    )


def test_an_override_may_choose_the_recipe(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('recipe = "balanced"\n')
    assert "patchcore" == load_run_config(path).model.name
    assert "dictionary" == load_run_config(path, ["recipe=no-weights"]).model.name


def test_settings_lie_over_overrides_and_these_over_the_file(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('seed = 1\n[dataset]\ncategory = "file"\nroot = "file"\n')
    overrides = ["seed=2", "dataset.category=a", "dataset.category=b"]
    config = load_run_config(path, overrides, {"dataset.root": "C:\\\udce9 🔧", "seed": 3})
    assert (3, "b", "C:\\\udce9 🔧") == (config.seed, config.dataset.category, config.dataset.root)


def test_an_unknown_key_of_an_override_is_named():
    with pytest.raises(ConfigError) as caught:
        load_run_config(None, ["model.nam=padim"])
    assert ("$.model.nam: unknown key; did you mean 'name'? (from --set)",) == caught.value.problems


def test_the_file_is_blamed_for_its_own_mistakes_alone(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("seed = 1\n")
    with pytest.raises(ConfigError) as caught:
        load_run_config(path, ["model.nam=padim"])
    assert "c.toml" not in str(caught.value)
    path.write_text('seed = "1"\n')
    with pytest.raises(ConfigError, match=r"c\.toml: .*from --set"):
        load_run_config(path, ["model.nam=padim"])


def test_a_mistake_of_the_command_line_is_no_mistake_of_the_file(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("seed = 1\n")
    with pytest.raises(ConfigError) as caught:
        load_run_config(path, ["treshold.alpha=0.1"])
    assert "$.treshold: unknown key; did you mean 'threshold'? (from --set)" == str(caught.value)
    with pytest.raises(ConfigError, match=r"^\$\.model\.device: .* not 'gpu' \(from the command line\)$"):
        load_run_config(path, (), {"model.device": "gpu"})
    path.write_text("[treshold]\nalpha = 0.2\n")
    with pytest.raises(ConfigError, match=r"c\.toml: \$\.treshold: [^(]*$"):
        load_run_config(path, ["treshold.alpha=0.1"])


@pytest.mark.parametrize(
    "overrides", [["model.name=padim"], ["model.name=padim", "model.features.weights=random"]]
)
def test_a_table_that_an_override_makes_hides_no_mistake_of_the_file(tmp_path, overrides):
    path = tmp_path / "c.toml"
    path.write_text("model = 3\n")
    with pytest.raises(ConfigError) as caught:
        load_run_config(path, overrides, {"model.device": "cpu"})
    assert f"{path}: $.model: must be a table of keys, not 3" == str(caught.value)


def test_a_key_below_a_value_that_is_no_table_is_the_override_s_mistake(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('[model]\nname = "padim"\n')
    with pytest.raises(ConfigError, match=r"^\$\.model\.name: .*\(from --set\)$"):
        load_run_config(path, ["model.name.first=3"])


def test_an_override_makes_a_table_of_what_the_file_leaves_empty(tmp_path):
    path = tmp_path / "c.json"
    path.write_text('{"dataset": {"tiling": null}}')
    assert 0.5 == load_run_config(path, ["dataset.tiling.overlap=0.5"]).dataset.tiling.overlap


def test_without_a_file_the_overrides_are_the_config():
    assert RunConfig(seed=5) == load_run_config(None, ["seed=5"])


def test_an_unknown_recipe_is_told_with_the_nearest_one_and_the_file(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('recipe = "balancd"\n')
    with pytest.raises(ConfigError) as caught:
        load_run_config(path)
    assert f"{path}: $.recipe: unknown recipe 'balancd'; did you mean 'balanced'?" == str(caught.value)


def test_an_unknown_recipe_hides_no_other_problem():
    with pytest.raises(ConfigError) as caught:
        load_run_config(None, ["recipe=nothing", "seed=x"])
    assert ["$.recipe", "$.seed"] == [problem.partition(":")[0] for problem in caught.value.problems]


def test_a_recipe_that_is_no_name_is_a_problem():
    with pytest.raises(ConfigError, match=r"\$\.recipe: must be text, not 3"):
        load_run_config(None, ["recipe=3"])
