"""Writes the pages of the reference that are made of the code: rules, files, commands, the Python API."""

from __future__ import annotations

import json
from importlib import import_module
from importlib.resources import files
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fields import meaning, without_attributes

from pyimgano_core.artifacts import json_schema, to_json, write_text
from pyimgano_preflight.rules import Rule, load_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sphinx.application import Sphinx

COMMANDS = {
    "pyimgano-preflight": "pyimgano_preflight.cli:preflight",
    "pyimgano-train": "pyimgano_workbench.cli:train",
    "pyimgano-infer": "pyimgano_infer.cli:infer",
    "pyimgano-benchmark": "pyimgano_bench.cli:benchmark",
    "pyimgano-core": "pyimgano_core.cli.main:core",
}
MODULES = (
    "pyimgano_infer",
    "pyimgano_preflight",
    "pyimgano_core.contracts.config",
    "pyimgano_core.detectors",
    "pyimgano_core.errors",
    "pyimgano_core.evaluation",
    "pyimgano_core.images",
    "pyimgano_core.layouts",
    "pyimgano_core.manifest",
    "pyimgano_core.metrics",
    "pyimgano_core.pipeline",
    "pyimgano_core.predictions",
    "pyimgano_core.scoring",
    "pyimgano_core.splits",
    "pyimgano_core.testing",
    "pyimgano_core.thresholds",
)
RULES_TITLE = """# Rules of preflight

`pyimgano-preflight rule CODE` shows the same at the terminal. A rule is looked for from its profile on:
`quick`, `standard` or `deep`. Its severity is the usual one; a config can change it."""
EXAMPLES = Path(__file__).parents[1] / "reference" / "examples"
CONTRACTS = {  # files whose schemas core does not ship, by the package that writes them
    "bench_cell": "pyimgano_bench.cell:BenchCell",
    "bench_comparison": "pyimgano_bench.compare:Comparisons",
    "bench_cost": "pyimgano_bench.cost._contract:CostResults",
    "bench_few_shot": "pyimgano_bench.fewshot._summary:FewShotResults",
    "bench_results": "pyimgano_bench.results:BenchResults",
    "bench_robustness": "pyimgano_bench.robustness._summary:RobustnessResults",
    "bench_study_cell": "pyimgano_bench.study.cell:StudyCell",
    "data_lock": "pyimgano_preflight._lock:LockHeader",
    "data_lock_file": "pyimgano_preflight._lock:LockedFile",
    "infer_plan": "pyimgano_infer._plan:Settings",
    "pictures": "pyimgano_workbench.pictures:Pictures",
    "preflight_baseline": "pyimgano_preflight._baseline:Baseline",
    "preflight_facts": "pyimgano_preflight._facts_file:FactsHeader",
    "reproduction": "pyimgano_workbench.reproducing:Reproduction",
    "run": "pyimgano_workbench.origin:RunOrigin",
}
FAMILIES = {
    "1": "Manifest",
    "2": "Paths",
    "3": "Headers",
    "4": "Content",
    "5": "Masks",
    "6": "Duplicates and leakage",
    "7": "Counts",
    "8": "Distribution",
    "9": "The run of the check",
}


def setup(app: Sphinx) -> dict[str, Any]:
    """Let Sphinx write the pages before it reads any."""
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir) / "reference" / "generated"))
    app.connect("sphinx-click-process-description", _escape_stars)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_pages(folder: Path) -> None:
    """Write all pages below a folder; one that would not change is left alone, so that builds stay quick."""
    schemas = dict(sorted(schemas_of_files(), key=itemgetter(0)))
    pages = {
        "rules.md": _rules_page(),
        "commands/index.md": _index("Commands", "Every option of every command.", COMMANDS),
        "schemas/index.md": _index("Files", "Every field of every file that the programs write.", schemas),
        "api/index.md": _index("Python API", "What may be imported; all else may change.", MODULES),
    }
    pages |= {f"commands/{name}.md": _command_page(name, target) for name, target in COMMANDS.items()}
    pages |= {f"schemas/{name}.md": _schema_page(name, schema) for name, schema in schemas.items()}
    pages |= {f"schemas/{name}.json": to_json(schema, indent=2) + "\n" for name, schema in schemas.items()}
    pages |= {f"api/{name}.md": _module_page(name) for name in MODULES}
    for name, text in pages.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_text(path, text)


def _index(title: str, text: str, names: Iterable[str]) -> str:
    entries = "\n".join(names)
    return f"# {title}\n\n{text}\n\n```{{toctree}}\n:maxdepth: 1\n\n{entries}\n```\n"


def _rules_page() -> str:
    """Return every rule of preflight under the heading of its family."""
    parts = [RULES_TITLE]
    family = ""
    for rule in load_rules():
        if rule.code[2] != family:
            family = rule.code[2]
            parts.append(f"## {FAMILIES[family]}")
        parts.append(_rule(rule))
    return "\n\n".join(parts) + "\n"


def _rule(rule: Rule) -> str:
    names = f" (also {', '.join(f'`{name}`' for name in rule.other_names)})" if rule.other_names else ""
    return (
        f"### {rule.code} {rule.name}\n\n"
        f"*{rule.severity.value}, from `{rule.profile}` on*{names}. {rule.meaning}\n\n"
        f"**Why it matters.** {rule.why}\n\n**How to mend it.** {rule.remedy}\n\n"
        f"**Example.**\n\n````text\n{rule.example}\n````"
    )


def _command_page(name: str, target: str) -> str:
    directive = f".. click:: {target}\n   :prog: {name}\n   :nested: full"
    return f"# The command {name}\n\n```{{eval-rst}}\n{directive}\n```\n"


def _escape_stars(_app: Sphinx, _context: object, lines: list[str]) -> None:
    """Keep a pattern such as `*.png` in a command's help from being taken for emphasis."""
    lines[:] = [line.replace("*", r"\*") for line in lines]


def _module_page(name: str) -> str:
    """Return the page of what a module exports, in its own order."""
    module = import_module(name)
    exported = getattr(module, "__all__", None) or _defined_in(module)
    members = "\n\n".join(
        f".. auto{_directive(getattr(module, member))}:: {member}\n{_options(getattr(module, member))}"
        for member in exported
    )
    summary = (module.__doc__ or "").strip()
    return f"# {name}\n\n{summary}\n\n```{{eval-rst}}\n.. currentmodule:: {name}\n\n{members}\n```\n"


def _defined_in(module: Any) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    ]


def _directive(value: Any) -> str:
    if isinstance(value, type):
        return "exception" if issubclass(value, BaseException) else "class"
    return "function" if callable(value) else "data"


def _options(value: Any) -> str:
    return "   :members:\n" if isinstance(value, type) else ""


def schemas_of_files() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name and the JSON Schema of every kind of file that the programs write."""
    folder = files("pyimgano_core").joinpath("schemas")
    for page in sorted(folder.iterdir(), key=lambda page: page.name):
        yield page.name.removesuffix(".json"), json.loads(page.read_text(encoding="utf-8"))
    for name, place in CONTRACTS.items():
        module, _, contract = place.partition(":")
        yield name, json_schema(getattr(import_module(module), contract))


def _schema_page(name: str, schema: dict[str, Any]) -> str:
    """Return the fields of an artifact, one table per object in it."""
    link = f"For programs there is its [JSON Schema]({name}.json)."
    table = _fields_table(schema["title"], schema)
    parts = [f"# {name}", without_attributes(schema), *_example(name), link, table]
    for title, part in schema.get("$defs", {}).items():
        parts += [f"## {title}", without_attributes(part)]
        if "properties" in part:
            parts.append(_fields_table(title, part))
    return "\n\n".join(filter(None, parts)) + "\n"


def _example(name: str) -> list[str]:
    """Return a file of that kind as a real run left it, where there is one."""
    path = EXAMPLES / f"{name}.json"
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8").strip()
    return ["An example, from a run on the demo data:", f"```json\n{text}\n```"]


def _fields_table(title: str, schema: dict[str, Any]) -> str:
    required = set(schema.get("required", ()))
    lines = ["| field | type | | meaning, where not told above |", "|---|---|---|---|"]
    for name, field in schema.get("properties", {}).items():
        default = "" if name in required else _default(field)
        lines.append(f"| `{name}` | {_type(field)} | {default} | {meaning(title, schema, name) or ''} |")
    return "\n".join(lines)


def _default(field: dict[str, Any]) -> str:
    return f"default `{json.dumps(field['default'])}`" if "default" in field else "optional"


def _type(field: dict[str, Any]) -> str:
    """Return a field's type in words; a reference leads to its table."""
    if "$ref" in field:
        title = field["$ref"].rpartition("/")[2]
        return f"[{title}](#{title.lower()})"
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(map(_type, field["anyOf"])))
    if "enum" in field:
        return ", ".join(f"`{json.dumps(value)}`" for value in field["enum"])
    if "const" in field:
        return f"`{json.dumps(field['const'])}`"
    kind = field.get("type", "any")
    if "prefixItems" in field:
        return f"[{', '.join(map(_type, field['prefixItems']))}]"
    if kind == "array":
        return f"list of {_type(field.get('items', {}))}"
    if kind == "object" and isinstance(field.get("additionalProperties"), dict):
        return f"object of {_type(field['additionalProperties'])}"
    return str(kind)
