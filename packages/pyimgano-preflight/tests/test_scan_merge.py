from __future__ import annotations

import json
import shutil
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pyimgano_core.artifacts import to_json
from pyimgano_core.errors import ArtifactError, UsageError
from pyimgano_core.progress import SilentProgress
from pyimgano_preflight._facts_file import read_facts_header, read_shard, write_facts
from pyimgano_preflight._merge import merge_shards
from pyimgano_preflight._scan import Shard, parse_shard, scan_shard
from pyimgano_preflight._select import RuleSettings, make_selection
from pyimgano_preflight.facts import FactStore
from pyimgano_preflight.runner import CheckSettings, check_dataset

PROFILES = ["quick", "standard", "deep"]


def spoil(dataset):
    """Break a file in each way that an error of a file, of two files, or of all of them comes from."""
    folder = dataset.folder
    shutil.copy(folder / "train/0.png", folder / "good/0.png")  # a leak, in two shards
    (folder / "train/1.png").write_bytes((folder / "train/1.png").read_bytes()[:-30])
    (folder / "train/2.png").unlink()
    (folder / "train/3.png").write_bytes(b"")
    Image.new("RGB", (40, 40), (9, 9, 9)).save(folder / "train/4.png")
    Image.new("L", (40, 40)).save(folder / "masks/0.png")
    Image.new("L", (30, 40), 255).save(folder / "masks/1.png")
    dataset.row("bad/3.png")["mask_path"] = "masks/2.png"  # one mask for two images
    dataset.rows.append({**dataset.row("train/7.png"), "image_path": "./train/7.png"})
    near = Image.open(folder / "train/5.png")
    near.save(folder / "bad/2.png", compress_level=1)
    dataset.save()


def store(dataset, profile):
    bounds = dataset.config().dataset.sixteen_bit_range
    return FactStore(profile, SilentProgress(), sixteen_bit_range=bounds, workers=1)


def check(dataset, profile="standard"):
    outcome = check_dataset(dataset.config(), dataset.folder, SilentProgress(), store(dataset, profile))
    return told(outcome)


def scan(dataset, output, index=0, count=1, profile="standard"):
    shard = Shard(index=index, count=count)
    return scan_shard(dataset.config(), dataset.folder, store(dataset, profile), shard, output)


def scan_all(dataset, folder, count, profile="standard"):
    paths = [folder / f"{profile}-{index}-{count}.jsonl" for index in range(count)]
    for index, path in enumerate(paths):
        scan(dataset, path, index, count, profile)
    return paths


def merge(dataset, paths):
    return told(merge_shards(dataset.config(), dataset.folder, SilentProgress(), paths))


def told(outcome):
    assert outcome.report.times == {}
    return to_json(outcome.report, indent=2), [to_json(issue) for issue in outcome.issues]


# the report of any split is that of a check


@pytest.mark.parametrize("profile", PROFILES)
def test_the_report_is_that_of_a_check_for_any_split_and_order(dataset, tmp_path, profile):
    spoil(dataset)
    expected = check(dataset, profile)
    assert '"PF302"' in expected[0]
    splits = {count: scan_all(dataset, tmp_path, count, profile) for count in (1, 2, 3, 5, 8, 50)}

    @settings(max_examples=20)
    @given(count=st.sampled_from(sorted(splits)), random=st.randoms(use_true_random=False))
    def holds(count, random):
        paths = random.sample(splits[count], count)
        assert expected == merge(dataset, paths)

    holds()


def test_every_order_of_three_shards_gives_one_report(dataset, tmp_path):
    spoil(dataset)
    paths = scan_all(dataset, tmp_path, 3)
    expected = check(dataset)
    for order in permutations(paths):
        assert expected == merge(dataset, order)


def test_a_folder_layout_is_scanned_and_merged(tree, tmp_path):
    (tree.folder / "part/train/good/3.png").write_bytes(b"text")
    expected = check(tree)
    assert '"PF301"' in expected[0]
    assert expected == merge(tree, scan_all(tree, tmp_path, 3))


@pytest.mark.parametrize("profile", ["quick", "standard"])
def test_merging_reads_no_image_and_no_mask(dataset, tmp_path, profile):
    spoil(dataset)
    expected = check(dataset, profile)
    paths = scan_all(dataset, tmp_path, 2, profile)
    for path in dataset.folder.rglob("*.png"):
        path.write_bytes(b"not what was scanned")
    assert expected == merge(dataset, paths)


def test_shards_can_be_merged_where_the_data_are_mounted_elsewhere(dataset, tmp_path):
    spoil(dataset)
    paths = scan_all(dataset, tmp_path, 2)
    shutil.move(dataset.folder, tmp_path / "elsewhere")
    dataset.folder = tmp_path / "elsewhere"
    assert check(dataset) == merge(dataset, paths)


def test_labels_may_be_mended_between_scan_and_merge(dataset, tmp_path):
    spoil(dataset)
    paths = scan_all(dataset, tmp_path, 2)
    dataset.row("good/1.png")["label"] = 1
    dataset.save()
    assert check(dataset) == merge(dataset, paths)


def test_each_file_is_in_the_shards_of_its_records(dataset, tmp_path):
    dataset.save()
    first, second = scan_all(dataset, tmp_path, 2)
    names = [[name for (name, _), _ in read_shard(path)] for path in (first, second)]
    images = [[name for name in shard if not name.startswith("masks/")] for shard in names]
    expected = [row["image_path"] for row in dataset.rows]
    assert [expected[0::2], expected[1::2]] == images
    masks = {name for shard in names for name in shard if name.startswith("masks/")}
    assert {f"masks/{number}.png" for number in range(4)} == masks


def test_the_chosen_rules_count(dataset, tmp_path):
    spoil(dataset)
    chosen = CheckSettings(selection=make_selection(RuleSettings(select=("PF302",))))
    outcome = merge_shards(
        dataset.config(), dataset.folder, SilentProgress(), scan_all(dataset, tmp_path, 2), chosen
    )
    assert {"PF302"} == {issue.code for issue in outcome.issues}


# the same command again


def test_a_whole_output_is_left_as_it_is(dataset, tmp_path):
    dataset.save()
    path = tmp_path / "facts.jsonl"
    first = scan(dataset, path)
    before = path.stat()
    again = scan(dataset, path)
    assert (True, False) == (first.is_new, again.is_new)
    assert first.file_count == again.file_count == len(dataset.rows) + 4
    assert (before.st_ino, before.st_mtime_ns) == (path.stat().st_ino, path.stat().st_mtime_ns)


def test_a_torn_output_is_written_anew(dataset, tmp_path):
    dataset.save()
    path = tmp_path / "facts.jsonl"
    scan(dataset, path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-200])
    assert scan(dataset, path).is_new
    assert whole == path.read_bytes()


def test_the_output_of_another_shard_is_replaced(dataset, tmp_path):
    dataset.save()
    path = tmp_path / "facts.jsonl"
    scan(dataset, path, 0, 2)
    assert scan(dataset, path, 1, 2).is_new
    assert read_facts_header(path).shard == 1


def test_what_holds_no_facts_is_never_overwritten(dataset):
    dataset.save()
    image = dataset.folder / "train/0.png"
    before = image.read_bytes()
    with pytest.raises(UsageError, match="kept"):
        scan(dataset, image)
    assert before == image.read_bytes()


def test_an_interrupted_scan_leaves_nothing_behind(dataset, tmp_path, monkeypatch):
    dataset.save()

    def interrupt(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(FactStore, "read", interrupt)
    with pytest.raises(KeyboardInterrupt):
        scan(dataset, tmp_path / "out" / "facts.jsonl")
    assert [] == list((tmp_path / "out").glob("*"))


# shards that do not make up the whole


def refuse(dataset, paths, words):
    with pytest.raises(ArtifactError, match=words):
        merge(dataset, paths)


def test_missing_shards_are_named(dataset, tmp_path):
    dataset.save()
    paths = scan_all(dataset, tmp_path, 5)
    refuse(dataset, [paths[0], paths[3]], "3 of 5 shards are missing: 1, 2, 4")


def test_one_shard_twice_is_refused(dataset, tmp_path):
    dataset.save()
    paths = scan_all(dataset, tmp_path, 2)
    shutil.copy(paths[0], tmp_path / "copy.jsonl")
    refuse(dataset, [*paths, tmp_path / "copy.jsonl"], "both hold shard 0")


def test_nothing_to_merge_is_a_mistake_of_usage(dataset):
    dataset.save()
    with pytest.raises(UsageError, match="nothing to merge"):
        merge(dataset, [])


@pytest.mark.parametrize("change", ["a record more", "another order", "another name"])
def test_another_manifest_is_refused(dataset, tmp_path, change):
    dataset.save()
    paths = scan_all(dataset, tmp_path, 2)
    if change == "a record more":
        dataset.add("train/more.png", split="train")
    elif change == "another order":
        dataset.rows.reverse()
    else:
        dataset.rows[0]["image_path"] = "train/none.png"
    dataset.save()
    refuse(dataset, paths, "another manifest")


def test_shards_of_two_profiles_are_refused(dataset, tmp_path):
    dataset.save()
    paths = [scan_all(dataset, tmp_path, 2)[0], scan_all(dataset, tmp_path, 2, "quick")[1]]
    refuse(dataset, paths, "profile quick, 2 shards and profile standard, 2 shards")


def test_shards_of_two_scans_are_refused(dataset, tmp_path):
    dataset.save()
    paths = [scan_all(dataset, tmp_path, 2)[0], scan_all(dataset, tmp_path, 3)[1]]
    refuse(dataset, paths, "3 shards and profile standard, 2 shards")


def test_another_range_of_sixteen_bits_is_refused(dataset, tmp_path):
    dataset.save()
    paths = scan_all(dataset, tmp_path, 1)
    named = {"name": "manifest", "manifest_path": "manifest.jsonl"}
    dataset.set(dataset={**named, "sixteen_bit_range": [0, 4095]})
    refuse(dataset, paths, "sixteen_bit_range")


def change_line(path, number, **changes):
    lines = path.read_bytes().splitlines(keepends=True)
    lines[number] = json.dumps({**json.loads(lines[number]), **changes}).encode() + b"\n"
    path.write_bytes(b"".join(lines))


BROKEN = {
    "torn in a line": (lambda path: path.write_bytes(path.read_bytes()[:-300]), "torn"),
    "torn between lines": (
        lambda path: path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1])),
        "its end is missing",
    ),
    "edited": (lambda path: change_line(path, 3, size=1), "not those that were written"),
    "with a line too many": (lambda path: path.write_bytes(path.read_bytes() + b"{}\n"), "not those"),
    "of unknown facts": (lambda path: change_line(path, 3, colour="red"), ":4: are no facts"),
    "of a newer format": (lambda path: change_line(path, 0, schema_version=2), "schema_version"),
    "of other facts": (lambda path: change_line(path, 0, facts_version=0), "scan it again"),
    "a manifest": (
        lambda path: path.write_text('{"image_path": "a.png", "category": "part"}\n'),
        "is a manifest, not a file of facts: give those that pyimgano-preflight scan wrote",
    ),
    "text": (lambda path: path.write_text("facts"), "no file of facts"),
    "empty": (lambda path: path.write_bytes(b""), "no file of facts"),
    "missing": (lambda path: path.unlink(), "not found"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_of_facts_is_refused_by_name(dataset, tmp_path, kind):
    dataset.save()
    paths = scan_all(dataset, tmp_path, 2)
    spoil_file, words = BROKEN[kind]
    spoil_file(paths[1])
    with pytest.raises(ArtifactError, match=words) as refused:
        merge(dataset, paths)
    assert paths[1].name in str(refused.value)


@pytest.mark.parametrize(
    ("left_out", "words"), [(1, "the facts of 'masks/3.png' are missing;"), (3, " and 2 more are missing;")]
)
def test_files_of_which_the_facts_tell_nothing_are_counted(dataset, tmp_path, left_out, words):
    dataset.save()
    (path,) = scan_all(dataset, tmp_path, 1)
    write_facts(path, read_facts_header(path), list(read_shard(path))[:-left_out])
    with pytest.raises(ArtifactError, match=words):
        merge(dataset, [path])


# which shard


@pytest.mark.parametrize(
    ("text", "environment", "shard"),
    [
        ("0/1", {}, (0, 1)),
        ("3/8", {"SLURM_ARRAY_TASK_ID": "5"}, (3, 8)),
        ("/8", {"SLURM_ARRAY_TASK_ID": "5"}, (5, 8)),
        ("/8", {"JOB_COMPLETION_INDEX": "7"}, (7, 8)),
    ],
)
def test_a_shard_is_named_or_told_by_the_job(text, environment, shard):
    found = parse_shard(text, environment)
    assert shard == (found.index, found.count)


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        ("8/8", {}),
        ("0/0", {}),
        ("-1/8", {}),
        ("1", {}),
        ("a/b", {}),
        ("1/2/3", {}),
        ("\u0661/\u0662", {}),
        ("/8", {}),
        ("/8", {"SLURM_ARRAY_TASK_ID": "8"}),
        ("/8", {"SLURM_ARRAY_TASK_ID": "first"}),
    ],
)
def test_what_names_no_shard_is_refused(text, environment):
    with pytest.raises(UsageError, match="shard"):
        parse_shard(text, environment)


# the commands


def without_times(document):
    return {name: part for name, part in document["preflight"].items() if name != "times"}


def test_the_commands_give_the_report_and_the_exit_code_of_a_check(dataset, tmp_path, cli):
    spoil(dataset)
    shards = [tmp_path / f"{index}.jsonl" for index in range(2)]
    for index, shard in enumerate(shards):
        scanned = cli("scan", dataset.manifest, "--shard", f"{index}/2", "--output", shard, "--json")
        assert scanned.code == 0
        assert (True, index) == (scanned.document["scan"]["is_new"], scanned.document["scan"]["shard"])
    checked = cli("check", dataset.manifest, "--json")
    merged = cli("merge", dataset.manifest, *shards, "--json")
    assert checked.code == merged.code == 2
    assert without_times(checked.document) == without_times(merged.document)


def test_with_an_option_for_the_source_all_arguments_are_facts(dataset, tmp_path, cli):
    dataset.save()
    shards = [tmp_path / f"{index}.jsonl" for index in range(2)]
    for index, shard in enumerate(shards):
        cli("scan", "--manifest", dataset.manifest, "--shard", f"{index}/2", "--output", shard)
    checked = cli("check", "--manifest", dataset.manifest, "--json")
    merged = cli("merge", "--manifest", dataset.manifest, *shards, "--json")
    assert without_times(checked.document) == without_times(merged.document)


def test_a_job_of_an_array_finds_its_shard(dataset, tmp_path, cli, monkeypatch):
    dataset.save()
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "2")
    result = cli("scan", dataset.manifest, "--shard", "/3", "--output", tmp_path / "facts.jsonl")
    assert result.code == 0
    header = read_facts_header(tmp_path / "facts.jsonl")
    assert (2, 3) == (header.shard, header.shard_count)


def test_a_scan_says_how_many_files_it_looked_at(dataset, tmp_path, cli):
    dataset.rows[1:-1] = []  # the last one has a mask
    dataset.save()
    for shard, count in (("0/2", "1 file"), ("1/2", "2 files")):
        command = ("scan", dataset.manifest, "--shard", shard, "--output", tmp_path / f"{count}.jsonl")
        assert f"{tmp_path / count}.jsonl: {count} looked at\n" == cli(*command).stdout
        assert f"{tmp_path / count}.jsonl: {count} looked at before\n" == cli(*command).stdout


def test_a_scan_uses_a_cache(dataset, tmp_path, cli):
    dataset.save()
    arguments = ["scan", dataset.manifest, "--cache", tmp_path / "cache", "--output"]
    assert cli(*arguments, tmp_path / "first.jsonl").code == 0
    assert (tmp_path / "cache").exists()
    assert cli(*arguments, tmp_path / "second.jsonl").code == 0
    assert (tmp_path / "first.jsonl").read_bytes() == (tmp_path / "second.jsonl").read_bytes()


def test_missing_shards_end_with_the_code_of_an_untrusted_artifact(dataset, tmp_path, cli):
    dataset.save()
    cli("scan", dataset.manifest, "--shard", "0/2", "--output", tmp_path / "0.jsonl")
    result = cli("merge", dataset.manifest, tmp_path / "0.jsonl", "--json")
    assert result.code == 5
    assert "1 of 2 shards is missing: 1" in result.stderr
    assert result.document["preflight"]["status"] == "error"


def test_a_report_does_not_overwrite_facts(dataset, tmp_path, cli):
    dataset.save()
    shard = tmp_path / "0.jsonl"
    cli("scan", dataset.manifest, "--output", shard)
    before = shard.read_bytes()
    result = cli("merge", dataset.manifest, shard, "--issues", shard)
    assert result.code == 64
    assert before == shard.read_bytes()
