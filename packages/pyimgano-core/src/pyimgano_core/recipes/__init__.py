"""Recipes: named starting points that a config is laid over, and the one way to load a run config."""

from pyimgano_core.recipes._recipes import Recipe, list_recipes, load_recipe, load_run_config

__all__ = ["Recipe", "list_recipes", "load_recipe", "load_run_config"]
