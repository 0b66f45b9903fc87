"""Nothing but an earlier report is ever written over."""

import os
import stat

import pytest

from pyimgano_core.errors import UsageError
from pyimgano_preflight._targets import require_replaceable

FORMS = ("text", "concise", "json", "sarif", "junit", "github", "html", "issues", "baseline")
OTHERS = {
    "a manifest": b'{"image_path": "a.png", "category": "cup", "split": "train"}\n',
    "an image": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "a config": b'[dataset]\nmanifest_path = "m.jsonl"\n',
    "a lock": b'{"kind": "pyimgano.preflight_lock", "schema_version": 1}\n',
    "a run report": b'{"kind": "pyimgano.run_report"}',
}


@pytest.fixture
def config(dataset):
    dataset.save()
    path = dataset.folder / "run.toml"
    path.write_text('[dataset]\nmanifest_path = "manifest.jsonl"\n')
    return path


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_what_is_no_report_is_kept(tmp_path, form, content):
    path = tmp_path / "there"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="remove it, or name another file"):
        require_replaceable(path, form)
    assert content == path.read_bytes()


@pytest.mark.parametrize("form", FORMS)
def test_what_is_absent_or_empty_may_be_written(tmp_path, form):
    require_replaceable(tmp_path / "absent", form)
    (tmp_path / "empty").touch()
    require_replaceable(tmp_path / "empty", form)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_and_a_folder_are_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(UsageError, match="is no file"):
            require_replaceable(path, "json")


@pytest.mark.parametrize("profile", ["quick", "standard"])
def test_every_report_may_be_written_again(cli, config, tmp_path, profile):
    arguments = ["--issues", tmp_path / "issues", "--write-baseline", tmp_path / "baseline"]
    for form in ("text", "concise", "json", "sarif", "junit", "github", "html"):
        arguments += ["--write", f"{form}={tmp_path / form}"]
    codes = {cli("check", "--config", config, "--profile", profile, *arguments).code for _ in range(2)}
    assert codes <= {0, 2}


@pytest.mark.parametrize("option", ["json={}", "--issues", "--write-baseline"])
def test_the_manifest_of_a_folder_is_never_written_over(cli, dataset, option):
    dataset.save()
    before = dataset.manifest.read_bytes()
    written = ["--write", option.format(dataset.manifest)] if "=" in option else [option, dataset.manifest]
    assert 64 == cli("check", dataset.manifest.parent, *written).code
    assert before == dataset.manifest.read_bytes()


def test_an_image_that_no_record_names_is_kept(cli, dataset):
    dataset.save()
    extra = dataset.folder / "train/extra.png"
    extra.write_bytes((dataset.folder / "train/0.png").read_bytes())
    before = extra.read_bytes()
    assert 64 == cli("check", dataset.manifest, "--write", f"json={extra}").code
    assert before == extra.read_bytes()


def test_a_link_stays_a_link_and_its_file_is_written(cli, config, tmp_path):
    (tmp_path / "real.json").touch()
    (tmp_path / "link.json").symlink_to("real.json")
    cli("check", "--config", config, "--write", f"json={tmp_path / 'link.json'}")
    assert stat.S_ISLNK((tmp_path / "link.json").lstat().st_mode)
    assert b'"preflight"' in (tmp_path / "real.json").read_bytes()
