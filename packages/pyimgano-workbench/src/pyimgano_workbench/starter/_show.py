"""Tells what a first run was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.cli.app import emit_json, write_stdout
from pyimgano_core.cli.guessed import guessed_document, guessed_text
from pyimgano_core.words import command_line

if TYPE_CHECKING:
    from pyimgano_workbench.starter._write import Start


def show_start(start: Start, *, as_json: bool) -> None:
    """Print what was written, and what to do next."""
    config, manifest = str(start.config), str(start.manifest)
    if as_json:
        emit_json({"config": config, "manifest": manifest, **guessed_document(start.guessed)})
        return
    check = command_line(["pyimgano-preflight", "check", config])
    train = command_line(["pyimgano-train", "--config", config, "--export-infer-config"])
    following = f"look through both, then: {check}\nand then:                {train}\n"
    write_stdout(f"{guessed_text(start.guessed)}written: {manifest}, {config}\n{following}")
