"""The faults that `make_set` plants, each as it comes about in practice, with the code that is to find it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from attrs import define
from image_set import ImageSet, Wanted
from PIL import Image, ImageFilter, ImageOps
from scenes import Scene, draw

if TYPE_CHECKING:
    from pathlib import Path

    from image_set import Row

Change = Callable[["ImageSet", "Path", "Scene"], None]
ERROR_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>\n"


@define(frozen=True)
class Fault:
    """One kind of fault, and how many of 5,000 files have it."""

    code: str
    count: int
    plant: Callable[[ImageSet], None]


# what images a fault can befall


def _any_image(_row: Row, _scene: Scene) -> bool:
    return True


def _png(_row: Row, scene: Scene) -> bool:
    return scene.suffix == ".png"


def _jpeg(_row: Row, scene: Scene) -> bool:
    return scene.suffix == ".jpg"


def _normal(row: Row, _scene: Scene) -> bool:
    return bool(row["label"] == 0)


def _lit(row: Row, scene: Scene) -> bool:
    return bool(row["label"] == 0) and scene.is_lit


def _detailed(row: Row, scene: Scene) -> bool:
    return bool(row["label"] == 0) and scene.has_detail


def _normal_jpeg(row: Row, scene: Scene) -> bool:
    return bool(row["label"] == 0) and scene.suffix == ".jpg"


def _learnt(row: Row, _scene: Scene) -> bool:
    return bool(row["split"] == "train")


def _colour(row: Row, scene: Scene) -> bool:
    return bool(row["label"] == 0) and scene.mode == "RGB"


def _masked(row: Row, _scene: Scene) -> bool:
    return "mask_path" in row


# faults of one file


def _of_image(code: str, count: int, wanted: Wanted, change: Change) -> Fault:
    def plant(made: ImageSet) -> None:
        row, scene = made.take(wanted)
        change(made, made.file(row["image_path"]), scene)
        made.plant(row["image_path"], code)

    return Fault(code, count, plant)


def _of_mask(code: str, count: int, change: Change) -> Fault:
    def plant(made: ImageSet) -> None:
        row, scene = made.take(_masked)
        change(made, made.file(row["mask_path"]), scene)
        made.plant(row["mask_path"], code)

    return Fault(code, count, plant)


def _cut(made: ImageSet, path: Path, _scene: Scene) -> None:
    os.truncate(path, int(path.stat().st_size * made.rng.uniform(0.3, 0.95)))


def _fill_end_with_zeros(made: ImageSet, path: Path, _scene: Scene) -> None:
    content = path.read_bytes()
    kept = int(len(content) * made.rng.uniform(0.3, 0.9))
    path.write_bytes(content[:kept] + bytes(len(content) - kept))


def _flip_bit(made: ImageSet, path: Path, _scene: Scene) -> None:
    content = bytearray(path.read_bytes())
    content[int(made.rng.integers(100, len(content) - 100))] ^= 1 << int(made.rng.integers(8))
    path.write_bytes(content)


def _write(content: bytes) -> Change:
    def change(_made: ImageSet, path: Path, _scene: Scene) -> None:
        path.write_bytes(content)

    return change


def _remove(_made: ImageSet, path: Path, _scene: Scene) -> None:
    path.unlink()


def _redraw(**how: float) -> Change:
    def change(made: ImageSet, path: Path, scene: Scene) -> None:
        _keep(path, draw(scene, made.rng, **how))

    return change


def _edit(function: Callable[[Image.Image], Image.Image], form: str | None = None, **how: Any) -> Change:
    def change(_made: ImageSet, path: Path, _scene: Scene) -> None:
        with Image.open(path) as image:
            _keep(path, function(image), form, **how)

    return change


def _keep(path: Path, image: Image.Image, form: str | None = None, **how: Any) -> None:
    image.load()
    image.save(path, form, quality=90, **how)  # PNG ignores the quality


def _dim(image: Image.Image) -> Image.Image:
    return image.point(lambda value: value * 0.1)


def _overexpose(image: Image.Image) -> Image.Image:
    return image.point(lambda value: 255 - (255 - value) * 0.08)


def _half(image: Image.Image) -> Image.Image:
    return image.resize((image.width // 2, image.height // 2), Image.Resampling.BOX)


def _blank_lower_third(image: Image.Image) -> Image.Image:
    broken = image.copy()
    broken.paste("black", (0, image.height * 2 // 3, image.width, image.height))
    return broken


def _soften(mask: Image.Image) -> Image.Image:
    return mask.filter(ImageFilter.GaussianBlur(4))


def _turned_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


# faults of two files, and of records


def _copy_of(
    code: str, count: int, target: Wanted, source: Wanted, again: Callable[[Path, Path], None]
) -> Fault:
    """Return a fault where a file is replaced by another one of its category, as it is or written anew."""

    def plant(made: ImageSet) -> None:
        row, scene = made.take(target)

        def fits(other: Row, of: Scene) -> bool:
            return of is scene and source(other, of)

        original, _ = made.take(fits)
        made.file(row["image_path"]).unlink()
        again(made.file(original["image_path"]), made.file(row["image_path"]))
        made.plant(row["image_path"], code)

    return Fault(code, count, plant)


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


def _link(source: Path, target: Path) -> None:
    target.hardlink_to(source)


def _save_again(source: Path, target: Path) -> None:
    with Image.open(source) as image:
        brighter = image.point(lambda value: value + 2)
        brighter.save(target, quality=82, compress_level=1)  # each is of one format alone


def _tested(row: Row, _scene: Scene) -> bool:
    return bool(row["split"] == "test" and row["label"] == 0)


def _anomalous(row: Row, _scene: Scene) -> bool:
    return bool(row["label"] == 1)


def _of_record(code: str, count: int, wanted: Wanted, change: Callable[[ImageSet, Row], str]) -> Fault:
    def plant(made: ImageSet) -> None:
        row, _ = made.take(wanted)
        made.plant(change(made, row), code)

    return Fault(code, count, plant)


def _mark_normal(made: ImageSet, row: Row) -> str:
    row["mask_path"] = row["image_path"].replace("/good/", "/masks/good_").replace(".jpg", ".png")
    with Image.open(made.file(row["image_path"])) as image:
        mask = Image.new("L", image.size)
    mask.paste(255, (10, 10, 60, 60))
    mask.save(made.file(row["mask_path"]))
    return str(row["mask_path"])


def _mask_as_jpeg(made: ImageSet, row: Row) -> str:
    mask = made.file(row["mask_path"])
    row["mask_path"] = row["mask_path"].replace(".png", ".jpg")
    with Image.open(mask) as image:
        image.save(made.file(row["mask_path"]), quality=95)
    mask.unlink()
    return str(row["mask_path"])


def _mask_is_image(made: ImageSet, row: Row) -> str:
    shutil.copyfile(made.file(row["image_path"]), made.file(row["mask_path"]))
    return str(row["mask_path"])


def _outside(made: ImageSet, row: Row) -> str:
    moved = made.folder.parent / f"{made.folder.name}-outside"
    moved.mkdir(exist_ok=True)
    name = row["image_path"].replace("/", "_")
    made.file(row["image_path"]).rename(moved / name)
    row["image_path"] = f"../{moved.name}/{name}"
    return str(row["image_path"])


def _backslashes(_made: ImageSet, row: Row) -> str:
    row["image_path"] = row["image_path"].replace("/", "\\")
    return str(row["image_path"])


def _twice(made: ImageSet, row: Row) -> str:
    made.rows.append(dict(row))
    return str(row["image_path"])


def _anomaly_to_learn(_made: ImageSet, row: Row) -> str:
    row["split"] = "train"
    return str(row["image_path"])


FAULTS = (
    _of_image("PF302", 15, _png, _cut),
    _of_image("PF302", 15, _jpeg, _cut),
    _of_image("PF302", 10, _any_image, _fill_end_with_zeros),
    _of_image("PF401", 30, _png, _flip_bit),
    _of_image("PF211", 12, _any_image, _write(b"")),
    _of_image("PF301", 12, _any_image, _write(ERROR_PAGE)),
    _of_image("PF303", 15, _png, _edit(Image.Image.copy, "JPEG")),
    _of_image("PF201", 10, _any_image, _remove),
    _of_image("PF403", 15, _normal, _edit(lambda image: Image.new(image.mode, image.size))),
    _of_image("PF404", 20, _lit, _edit(_dim)),
    _of_image("PF405", 20, _lit, _edit(_overexpose)),
    _of_image("PF406", 25, _detailed, _redraw(defocus=4.0)),
    _of_image("PF407", 10, _lit, _redraw(fog=0.12)),
    _of_image("PF408", 15, _lit, _edit(_blank_lower_third)),
    _of_image("PF305", 5, _normal, _edit(lambda image: image.resize((24, 18)))),
    _of_image("PF306", 10, _normal, _edit(_half)),
    _of_image("PF307", 10, _colour, _edit(lambda image: image.convert("L"))),
    _of_image("PF311", 6, _png, _edit(lambda image: image.convert("RGBA"))),
    _of_image("PF312", 10, _normal_jpeg, _edit(Image.Image.copy, exif=_turned_exif())),
    _copy_of("PF601", 30, _learnt, _learnt, _copy),
    _copy_of("PF602", 20, _tested, _learnt, _copy),
    _copy_of("PF603", 10, _anomalous, _tested, _copy),
    _copy_of("PF604", 25, _learnt, _learnt, _save_again),
    _copy_of("PF605", 25, _tested, _learnt, _save_again),
    _copy_of("PF212", 5, _learnt, _learnt, _link),
    _of_mask("PF503", 8, _edit(_half)),
    _of_mask("PF504", 8, _edit(lambda mask: Image.new("L", mask.size))),
    _of_mask("PF506", 4, _edit(_soften)),
    _of_mask("PF507", 5, _edit(lambda mask: mask.point(lambda value: value // 255))),
    _of_mask("PF511", 5, _edit(ImageOps.invert)),
    _of_mask("PF514", 4, _write(ERROR_PAGE)),
    _of_mask("PF501", 4, _remove),
    _of_record("PF505", 5, _tested, _mark_normal),
    _of_record("PF508", 4, _masked, _mask_as_jpeg),
    _of_record("PF509", 3, _masked, _mask_is_image),
    _of_record("PF202", 4, _normal, _outside),
    _of_record("PF204", 4, _normal, _backslashes),
    _of_record("PF111", 4, _normal, _twice),
    _of_record("PF705", 5, _anomalous, _anomaly_to_learn),
)
