"""The documentation and the examples say what the program does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
from attrs import fields, has

from pyimgano_bench.suite import Suite, load_suite
from pyimgano_core.contracts.config import ReviewConfig, RunConfig, ThresholdMethod, TilingConfig
from pyimgano_core.contracts.report import PixelResults, Results
from pyimgano_core.contracts.threshold import Certificate, FallbackStep, ThresholdProvenance
from pyimgano_core.detectors.dictionary import Dictionary
from pyimgano_core.detectors.padim import Padim
from pyimgano_core.detectors.patchcore import PatchCore
from pyimgano_core.detectors.subspace import Subspace
from pyimgano_core.errors import ExitCode
from pyimgano_core.layouts._guess_names import ANOMALOUS_NAMES, MASK_NAMES, NORMAL_NAMES, SPLIT_NAMES
from pyimgano_core.recipes import load_run_config

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def sections(contract, name=""):
    """The contract's own keys with their defaults, and those of the tables in it, by the table's heading."""
    defaults = contract()
    values = {attribute.name: getattr(defaults, attribute.name) for attribute in fields(contract)}
    inner = {key: type(value) for key, value in values.items() if has(type(value))}
    yield name, {key: value for key, value in values.items() if key not in inner}
    for key, kind in inner.items():
        yield from sections(kind, f"{name}.{key}".lstrip("."))


def documented(heading):
    """The keys and the defaults, as written, of one section of the page on configs."""
    text = (DOCS / "reference" / "config.md").read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2]
    return dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", text.partition("\n## ")[0], flags=re.MULTILINE))


def as_toml(value):
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f'`"{value}"`'
    return f"`{list(value)}`" if isinstance(value, tuple) else f"`{value}`"


HEADINGS = {
    **{f"`[{name}]`" if name else "Top level": keys for name, keys in sections(RunConfig)},
    "`[dataset.tiling]`": dict(sections(TilingConfig))[""],
    "`[threshold.review]`": dict(sections(ReviewConfig))[""],
    **{
        f"`[model.options]` of `{name}`": {
            key: value for key, value in dict(sections(detector))[""].items() if key != "features"
        }
        for name, detector in (
            ("dictionary", Dictionary),
            ("patchcore", PatchCore),
            ("padim", Padim),
            ("subspace", Subspace),
        )
    },
}


@pytest.mark.parametrize("heading", HEADINGS)
def test_every_config_key_is_documented_with_its_default(heading):
    expected = {key: None if value is None else as_toml(value) for key, value in HEADINGS[heading].items()}
    written = {key: text if text.startswith("`") else None for key, text in documented(heading).items()}
    assert written == expected


def command_lines():
    """Every line of the documentation that runs one of our commands, as words."""
    pages = [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("packages/*/README.md")]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for block in re.findall(r"```sh(?: no-run)?\n(.*?)```", text, flags=re.DOTALL):
            for line in block.splitlines():
                if match := re.search(r"\bpyimgano-(core|preflight|train|infer|benchmark) .*", line):
                    yield tuple(match[0].partition("  #")[0].split())


@pytest.mark.parametrize("words", sorted(set(command_lines())), ids=" ".join)
def test_every_documented_command_knows_its_options(words):
    plain = list(takewhile(lambda word: re.fullmatch(r"[a-z-]+", word) and not word.startswith("-"), words))
    script = Path(sys.executable).with_name(plain[0])
    result = subprocess.run([script, *plain[1:3], "--help"], capture_output=True, text=True, check=True)
    known = set(re.findall(r"--[a-z-]+", result.stdout))
    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("contract", [ThresholdProvenance, Certificate, FallbackStep])
def test_every_field_of_a_threshold_s_provenance_is_documented(contract):
    for page in ("thresholds.md", "infer-config.md"):
        text = (DOCS / "reference" / page).read_text(encoding="utf-8")
        assert [] == [field.name for field in fields(contract) if f"`{field.name}`" not in text], page


@pytest.mark.parametrize("contract", [Results, PixelResults])
def test_every_metric_and_rate_is_defined_on_its_page(contract):
    page = (DOCS / "reference" / "metrics.md").read_text(encoding="utf-8")
    types = {each.name: str(each.type) for each in fields(contract)}
    measured = [name for name, kind in types.items() if kind == "float | None" or "ObservedRate" in kind]
    assert len(measured) > 7
    assert [] == [name for name in measured if f"`{name}`" not in page]


def test_every_threshold_method_is_defined_on_its_page():
    page = (DOCS / "reference" / "thresholds.md").read_text(encoding="utf-8")
    assert [] == [name for name in get_args(ThresholdMethod) if f"\n| `{name}`" not in page]


def test_every_name_that_a_guess_understands_is_documented():
    page = (DOCS / "reference" / "manifest.md").read_text(encoding="utf-8")
    text = page.partition("\n## Other folders\n")[2]
    rows = re.findall(r"^\| (`[^`]+`(?:, `[^`]+`)*) \|", text.partition("\n## ")[0], flags=re.MULTILINE)
    written = [{re.sub(r"[\W_]", "", name).lower() for name in re.findall("`([^`]+)`", row)} for row in rows]
    assert written == [NORMAL_NAMES, ANOMALOUS_NAMES, SPLIT_NAMES.keys(), MASK_NAMES]


@pytest.mark.parametrize("name", ["docs/reference/exit-codes.md", "README.md"])
def test_every_exit_code_is_documented(name):
    page = ROOT / name
    rows = re.findall(r"^\| ([\d, ]+) \|", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert {str(int(code)) for code in ExitCode} == {code.strip() for row in rows for code in row.split(",")}


@pytest.fixture(scope="module")
def site():
    """What writes the reference: the module of the pages, and that of the meanings of fields."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS / "_ext")
        yield import_module("generated"), import_module("fields")


def test_every_module_that_an_example_imports_is_on_a_page_of_the_python_api(site):
    sources = [*DOCS.rglob("*.md"), *(DOCS / "plug-in").rglob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    assert set(re.findall(r"^from (pyimgano_(?!mean)[\w.]+) import", text, flags=re.MULTILINE)) <= set(
        site[0].MODULES
    )


@pytest.fixture(scope="module")
def schemas(site):
    return dict(site[0].schemas_of_files())


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A folder in which every command but the benchmark has left what it writes, as for the examples."""
    folder = tmp_path_factory.mktemp("work")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS)
        examples = import_module("examples")
    examples.of_a_run(folder)
    examples.of_the_data(folder)
    return folder


def documents(path):
    text = path.read_text(encoding="utf-8")
    return [json.loads(text)] if path.suffix == ".json" else [json.loads(line) for line in text.splitlines()]


def fits(document, schema):
    """Whether a document keeps a schema and has no field that the schema's page does not tell of."""
    described = document.keys() <= schema["properties"].keys()
    return described and jsonschema.Draft202012Validator(schema).is_valid(document)


@pytest.mark.parametrize("name", ["run", "again"])
def test_every_json_file_of_a_run_directory_is_as_the_page_says_that_the_reference_names(work, schemas, name):
    text = (DOCS / "reference" / "run-directory.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\S+)` \| \[\w+\]\(generated/schemas/(\w+)\.md\) \|$", text, flags=re.MULTILINE)
    named = {path.replace("<category>", "gear"): schemas[page] for path, page in rows}
    files = {path.relative_to(work / name).as_posix(): path for path in (work / name).rglob("*.json*")}
    assert files.keys() - named.keys() == set()
    assert named.keys() - files.keys() <= {"artifacts/infer_config_int8.json", "reproduction.json"}
    told = [(place, each) for place, path in files.items() for each in documents(path)]
    assert [place for place, each in told if not fits(each, named[place])] == []


def test_every_json_file_that_a_command_writes_is_on_a_page(work, schemas):
    private = {path for path in work.glob("*.partial/*") if path.name != "plan.json"}
    files = {path for pattern in ("*.json", "*.jsonl", "*.lock") for path in work.rglob(pattern)} - private
    told = {path: documents(path) for path in files if path.is_file()}
    told[work / "facts.jsonl"] = told[work / "facts.jsonl"][:1]  # its other lines are private, too
    unknown = {
        path.name
        for path, found in told.items()
        for each in found
        if not any(fits(each, schema) for schema in schemas.values())
    }
    assert unknown == set()


def test_every_file_has_an_example_that_keeps_its_schema(schemas):
    examples = {path.stem: path for path in (DOCS / "reference" / "examples").glob("*.json")}
    assert examples.keys() == schemas.keys()
    for name, schema in schemas.items():
        jsonschema.validate(json.loads(examples[name].read_text(encoding="utf-8")), schema)


def test_every_kind_of_file_that_a_package_names_has_a_page(schemas):
    sources = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("packages/*/src/**/*.py"))
    kinds = set(re.findall(r'KIND: ClassVar\[str\] = "(pyimgano\.\w+)"', sources))
    fields_of_all = [schema["properties"] for schema in schemas.values()]
    assert {properties["kind"]["const"] for properties in fields_of_all if "kind" in properties} == kinds


def test_every_field_of_every_file_is_explained_and_every_explanation_belongs_to_a_field(site, schemas):
    meanings, unexplained, used = site[1].MEANINGS, set(), set()
    for schema in schemas.values():
        for title, part in {schema["title"]: schema, **schema.get("$defs", {})}.items():
            for name in part.get("properties", {}):
                text = site[1].meaning(title, part, name)
                used |= {
                    (place, name) for place in (title, "any") if text == meanings.get(place, {}).get(name)
                }
                if text is None and not site[1].is_named(part, name):
                    unexplained.add((title, name))
    assert unexplained == set()
    assert {(title, name) for title, texts in meanings.items() for name in texts} - used == set()


@pytest.mark.parametrize("path", sorted(ROOT.glob("configs/*.toml")), ids=lambda path: path.name)
def test_every_example_config_can_be_read(path):
    load = load_suite if path.name.startswith("suite-") else load_run_config
    assert isinstance(load(path), Suite | RunConfig)


@pytest.mark.parametrize(
    "page",
    sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")]),
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    made = [link for link in links if "generated/" in link]  # with the site, whose build checks them
    broken = [link for link in links if link not in made and not (page.parent / link).exists()]
    assert broken == []
