import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.contracts.issue import Location, Severity
from pyimgano_core.contracts.record import Record
from pyimgano_core.errors import DataError
from pyimgano_core.manifest import (
    _line,
    category_slug,
    is_safe_category,
    load_manifest,
    read_manifest,
    resolve,
    write_manifest,
)
from pyimgano_core.manifest._line import MAX_DEPTH, LineError, parse_exactly, parse_line
from pyimgano_core.manifest._plain import plain_fields, plain_record
from pyimgano_core.manifest._record import FIELDS, parse_record

GOOD = b'{"image_path": "a.png", "category": "bolt"}'


def manifest(folder, *lines, end=b"\n"):
    path = folder / "manifest.jsonl"
    path.write_bytes(b"".join(line + end for line in lines))
    return path


def row(**fields):
    return json.dumps({"image_path": "a.png", "category": "bolt", **fields}).encode()


def only_record(folder, **fields):
    (entry,) = read_manifest(manifest(folder, row(**fields)))
    assert entry.issues == ()
    return entry.record


def faults(folder, line):
    (entry,) = read_manifest(manifest(folder, line))
    assert (entry.record is None) == any(issue.severity is Severity.ERROR for issue in entry.issues)
    return [(issue.code, issue.location.field) for issue in entry.issues]


def test_a_line_becomes_a_record_with_its_line_number(tmp_path):
    fields = {"split": "test", "label": 1, "mask_path": "m.png", "group_id": "lot", "defect": "dent"}
    lines = [b"# made by hand", b"# twice", row(**fields, meta={"shift": 2})]
    expected = Record(image_path="a.png", category="bolt", **fields, meta={"shift": 2}, line=3)
    (entry,) = read_manifest(manifest(tmp_path, *lines))
    assert expected == entry.record
    assert (entry.line, entry.issues) == (3, ())


def test_a_label_that_is_not_given_reads_as_normal_and_is_known_as_not_given(tmp_path):
    entries = list(read_manifest(manifest(tmp_path, row(), row(label=None), row(label=0))))
    assert [(0, False), (0, False), (0, True)] == [
        (entry.record.label, entry.record.labelled) for entry in entries
    ]


def test_no_fault_hides_the_next_line(tmp_path):
    entries = list(read_manifest(manifest(tmp_path, b"{", GOOD, b"[]", GOOD)))
    assert [entry.record is not None for entry in entries] == [False, True, False, True]
    assert [entry.line for entry in entries] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'{"image_path"', [("PF106", None)]),
        (b'{"image_path": NaN}', [("PF106", None)]),
        (b'{"image_path": -Infinity}', [("PF106", None)]),
        (b'{"image_path": 1e999}', [("PF106", None)]),
        (b'{"image_path": "a.png", "category": "\\ud800"}', [("PF106", None)]),
        (b'{"image_path": "\\ud800.png", "category": "bolt"}', [("PF106", None)]),
        (b'{"image_path": "a.png", "category": "x", "category": "y"}', [("PF107", None)]),
        (b'{"image_path": "a.png", "category": "x", "meta": {"k": 1, "k": 2}}', [("PF107", None)]),
        (b'"a.png"', [("PF108", None)]),
        (b'{"image_path": "\xe9.png", "category": "bolt"}', [("PF103", None)]),
        (b"[" * 200_000, [("PF110", None)]),
        (b"[" * 100 + b"]" * 100, [("PF110", None)]),
        (b'{"image_path": "' + b"a" * (1 << 20) + b'"}', [("PF110", None)]),
        (b"1" * 5000, [("PF106", None)]),
        (b"{}", [("PF108", "image_path"), ("PF108", "category")]),
    ],
)
def test_a_line_that_is_no_record_is_an_error(tmp_path, line, expected):
    assert expected == faults(tmp_path, line)


@pytest.mark.parametrize("label", [True, False, 1.0, 0.0, 0.9, "1", 2, -1, [1]])
def test_a_label_is_the_number_0_or_1_and_nothing_like_it(tmp_path, label):
    assert faults(tmp_path, row(label=label, split="test")) == [("PF108", "label")]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("image_path", None),
        ("image_path", 7),
        ("image_path", "  "),
        ("image_path", "a\0.png"),
        ("category", None),
        ("category", " "),
        ("category", True),
        ("category", ["bolt"]),
        ("split", "validation"),
        ("split", 1),
        ("mask_path", 7),
        ("group_id", {"lot": 1}),
        ("defect", ["dent"]),
        ("meta", [1]),
    ],
)
def test_a_field_of_the_wrong_kind_is_an_error_at_that_field(tmp_path, field, value):
    assert [("PF108", field)] == faults(tmp_path, row(**{field: value}))


def test_all_faults_of_a_line_are_reported_at_once(tmp_path):
    expected = [("PF109", "lable"), ("PF108", "label"), ("PF108", "split"), ("PF108", "image_path")]
    assert expected == faults(tmp_path, row(image_path=1, label="x", split="x", lable=1))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"split": "test"}, [("PF704", "label")]),
        ({"split": "train", "label": 1}, [("PF705", "label")]),
        ({"split": "VAL", "label": 1}, [("PF705", "label")]),
    ],
)
def test_label_and_split_must_agree(tmp_path, fields, expected):
    assert expected == faults(tmp_path, row(**fields))


def test_absent_blank_and_null_optional_fields_are_the_same(tmp_path):
    absent = only_record(tmp_path)
    names = ("split", "mask_path", "group_id", "defect")
    assert absent == only_record(tmp_path, **dict.fromkeys(names), label=None, meta=None)
    assert absent == only_record(tmp_path, **dict.fromkeys(names, " "))
    assert (
        absent.split, absent.label, absent.mask_path, absent.group_id, absent.meta
    ) == (None, 0, None, None, {})  # fmt: skip


def test_category_and_group_may_be_numbers_and_are_stripped(tmp_path):
    assert only_record(tmp_path, category=7).category == "7"
    assert only_record(tmp_path, category=" bolt ").category == "bolt"
    assert only_record(tmp_path, group_id=12).group_id == "12"


def test_split_is_read_in_any_case(tmp_path):
    assert only_record(tmp_path, split=" Train ").split == "train"


def test_group_may_stand_in_meta_but_not_differ(tmp_path):
    assert only_record(tmp_path, meta={"group_id": "lot"}).group_id == "lot"
    assert only_record(tmp_path, group_id="lot", meta={"group_id": "lot "}).group_id == "lot"
    assert faults(tmp_path, row(group_id="a", meta={"group_id": "b"})) == [("PF108", "group_id")]
    assert faults(tmp_path, row(meta={"group_id": []})) == [("PF108", "meta.group_id")]


def test_an_issue_knows_its_category_where_the_line_tells_it(tmp_path):
    lines = [row(label=2), row(category=" nut ", split="test"), b"{"]
    issues = load_manifest(manifest(tmp_path, *lines)).issues
    assert [issue.category for issue in issues] == ["bolt", "nut", None]


def test_an_unknown_field_is_a_warning_that_names_the_nearest(tmp_path):
    (entry,) = read_manifest(manifest(tmp_path, row(lable=1)))
    (issue,) = entry.issues
    assert (issue.code, issue.severity) == ("PF109", Severity.WARNING)
    assert "'label'" in issue.message
    assert entry.record is not None


@pytest.mark.parametrize("key", ["Label", "lable", "LABLE"])
def test_a_misspelt_field_is_recognized_in_any_case(tmp_path, key):
    (entry,) = read_manifest(manifest(tmp_path, row(**{key: 1})))
    assert "did you mean 'label'?" in entry.issues[0].message


def test_a_very_long_unknown_field_is_told_in_short(tmp_path):
    (entry,) = read_manifest(manifest(tmp_path, row(**{"x" * 900_000: 1})))
    assert len(entry.issues[0].message) < 200


def test_an_unknown_field_of_many_lines_is_one_issue_of_the_data_set(tmp_path):
    (issue,) = load_manifest(manifest(tmp_path, GOOD, row(weight=1), row(weight=2))).issues
    assert (issue.code, issue.location.line, issue.data) == ("PF109", 2, {"lines": 2})


@pytest.mark.parametrize("category", ["../../pwn", "a/b", "a\\b", "..", ".", "a\nb", "a\0b"])
def test_a_category_that_is_no_plain_name_is_an_error(tmp_path, category):
    assert faults(tmp_path, row(category=category)) == [("PF701", "category")]


def test_windows_line_ends_and_a_byte_order_mark_are_accepted(tmp_path):
    path = manifest(tmp_path, b"\xef\xbb\xbf" + GOOD, GOOD, end=b"\r\n")
    loaded = load_manifest(path)
    assert len(loaded.samples) == 2
    assert [(issue.code, issue.severity) for issue in loaded.issues] == [
        ("PF104", Severity.WARNING),
        ("PF105", Severity.INFO),
    ]


@pytest.mark.parametrize(
    ("content", "line", "data", "words"),
    [
        (GOOD + b"\r\n", 1, {"lines": 1, "crlf": 1, "blank": 0}, "the only line ends with a carriage return"),
        (GOOD + b"\n# note\r\n" + GOOD, 2, {"lines": 3, "crlf": 1, "blank": 0}, "the others do not"),
        (b"\n" + GOOD + b"\n \n", 1, {"lines": 3, "crlf": 0, "blank": 2}, "2 of 3 lines are blank"),
    ],
)
def test_odd_line_ends_and_blank_lines_are_told_once_with_counts(tmp_path, content, line, data, words):
    path = tmp_path / "manifest.jsonl"
    path.write_bytes(content)
    (issue,) = load_manifest(path).issues
    assert ("PF105", Severity.INFO, line) == (issue.code, issue.severity, issue.location.line)
    assert data == issue.data
    assert words in issue.message


@pytest.mark.parametrize("content", [GOOD + b"\n" + GOOD, b"# note\n" + GOOD + b"\n"])
def test_plain_line_ends_are_not_told(tmp_path, content):
    path = tmp_path / "manifest.jsonl"
    path.write_bytes(content)
    assert load_manifest(path).issues == ()


def test_a_line_separator_within_text_does_not_end_a_line(tmp_path):
    line = '{"image_path": "a\u2028b\x85.png", "category": "bolt"}'.encode()
    (entry,) = read_manifest(manifest(tmp_path, line))
    assert entry.record.image_path == "a\u2028b\x85.png"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_one_error_for_the_whole_file(tmp_path, encoding):
    path = tmp_path / "manifest.jsonl"
    path.write_bytes((GOOD.decode() + "\n").encode(encoding) * 3)
    assert [issue.code for issue in load_manifest(path).issues] == ["PF103"]


def test_a_line_over_the_limit_costs_only_itself(tmp_path):
    long = b'{"image_path": "' + b"a" * (3 << 20) + b'"}'
    entries = list(read_manifest(manifest(tmp_path, GOOD, long, GOOD)))
    assert [entry.record is not None for entry in entries] == [True, False, True]


@pytest.mark.parametrize("content", [b"", b"\n# nothing\n", b"\xef\xbb\xbf\n"])
def test_a_manifest_without_records_is_an_error(tmp_path, content):
    path = tmp_path / "manifest.jsonl"
    path.write_bytes(content)
    assert load_manifest(path).issues[-1].code == "PF102"


def test_a_manifest_that_can_not_be_opened_is_a_data_error(tmp_path):
    for path in (tmp_path / "none.jsonl", tmp_path, Path("nul\0.jsonl")):
        with pytest.raises(DataError) as raised:
            load_manifest(path)
        assert [issue.code for issue in raised.value.issues] == ["PF101"]
        assert [issue.message for issue in raised.value.issues] == [str(raised.value)]


def test_a_missing_manifest_is_told_with_ways_to_make_one(tmp_path):
    with pytest.raises(DataError, match=r"not found: correct the path, or make one of .* manifest guess or"):
        load_manifest(tmp_path / "none.jsonl")
    with pytest.raises(DataError, match=r"is not a file$"):
        load_manifest(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "manifest.jsonl")
    with pytest.raises(DataError, match="is not a file"):
        load_manifest(tmp_path / "manifest.jsonl")


def test_paths_are_looked_for_beside_the_manifest_and_then_below_the_root(tmp_path):
    folder, root = tmp_path / "manifests", tmp_path / "images"
    for file in (folder / "sub/a.png", root / "sub/a.png", root / "sub/b.png"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()

    def image(text):
        return resolve(Record(image_path=text, category="bolt"), folder, root).image

    assert folder / "sub/a.png" == image("sub/a.png")
    assert root / "sub/b.png" == image("sub/b.png")
    assert root / "sub/b.png" == image("sub\\\\b.png")
    assert root / "sub/b.png" == image(str(root / "sub/b.png"))
    assert folder / "sub/c.png" == image("sub//c.png")
    assert folder / ("x" * 5000) == image("x" * 5000)


path_texts = st.text(st.sampled_from("ab./\\: é"), min_size=1).filter(str.strip)


@given(path_texts)
def test_a_path_is_joined_as_pathlib_joins_it(text):
    folder = Path("/data/set").absolute()
    sample = resolve(Record(image_path=text, category="bolt", mask_path=text), folder)
    expected = folder / re.sub(r"[\\/]+", "/", text)
    assert [str(expected), str(expected)] == [sample.image_file, sample.mask_file]
    assert (expected, expected) == (sample.image, sample.mask)


def test_a_relative_manifest_gives_absolute_files(tmp_path, monkeypatch):
    manifest(tmp_path, GOOD)
    monkeypatch.chdir(tmp_path)
    (sample,) = load_manifest(Path("manifest.jsonl")).samples
    assert tmp_path / "a.png" == sample.image
    assert sample.mask is None


names = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\"), min_size=1)
texts = names.map(str.strip).filter(bool)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | names,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(names, children, max_size=3),
    max_leaves=5,
)
records = st.builds(
    Record,
    image_path=texts,
    category=texts.filter(is_safe_category),
    split=st.sampled_from([None, "test"]),
    label=st.sampled_from([0, 1]),
    mask_path=st.none() | texts,
    group_id=st.none() | texts,
    defect=st.none() | texts,
    meta=st.dictionaries(names.filter(lambda name: name != "group_id"), json_values, max_size=3),
)


@given(st.lists(records, max_size=5))
def test_what_is_written_is_read_back_equal(tmp_path_factory, written):
    path = tmp_path_factory.mktemp("round_trip") / "manifest.jsonl"
    assert len(written) == write_manifest(path, written)
    entries = list(read_manifest(path))
    assert [issue for entry in entries for issue in entry.issues] == []
    for number, (record, entry) in enumerate(zip(written, entries, strict=True), 1):
        expected = {name: getattr(record, name) for name in Record.__slots__ if name[0] != "_"}
        assert Record(**{**expected, "line": number}) == entry.record


def outcome(parse, content):
    """What a parser makes of a line, numbers with their types: True, 1 and 1.0 are equal."""
    try:
        return repr(parse(content))
    except LineError as exc:
        return exc.code, str(exc)


WIDE_INTEGERS = st.integers(-(2**70), 2**70) | st.sampled_from([2**63, 2**64, -(2**63), -(2**63) - 1])
colon_texts = st.text(st.sampled_from(':"\\u3aé{[ k'), max_size=4)
wild_json = st.recursive(
    st.none()
    | st.booleans()
    | WIDE_INTEGERS
    | st.floats(allow_nan=False, allow_infinity=False)
    | colon_texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(colon_texts, inner, max_size=3),
    max_leaves=6,
)
FRAGMENTS = [
    b":", b'"', b"{", b"}", b"[", b"]", b",", b"\\u003a", b"\\u003A", b'\\"', b"\\ud800", b"NaN", b"1e999",
    b"-0", b"18446744073709551616", b"1.5", b'"k": 1, "k": 2', b'"k" :1,', b"\xff", b"\0", b" ", b"true",
]  # fmt: skip


@given(
    wild_json,
    st.booleans(),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), st.sampled_from(FRAGMENTS)), max_size=3),
)
def test_the_fast_parser_tells_of_sound_and_mutated_lines_what_the_exact_one_does(value, ascii_only, edits):
    content = json.dumps(value, ensure_ascii=ascii_only).encode()
    for where, removed, inserted in edits:
        start = int(where * len(content))
        content = content[:start] + inserted + content[start + removed :]
    assert outcome(parse_exactly, content) == outcome(parse_line, content)


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12))
def test_the_fast_parser_tells_of_scraps_what_the_exact_one_does(scraps):
    content = b'{"k": 1, "t": "a:b", ' + b"".join(scraps) + b"}"
    assert outcome(parse_exactly, content) == outcome(parse_line, content)


@pytest.mark.parametrize(
    "line",
    [
        b'{"k": 1, "k": 2, "t": "\\u003a"}',
        b'{"k": 1, "k": 2, "t": "\\u003A"}',
        b'{"k": "a:b", "k": 1}',
        b'{"k": {"a": 1}, "k": ":"}',
        b'{"a:b": 1, "a:b": 2}',
        b'[{"t": ":"}, {"k" : 1, "\\u006b" : 2}]',
    ],
)
def test_a_key_given_twice_is_seen_whatever_colons_the_strings_hold(line):
    assert outcome(parse_line, line)[0] == "PF107"


@pytest.mark.parametrize("levels", [63, 64, 65, 900, 1100])
def test_nesting_ends_at_the_same_level_for_both_parsers(levels):
    content = b"[" * levels + b"]" * levels
    assert outcome(parse_exactly, content) == outcome(parse_line, content)
    assert (levels > MAX_DEPTH) == (outcome(parse_line, content)[0] == "PF110")


def test_a_common_line_does_not_need_the_exact_parser(monkeypatch):
    monkeypatch.delattr(_line, "parse_exactly")
    for fields in ({}, {"meta": {"time": "2026-11-01T10:30:00", "shift": 2.5, "x": [{"a": None}]}}):
        assert json.loads(row(**fields)) == parse_line(row(**fields))


odd_values = (
    st.sampled_from(
        ["train", "test", "val", "Train", " test", "", " ", "a.png", "a\0", "a/b", ".", True, 1, 1.0, 0]
    )
    | json_values
)
odd_documents = st.dictionaries(st.sampled_from([*FIELDS, "lable"]), odd_values) | st.builds(
    lambda odd: {"image_path": "a.png", "category": "bolt", "split": "test", "label": 1, **odd},
    st.dictionaries(st.sampled_from(FIELDS), odd_values | st.just({"group_id": "lot"}), max_size=2),
)


@given(odd_documents | json_values)
def test_a_plain_record_is_the_record_that_a_close_look_gives(document):
    plain = plain_fields(document)
    found = None if plain is None else plain_record(plain, 7)
    record, issues = parse_record(document, Location(manifest="m.jsonl", line=7))
    assert found is None or (repr(found), ()) == (repr(record), issues)


def test_a_common_line_does_not_need_a_close_look():
    for fields in ({}, {"split": "test", "label": 1, "mask_path": "m.png", "meta": {"x": 1}}):
        assert plain_fields(json.loads(row(group_id=" lot", defect="dent", **fields))) is not None


def test_names_that_repeat_are_kept_once(tmp_path):
    fields = {"group_id": "lot 7", "defect": "dent", "split": "test", "label": 1}
    first, second = (
        entry.record for entry in read_manifest(manifest(tmp_path, row(**fields), row(**fields)))
    )
    for name in ("category", "group_id", "defect", "split"):
        assert getattr(first, name) is getattr(second, name)


def test_absent_fields_are_not_written_and_keys_keep_their_order(tmp_path):
    path = tmp_path / "manifest.jsonl"
    write_manifest(path, [Record(image_path="é.png", category="bolt", label=1, split="test")])
    expected = '{"image_path": "é.png", "category": "bolt", "split": "test", "label": 1}\n'
    assert expected.encode() == path.read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="file names are Unicode there")
def test_a_file_name_that_is_not_utf_8_survives(tmp_path):
    name = os.fsdecode(b"caf\xe9.png")
    path = tmp_path / "manifest.jsonl"
    write_manifest(path, [Record(image_path=name, category="bolt")])
    (sample,) = load_manifest(path).samples
    assert tmp_path / name == sample.image


def test_a_failed_write_leaves_the_old_manifest_and_no_other_file(tmp_path):
    path = manifest(tmp_path, GOOD)

    def broken():
        yield Record(image_path="b.png", category="bolt")
        raise DataError("no more")

    with pytest.raises(DataError):
        write_manifest(path, broken())
    assert path.read_bytes() == GOOD + b"\n"
    assert [path] == list(tmp_path.iterdir())


@given(
    st.binary(max_size=300) | st.lists(st.sampled_from([GOOD, b"\n", b"\xff", b'{"a":', b"\0"])).map(b"".join)
)
def test_arbitrary_bytes_never_raise(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("bytes") / "manifest.jsonl"
    path.write_bytes(content)
    loaded = load_manifest(path)
    assert loaded.samples or loaded.issues


@pytest.mark.parametrize("name", ["bottle", "Bottle", "pcb1", "01", "bracket_black", "a-b.c", "ネジ"])
def test_a_plain_category_is_its_own_slug(name):
    assert name == category_slug(name)


@given(st.lists(st.text(st.characters(), max_size=20), unique_by=str.casefold, max_size=10))
def test_slugs_are_safe_and_different_whatever_the_names(names):
    slugs = [category_slug(name) for name in names]
    assert len(slugs) == len({slug.casefold() for slug in slugs})
    for slug in slugs:
        assert (Path("runs") / slug).parent == Path("runs")
        assert is_safe_category(slug)
        assert 0 < len(slug.encode()) <= 120
        assert slug[-1] not in ". "


def test_no_name_leads_out_of_the_run_or_takes_anothers_slug():
    hashed = category_slug("../../pwn")
    names = [
        "../../pwn",
        "pwn",
        "..",
        "",
        "con",
        "Bottle",
        "bottle",
        "BOTTLE",
        hashed,
        "a b",
        "a_b",
        "x" * 300,
    ]
    slugs = [category_slug(name) for name in names]
    assert len(names) == len(set(slugs))
    assert not any("/" in slug or slug.startswith(".") for slug in slugs)
