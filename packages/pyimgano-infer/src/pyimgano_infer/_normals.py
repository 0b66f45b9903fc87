"""The normal images of one category that a site calibrates on: which they are, and what they score."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from operator import itemgetter
from typing import TYPE_CHECKING

import click
from attrs import define

from pyimgano_core.artifacts import sha256_file
from pyimgano_core.contracts.image_file import RemoteFile, masked
from pyimgano_core.contracts.prediction import Failure
from pyimgano_core.contracts.record import NORMAL
from pyimgano_core.duplicates import contents_sha256
from pyimgano_core.engine import map_ordered
from pyimgano_core.errors import ExitCode, ImageError, PyimganoError, UsageError
from pyimgano_core.evaluation import CalibrationScores
from pyimgano_core.progress import for_terminal
from pyimgano_core.thresholds import CalibrationOrigin, count_groups
from pyimgano_core.words import agree, number_of
from pyimgano_infer._config import listed
from pyimgano_infer._inputs import Input, find_sources, read_inputs
from pyimgano_infer._output import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyimgano_core.contracts.config import ThresholdConfig
    from pyimgano_core.contracts.image_file import ImageFile
    from pyimgano_core.contracts.record import Split
    from pyimgano_core.scoring.files import ScoredImage
    from pyimgano_infer._predict import Model

_OF_OTHERS = "rows were left out: they are of other categories"


class NothingScoredError(PyimganoError):
    """None of the images could be scored."""

    exit_code = ExitCode.SOME_INPUTS_FAILED


def find_normals(argument: str, category: str, *, root: ImageFile | None, null: bool) -> tuple[Input, ...]:
    """Return what an argument names, each an image or the reason why it is none.

    Rows of other categories are left out; on stderr it is said how many.

    Args:
        argument: a path, a pattern, a manifest or `-`, as an INPUT.
        category: the one to calibrate.
        root: where a manifest's relative paths are looked for that are not found beside the manifest.
        null: whether the names of a list on stdin end with a NUL.

    Raises:
        UsageError: there are none, or rows of the manifest are anomalous.
    """
    found, refused = [], []
    notices: Counter[str] = Counter()
    for item in read_inputs(find_sources((argument,), null=null), root, notices):
        if item.record is not None and item.record.category != category:
            notices[_OF_OTHERS] += 1
        elif item.record is not None and item.record.label != NORMAL:
            refused.append(item.text)
        else:
            found.append(item)
    for text, count in notices.items():
        click.echo(shown(f"note: {text} ({count}x)"), err=True)
    if refused:
        rows, are = number_of(len(refused), "row"), agree(len(refused), "is", "are")
        raise UsageError(
            f"{masked(argument)}: {rows} of category {category!r} {are} anomalous, and only normal images "
            f"set thresholds; leave {agree(len(refused), 'it', 'them')} out: {listed(refused, most=3)}"
        )
    if not found:
        raise UsageError(f"no images of category {category!r} to calibrate on: none in {masked(argument)!r}")
    return tuple(found)


@define(frozen=True, kw_only=True, eq=False)
class ScoredNormals:
    """The images that could be scored.

    Attributes:
        scores: what they gave.
        inputs: which they are.
        contents: the SHA-256 of each.
        highest: name and score of the one that scores highest.
        n_failed: how many more there were.
    """

    scores: CalibrationScores
    inputs: tuple[Input, ...]
    contents: tuple[str, ...]
    highest: tuple[str, float]
    n_failed: int

    @property
    def origin(self) -> CalibrationOrigin:
        """What is known of them; who only has a config can't tell whether the model was fitted to them."""
        records = [item.record for item in self.inputs]
        splits = {None if record is None else record.split for record in records}
        return CalibrationOrigin(
            source="site",
            groups=count_groups([None if record is None else record.group_id for record in records]),
            distinct=len(set(self.contents)),
            disjoint_from_train=_apart_from("train", splits),
            disjoint_from_test=_apart_from("test", splits),
        )

    @property
    def sha256(self) -> str:
        """What identifies them by content, whatever their names and their order."""
        return contents_sha256(self.contents)


def _apart_from(split: Split, splits: set[Split | None]) -> bool | None:
    return False if split in splits else None


def score_normals(
    inputs: Sequence[Input], model: Model, rule: ThresholdConfig, *, workers: int | None
) -> ScoredNormals:
    """Score images, and tell each that fails on stderr.

    Args:
        inputs: the images.
        model: what scores them.
        rule: how thresholds are to come from them.
        workers: how many are scored at a time; None for as many as there are processors.

    Raises:
        MachineError: scikit-image is not installed, and the rule has a minimum area.
        NothingScoredError: all of them fail.
    """
    scores = CalibrationScores(rule)
    scored, contents, highest = [], [], ("", -math.inf)
    results = map_ordered(lambda item: _score(item, model), inputs, workers=workers)
    progress = for_terminal().track(results, "calibrating", len(inputs))
    for item, result in zip(inputs, progress, strict=True):
        if isinstance(result, Failure):
            click.echo(shown(f"failed: {result.message}"), err=True)
            continue
        image, content = result
        scores.add(image)
        highest = max(highest, (item.text, image.score), key=itemgetter(1))
        scored.append(item)
        contents.append(content)
    if not scored:
        failed = agree(len(inputs), "the only image could not", f"none of the {len(inputs)} images could")
        raise NothingScoredError(f"{failed} be scored; no config was written")
    return ScoredNormals(
        scores=scores,
        inputs=tuple(scored),
        contents=tuple(contents),
        highest=highest,
        n_failed=len(inputs) - len(scored),
    )


def _score(item: Input, model: Model) -> tuple[ScoredImage, str] | Failure:
    """Return an image with the SHA-256 of its file."""
    if item.failure is not None:
        return item.failure
    result = model.score(item.path)
    if isinstance(result, Failure):
        return result
    try:
        return result, _sha256(item.path)
    except ImageError as exc:
        return Failure(code=exc.code, message=str(exc))
    except OSError as exc:
        return Failure(code="not_readable", message=f"{item.path}: can't be read: {exc.strerror}")


def _sha256(path: ImageFile) -> str:
    if not isinstance(path, RemoteFile):
        return sha256_file(path)
    from pyimgano_core.images.remote import read_remote  # noqa: PLC0415 - only addresses need fsspec

    return hashlib.sha256(read_remote(path)).hexdigest()
