"""The program that runs the commands of pages, and the workflows that a tutorial shows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pyimgano_core.progress import describe

ROOT = Path(__file__).parents[1]
TUTORIALS = ROOT / "docs" / "tutorials"
ACTION = re.compile(r"uses: (\S+)@.*?\b(v\d+)")  # pinned by a hash, the version is a comment

PAGE = """
Text.

```toml
# file: folder/a.toml
a = 1
```

```sh
cat folder/a.toml; echo "0.5000 of 3 in 2.1 s, $PWD" >&2
```

```text
{output}
```

```sh no-run
exit 1
```

```text
Not an output.
```
"""
OUTPUT = "# file: folder/a.toml\na = 1\n0.5000 of 3 in 2.1 s, /home/you/work"


def produce(action, *pages):
    command = [sys.executable, ROOT / "docs" / "produce.py", action, *pages]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def written(folder, text, name="page.md"):
    page = folder / name
    page.write_text(text, encoding="utf-8")
    return page


def test_outputs_are_written_into_a_page_and_nothing_else_is_changed(tmp_path):
    page = written(tmp_path, PAGE.format(output="old"))
    assert 0 == produce("--write", page).returncode
    assert PAGE.format(output=OUTPUT) == page.read_text(encoding="utf-8")


def test_another_output_fails_a_check_with_a_diff_and_the_page_is_left_alone(tmp_path):
    text = PAGE.format(output=OUTPUT.replace("a = 1", "a = 2"))
    page = written(tmp_path, text)
    result = produce("--check", page)
    assert 1 == result.returncode
    assert {"-a = 2", "+a = 1"} <= set(result.stdout.splitlines())
    assert text == page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("shown", "code"),
    [
        ("0.5010 of 3 in 9 s", 0),
        ("0.5000   of 3 in 2.1 s", 0),
        ("0.5200 of 3 in 2.1 s", 1),
        ("0.5000 of 4 in 2.1 s", 1),
    ],
)
def test_an_output_may_differ_by_what_differs_between_machines_alone(tmp_path, shown, code):
    page = written(tmp_path, PAGE.format(output=OUTPUT.replace("0.5000 of 3 in 2.1 s", shown)))
    assert code == produce("--check", page).returncode


@pytest.mark.parametrize(("action", "seconds"), [("--check", 1.0), ("--write", 2.0)])
def test_a_measured_output_is_renewed_but_never_compared(tmp_path, action, seconds):
    text = "```sh\necho took 2.0\n```\n\n```text measured\ntook {}\n```\n"
    page = written(tmp_path, text.format(1.0))
    assert 0 == produce(action, page).returncode
    assert text.format(seconds) == page.read_text(encoding="utf-8")


def test_python_is_run_and_its_output_compared(tmp_path):
    text = "```python\nprint({} + 1)\n```\n\n```text\n3\n```\n"
    assert [0, 1] == [produce("--check", written(tmp_path, text.format(a))).returncode for a in (2, 3)]
    result = produce("--check", written(tmp_path, "```python\n1 / 0\n```\n"))
    assert 1 == result.returncode
    assert "ZeroDivisionError" in result.stdout


def test_a_command_that_fails_is_named_with_its_place_and_its_output(tmp_path):
    page = written(tmp_path, "Text.\n\n```sh\necho why | cat\nfalse | cat\n```\n")
    result = produce("--check", page)
    assert 1 == result.returncode
    assert f"{page}:3: ended with exit code 1" in result.stdout
    assert "\nwhy\n" in result.stdout


def test_lines_on_the_progress_of_a_long_run_are_no_output_of_it(tmp_path):
    line = describe("cells", 3, 12, 270.0)
    page = written(tmp_path, f"```sh\necho a; echo '{line}' >&2; echo b\n```\n\n```text\na\nb\n```\n")
    assert 0 == produce("--check", page).returncode


def test_what_a_comment_sets_up_is_run(tmp_path):
    text = "<!--\n```{}\necho a > file.txt\n```\n-->\n\n```sh\ncat file.txt\n```\n\n```text\na\n```\n"
    pages = [written(tmp_path, text.format(info), f"{info}.md") for info in ("sh", "sh no-run")]
    assert [0, 1] == [produce("--check", page).returncode for page in pages]


def test_pages_run_at_a_time_are_told_in_their_order_and_a_failure_keeps_none_from_its_turn(tmp_path):
    # The first page ends only after the second has begun.
    meeting = tmp_path / "begun"
    waits = f"```sh\nfor turn in {{1..600}}; do test -e {meeting} && exit 5; sleep 0.1; done\n```\n"
    differs = f"```sh\ntouch {meeting}; echo new\n```\n\n```text\nold\n```\n"
    first, second = written(tmp_path, waits, "first.md"), written(tmp_path, differs, "second.md")
    result = produce("--check", "--jobs", "2", first, second)
    assert 1 == result.returncode
    assert 0 <= result.stdout.find(f"{first}:1: ended with exit code 5") < result.stdout.find("+new")


def test_a_failure_fails_a_renewal_whose_other_pages_are_written(tmp_path):
    fails = written(tmp_path, "```sh\nfalse\n```\n", "fails.md")
    changes = written(tmp_path, "```sh\necho new\n```\n\n```text\nold\n```\n", "changes.md")
    assert 1 == produce("--write", fails, changes).returncode
    assert changes.read_text(encoding="utf-8").endswith("new\n```\n")


def workflows():
    text = (TUTORIALS / "data-qa-ci.md").read_text(encoding="utf-8")
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)]


def test_the_checks_of_the_workflows_are_those_that_the_page_runs():
    github, gitlab = workflows()
    lines = [step["run"] for step in github["jobs"]["preflight"]["steps"] if "run" in step]
    lines += gitlab["preflight"]["script"]
    checks = [line.removeprefix("uvx ").strip() for line in lines if "preflight check" in line]
    text = (TUTORIALS / "data-qa-ci.md").read_text(encoding="utf-8")
    run = " ".join(re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)).replace("\\\n", "")
    assert 2 == len(checks)
    assert [] == [check for check in checks if check not in re.sub(r"\s+", " ", run)]


def test_the_workflow_uses_the_versions_of_actions_that_this_repository_uses():
    ours = dict(ACTION.findall((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")))
    theirs = dict(ACTION.findall((TUTORIALS / "data-qa-ci.md").read_text(encoding="utf-8")))
    shared = ours.keys() & theirs.keys()
    assert {"actions/checkout", "astral-sh/setup-uv"} <= shared
    assert {name: ours[name] for name in shared} == {name: theirs[name] for name in shared}
