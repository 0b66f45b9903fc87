import json
import os
import signal
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from pyimgano_core.cli.app import emit_json, format_issue, format_table, json_option, report_error
from pyimgano_core.contracts.issue import Issue, Location, Severity
from pyimgano_core.errors import ConfigError, DataError

POSIX_ONLY = pytest.mark.skipif(os.name != "posix", reason="signals and devices as POSIX has them")

COMMAND = """
import errno, os, sys, time
import click
from pyimgano_core import errors
from pyimgano_core.cli.app import emit_json, run, write_stdout
from pyimgano_core.contracts.issue import Issue, Location, Severity

@click.command()
@click.option("--count", type=int)
def command(count):
{body}

run(command)
"""


def start(body, *arguments, **options):
    script = COMMAND.format(body="\n".join(f"    {line}" for line in body.strip().splitlines()))
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen([sys.executable, "-c", script, *arguments], **streams)


def finish(process):
    out, err = process.communicate(timeout=20)
    return process.returncode, (out or b"").decode(), (err or b"").decode()


def run_body(body, *arguments, **options):
    return finish(start(body, *arguments, **options))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("pass", 0),
        ("return errors.ExitCode.SOME_INPUTS_FAILED", 4),
        ("raise errors.UsageError('no such thing')", 64),
        ("raise errors.ConfigError(['$.seed: must be text'], 'c.toml')", 64),
        ("raise errors.DataError('the data has errors')", 2),
        ("raise errors.GateTrippedError('the gate')", 3),
        ("raise errors.ImageError('truncated', 'a.png', 'ends too early')", 4),
        ("raise errors.ArtifactError('wrong hash')", 5),
        ("raise errors.MachineError('no such device')", 74),
        ("raise click.UsageError('a and b exclude each other')", 64),
        ("raise click.FileError('a.toml')", 64),
        ("raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), 'report.json')", 74),
        ("open('/no/such/folder/file')", 74),
        ("raise MemoryError", 74),
        ("raise KeyboardInterrupt", 130),
        ("sys.exit(9)", 9),
    ],
)
def test_every_end_has_its_exit_code_and_no_traceback(body, code):
    result, out, err = run_body(body)
    assert (code, "") == (result, out)
    assert "Traceback" not in err
    assert code in {0, 4, 9} or "Error: " in err or err.startswith("Usage: ")


@pytest.mark.parametrize("body", ["1 / 0", "raise OSError('broken data stream')", "raise ValueError('x')"])
def test_a_bug_is_exit_code_1_with_a_traceback(body):
    code, out, err = run_body(body)
    assert (1, "") == (code, out)
    assert "Traceback" in err


@pytest.mark.parametrize("arguments", [["--nonsense"], ["--count", "x"], ["extra"]])
def test_a_wrong_command_line_is_exit_code_64_with_its_usage(arguments):
    code, out, err = run_body("pass", *arguments)
    assert (64, "") == (code, out)
    assert err.startswith("Usage: ")


@pytest.mark.parametrize(
    "words", [["--predictions", "p", "x", "model.name=y"], ["--model.name", "y"], ["a.png", "--model.name=y"]]
)
def test_a_key_of_the_config_given_without_its_option_is_told_how_to_be_set(words):
    script = "from pyimgano_core.cli.main import core, run; run(core)"
    command = [sys.executable, "-c", script, "evaluate", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 64 == done.returncode
    assert done.stderr.rstrip().endswith("; a key of the config is set with --set model.name=VALUE")


def test_other_wrong_words_are_no_keys():
    _, _, err = run_body("pass", "model.name=1")  # it has no --set
    assert err.rstrip().endswith("unexpected extra argument (model.name=1)")
    script = "from pyimgano_core.cli.main import core, run; run(core)"
    for words in (["--config.toml"], ["--predictions", "p", "dataset.json"]):
        command = [sys.executable, "-c", script, "evaluate", *words]
        assert "--set" not in subprocess.run(command, capture_output=True, text=True, check=False).stderr


def test_help_is_exit_code_0():
    code, out, err = run_body("pass", "--help")
    assert (0, "") == (code, err)
    assert out.startswith("Usage: ")


@POSIX_ONLY
@pytest.mark.parametrize(
    ("name", "code", "word"),
    [
        ("SIGINT", 130, "interrupted"),
        ("SIGTERM", 143, "terminated"),
        ("SIGHUP", 129, "the terminal was closed"),
    ],
)
def test_a_signal_unwinds_keeps_what_was_printed_and_has_its_exit_code(name, code, word):
    process = start("""
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
try:
    click.echo("half a result")
    time.sleep(20)
finally:
    click.echo("cleaned up", err=True)
""")
    assert b"half a result\n" == process.stdout.readline()
    process.send_signal(getattr(signal, name))
    result, _, err = finish(process)
    assert code == result
    assert ["cleaned up", f"Error: {word}; what was finished is kept"] == err.split("\n")[-3:-1]
    assert "Traceback" not in err


@POSIX_ONLY
def test_a_command_that_shall_outlive_its_terminal_goes_on():
    process = start(
        """
click.echo("begun")
time.sleep(0.3)
click.echo("done")
""",
        preexec_fn=ignore_hang_up,
    )
    assert b"begun\n" == process.stdout.readline()
    process.send_signal(signal.SIGHUP)
    assert (0, "done\n", "") == finish(process)


def ignore_hang_up():
    """What `nohup` does."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


@POSIX_ONLY
def test_a_terminal_that_is_closed_ends_the_command_with_its_exit_code():
    import pty  # noqa: PLC0415 - POSIX has it alone

    ours, theirs = pty.openpty()
    body = """
try:
    click.echo("begun")
    time.sleep(20)
finally:
    sys.stdout.write("what was found" * 1000)
"""
    process = start(body, stdout=theirs, stderr=theirs, stdin=theirs, start_new_session=True)
    os.close(theirs)
    assert b"begun" == os.read(ours, 5)
    os.close(ours)
    process.send_signal(signal.SIGHUP)  # the kernel sends it to the leader of the terminal's session
    assert 129 == process.wait(20)


@POSIX_ONLY
@pytest.mark.parametrize(("number", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_waits_for_the_end_of_an_import(number, code, tmp_path):
    (tmp_path / "slow.py").write_text(f"""
import os, signal, time
signal.signal(signal.SIGINT, signal.getsignal(signal.SIGTERM))  # a shell's background jobs ignore it
try:
    os.kill(os.getpid(), signal.{number})
    time.sleep(0.3)
except BaseException:
    print("cut", flush=True)
""")
    result, out, err = run_body(f"""
sys.path.insert(0, {str(tmp_path)!r})
import slow
time.sleep(20)
""")
    assert (code, "", False) == (result, out, "Traceback" in err)


@POSIX_ONLY
@pytest.mark.parametrize(("number", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_an_error_while_a_signal_unwinds_is_no_bug(number, code):
    result, _, err = run_body(f"""
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    os.kill(os.getpid(), signal.{number})
    time.sleep(20)
finally:
    raise AttributeError("a module that was half imported")
""")
    assert (code, False) == (result, "Traceback" in err)


@POSIX_ONLY
@pytest.mark.parametrize(
    "body",
    [
        "for number in range(100_000): click.echo(f'line {number}')",
        "for number in range(100_000): write_stdout(f'line {number}\\n')",
        "sys.stdout.write('line\\n' * 100_000)",
        "emit_json(list(range(100_000)))",
    ],
)
def test_a_reader_that_has_enough_is_no_error(body):
    process = start(body)
    process.stdout.read(5)
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert (0, b"") == (process.wait(20), err)


@POSIX_ONLY
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is always full")  # noqa: PTH110
@pytest.mark.parametrize("body", ["click.echo('x')", "emit_json({})", "sys.stdout.write('x')"])
def test_a_full_disk_under_stdout_is_an_environment_error(body):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        code, _, err = run_body(body, stdout=full)
    assert 74 == code
    assert "Error: No space left on device: make room and run the same command again\n" == err


@POSIX_ONLY
@pytest.mark.parametrize("descriptor", [0, 1, 2])
def test_a_stream_that_the_caller_closed_is_an_empty_one(descriptor):
    body = """
click.echo("said", err=True)
write_stdout(f"read {len(sys.stdin.buffer.read())}")
with open(os.devnull) as later:
    return 3 + (later.fileno() < 3)
"""
    code, out, err = run_body(body, stdin=subprocess.DEVNULL, preexec_fn=lambda: os.close(descriptor))
    assert (3, "" if descriptor == 1 else "read 0") == (code, out)
    assert ("" if descriptor == 2 else "said\n") == err


def test_text_that_stdout_can_not_encode_is_escaped():
    body = "click.echo('caf\\udce9 Käse')"
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
    assert (0, f"caf\\udce9 Käse{os.linesep}", "") == run_body(body, env=environment)


def test_json_survives_any_file_name_and_any_encoding_of_stdout():
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    code, out, _ = run_body("emit_json({'path': 'K\\xe4se \\udce9'})", env=environment)
    assert (0, "Käse \udce9") == (code, json.loads(out)["path"])


def test_json_never_holds_nan():
    code, out, err = run_body("emit_json({'score': float('nan')})")
    assert (1, "") == (code, out)
    assert "not JSON compliant" in err


def complete(instruction, **variables):
    script = "import sys; sys.argv[0] = 'pyimgano-core'; from pyimgano_core.cli.main import main; main()"
    environment = {**os.environ, **variables, "_PYIMGANO_CORE_COMPLETE": instruction}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return finish(subprocess.Popen([sys.executable, "-c", script], env=environment, **streams))


def test_a_shell_is_told_what_may_follow():
    words = {"COMP_WORDS": "pyimgano-core manifest s", "COMP_CWORD": "2"}
    assert (0, "plain,split\nplain,summary\n", "") == complete("bash_complete", **words)


def test_a_shell_gets_the_script_that_turns_completion_on():
    code, out, _ = complete("zsh_source")
    assert 0 == code
    assert out.startswith("#compdef pyimgano-core\n")


def test_an_unknown_shell_is_a_wrong_usage():
    assert (64, "", "") == complete("nosuch_source")


def test_the_chatter_of_the_image_library_stays_off_stderr():
    body = "import logging\nlogging.getLogger('PIL.TiffImagePlugin').warning('More samples per pixel')"
    assert (0, "", "") == run_body(body)


def issue(number, **location):
    return Issue(
        code="PF106",
        name="MANIFEST_INVALID_JSON",
        severity=Severity.ERROR,
        message=f"message {number}",
        location=Location(**location) if location else None,
    )


def test_an_issue_is_one_line_with_its_place():
    assert "m.jsonl:12: error PF106 MANIFEST_INVALID_JSON: message 1" == format_issue(
        issue(1, manifest="m.jsonl", line=12)
    )
    assert "error PF106 MANIFEST_INVALID_JSON: message 2" == format_issue(issue(2, manifest="m.jsonl"))


def reported(error, capsys):
    report_error(error)
    captured = capsys.readouterr()
    assert "" == captured.out
    return captured.err.splitlines()


def test_one_problem_is_one_line(capsys):
    assert ["Error: c.toml: $.seed: is required"] == reported(
        ConfigError(["$.seed: is required"], "c.toml"), capsys
    )


def test_many_problems_stand_one_a_line(capsys):
    error = ConfigError(["$.a: unknown key", "$.b: unknown key"], "c.toml")
    assert ["Error: c.toml has 2 problems:", "  $.a: unknown key", "  $.b: unknown key"] == reported(
        error, capsys
    )


def test_an_issue_that_is_the_whole_error_is_one_line(capsys):
    assert ["Error: message 1"] == reported(DataError("message 1", [issue(1)]), capsys)
    assert 2 == len(reported(DataError("message 1", [issue(1), issue(2)]), capsys))


def test_many_issues_are_cut_and_counted(capsys):
    lines = reported(DataError("the data set has 25 errors", [issue(number) for number in range(25)]), capsys)
    assert "Error: the data set has 25 errors" == lines[0]
    assert "  error PF106 MANIFEST_INVALID_JSON: message 19" == lines[20]
    assert "  … and 5 more" == lines[21]
    assert 22 == len(lines)


def test_a_table_puts_text_left_and_numbers_right():
    table = format_table(["name", "auroc"], [["cookie", "0.99"], ["a", "-"], ["long name", "10"]])
    assert ["name       auroc", "cookie      0.99", "a              -", "long name     10"] == table.split(
        "\n"
    )


def test_a_category_that_is_called_by_a_number_stands_left():
    table = format_table(["category", "train"], [["01", "5"], ["112", "12"]])
    assert ["category  train", "01            5", "112          12"] == table.split("\n")


def test_a_table_without_rows_is_its_header():
    assert "name  auroc" == format_table(["name", "auroc"], [])


def test_the_json_option_is_off_by_default():
    @click.command()
    @json_option
    def command(*, as_json):
        emit_json({"json": as_json})

    assert {"json": False} == json.loads(CliRunner().invoke(command, []).output)
    assert {"json": True} == json.loads(CliRunner().invoke(command, ["--json"]).output)
