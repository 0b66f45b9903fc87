"""The documentation and the examples say what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from attrs import fields, has

from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.errors import ExitCode
from pyimgano_core.recipes import load_run_config

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def keys_and_defaults(contract, table=""):
    defaults = contract()
    for attribute in fields(contract):
        value = getattr(defaults, attribute.name)
        if has(type(value)):
            yield from keys_and_defaults(type(value), f"{table}.{attribute.name}".lstrip("."))
        else:
            yield table, attribute.name, value


def documented_keys():
    table = ""
    for line in (DOCS / "config.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            table = "".join(re.findall(r"\[(.+)\]", line))
        elif match := re.match(r"\| `(\w+)` \| ([^|]+) \|", line):
            yield table, match[1], match[2].strip()


def test_every_config_key_is_documented_with_its_default():
    documented = {(table, key): default for table, key, default in documented_keys()}
    expected = {(table, key): value for table, key, value in keys_and_defaults(RunConfig)}
    assert set(expected) == set(documented)
    written = {key: text for key, text in documented.items() if text.startswith("`")}
    assert {key: as_toml(expected[key]) for key in written} == written
    assert {None} == {expected[key] for key in documented if key not in written}


def as_toml(value):
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f'`"{value}"`'
    return f"`{list(value)}`" if isinstance(value, tuple) else f"`{value}`"


@pytest.mark.parametrize("page", [DOCS / "exit-codes.md", ROOT / "README.md"], ids=lambda page: page.name)
def test_every_exit_code_is_documented(page):
    rows = re.findall(r"^\| ([\d, ]+) \|", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert {str(int(code)) for code in ExitCode} == {code.strip() for row in rows for code in row.split(",")}


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.toml")), ids=lambda path: path.name)
def test_every_example_config_can_be_read(path):
    assert isinstance(load_run_config(path), RunConfig)


@pytest.mark.parametrize(
    "page",
    sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")]),
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    broken = [link for link in links if not (page.parent / link).exists()]
    assert broken == []
