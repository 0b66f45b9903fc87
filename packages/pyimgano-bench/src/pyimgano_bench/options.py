"""The options that say what is compared: shared by every command that runs detectors on data sets.

A command adds them with `suite_options`, and `read_request` makes of them what there is to run.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyimgano_bench.flags import Request

    Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _sets(key: str, *names: str, several: bool = False, **attributes: Any) -> Decorator:
    """An option that sets a key of every run's config: the value goes to the context, under that key."""

    def collect(context: click.Context, _parameter: click.Parameter, value: Any) -> None:
        if value is not None:
            context.ensure_object(dict)[key] = value.split(",") if several else value

    return click.option(*names, expose_value=False, callback=collect, **attributes)


_OPTIONS = (
    click.option("--config", "config_path", type=click.Path(path_type=Path), help="A suite, TOML or JSON."),
    click.option(
        "--suite", "suite_name", metavar="NAME", help="A suite that comes with the package; see --list."
    ),
    _sets("dataset.name", "--dataset", help="manifest, mvtec, visa, btad, custom or demo."),
    _sets("dataset.root", "--root", type=click.Path(), help="The data set's folder."),
    _sets("dataset.manifest_path", "--manifest-path", type=click.Path(), help="The manifest, JSONL."),
    _sets(
        "dataset.split_policy.test_normal_fraction",
        "--manifest-test-normal-fraction",
        type=float,
        help="Share of the normals without a split that is tested.",
    ),
    _sets(
        "dataset.split_policy.seed",
        "--manifest-split-seed",
        type=int,
        help="Seed of the split, where it is not to follow --seed.",
    ),
    click.option(
        "--category", "categories", multiple=True, help="A category to run; repeatable; default all."
    ),
    click.option(
        "--detector",
        "--model",
        "detectors",
        multiple=True,
        help="A detector to run, or a label of the suite's; repeatable; default dictionary, or all of the "
        "suite.",
    ),
    click.option("--seed", "seeds", multiple=True, type=int, help="A seed; repeatable; default 0."),
    _sets("model.features.backbone", "--backbone", help="A timm model, or filters: fixed, without weights."),
    _sets("model.features.weights", "--weights", help="The backbone's weights: a file, or pretrained."),
    _sets("model.features.layers", "--layers", several=True, metavar="A,B", help="The backbone's layers."),
    _sets(
        "dataset.resize",
        "--resize",
        type=int,
        nargs=2,
        metavar="HEIGHT WIDTH",
        help="The model's input size.",
    ),
    _sets("model.device", "--device", help="auto, cpu or cuda[:N]."),
    _sets(
        "evaluation.pixel_metrics",
        "--pixel/--no-pixel",
        default=None,
        help="Whether pixels are measured where the masks allow it; default yes.",
    ),
    _sets(
        "evaluation.aupro_limit",
        "--pixel-aupro-limit",
        type=float,
        help="False-positive rate limit of AUPRO.",
    ),
    click.option(
        "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Set any dotted key of every run."
    ),
)
_LEAST_TRIAL = 2  # a normal and an anomalous image

limit_option = click.option(
    "--limit",
    type=click.IntRange(min=_LEAST_TRIAL),
    metavar="N",
    help="A trial: at most N test images of a category, the others in proportion; all outputs say so.",
)
output_option = click.option(
    "--output-dir", type=click.Path(path_type=Path), help="Where results go; cells found there are kept."
)
_NAMES = ("config_path", "suite_name", "categories", "detectors", "seeds", "settings")


def suite_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what is run; the command passes its context and options to `read_request`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_request(context: click.Context, options: dict[str, Any]) -> Request:
    """Return what the options of `suite_options` ask for; other options are of no account.

    Raises:
        ConfigError: with all problems of the suite.
        UsageError: where the options can't be followed.
    """
    from pyimgano_bench.flags import Request, overrides_of, read_suite  # noqa: PLC0415 - keeps start-up light

    given: dict[str, Any] = context.obj or {}
    path, name, categories, detectors, seeds, settings = (options[key] for key in _NAMES)
    suite = read_suite(path, given, name=name, detectors=detectors, categories=categories, seeds=seeds)
    return Request(
        suite=suite,
        overrides=overrides_of(given, settings),
        base=path.parent if path is not None else Path(),
    )
