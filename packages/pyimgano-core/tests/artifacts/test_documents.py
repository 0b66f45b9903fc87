import json
import math
from typing import ClassVar

import pytest
from attrs import define, evolve

from pyimgano_core.artifacts import read_artifact, write_artifact
from pyimgano_core.errors import ArtifactError, ExitCode


@define(frozen=True, kw_only=True)
class Thing:
    KIND: ClassVar[str] = "pyimgano.thing"
    SCHEMA_VERSION: ClassVar[int] = 2
    KNOWN_FEATURES: ClassVar[frozenset[str]] = frozenset({"region_of_interest"})

    kind: str = "pyimgano.thing"
    schema_version: int = 2
    requires: tuple[str, ...] = ()
    name: str
    value: float | None = None


THING = Thing(name="Käse 🧀", value=0.1)
HEADER = {"kind": "pyimgano.thing", "schema_version": 2, "requires": [], "name": "a"}


def refusal(path):
    with pytest.raises(ArtifactError, match=r"^[^\n]*$") as caught:
        read_artifact(path, Thing)
    assert caught.value.exit_code is ExitCode.UNTRUSTED_ARTIFACT
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


def test_what_is_written_is_read_back_equal(tmp_path):
    write_artifact(tmp_path / "a.json", THING)
    assert THING == read_artifact(tmp_path / "a.json", Thing)


def test_a_feature_that_is_known_is_accepted(tmp_path):
    thing = evolve(THING, requires=("region_of_interest",))
    write_artifact(tmp_path / "a.json", thing)
    assert thing == read_artifact(tmp_path / "a.json", Thing)


def test_equal_artifacts_are_equal_bytes(tmp_path):
    for name in ("a.json", "b.json"):
        write_artifact(tmp_path / name, THING)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_and_other_line_ends_are_accepted(tmp_path, encoding):
    text = json.dumps(HEADER, indent=1).replace("\n", "\r\n")
    (tmp_path / "a.json").write_bytes(text.encode(encoding))
    assert Thing(name="a") == read_artifact(tmp_path / "a.json", Thing)


@pytest.mark.parametrize(
    "document",
    [
        {**HEADER, "later": {"nested": [1]}},
        {**HEADER, "schema_version": 1},
        {key: value for key, value in HEADER.items() if key != "requires"},
    ],
)
def test_unknown_keys_and_older_schemas_are_read(tmp_path, document):
    (tmp_path / "a.json").write_text(json.dumps(document))
    assert "a" == read_artifact(tmp_path / "a.json", Thing).name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "pyimgano.other"}, "$.kind is 'pyimgano.other', expected 'pyimgano.thing'"),
        ({"kind": None}, "$.kind is None, expected"),
        ({"schema_version": 3}, "$.schema_version is 3, this version reads 1 to 2; update the package"),
        ({"schema_version": 0}, "$.schema_version is 0"),
        ({"schema_version": "2"}, "$.schema_version is '2'"),
        ({"schema_version": True}, "$.schema_version is True"),
        ({"schema_version": 2.0}, "$.schema_version is 2.0"),
        ({"requires": ["tiles"]}, "$.requires names ['tiles'], which this version does not know; update"),
        ({"requires": ["region_of_interest", "tiles"]}, "$.requires names ['tiles']"),
        ({"requires": "region_of_interest"}, "$.requires names 'region_of_interest'"),
        ({"requires": {"tiles": 1}}, "$.requires names {'tiles': 1}"),
        ({"requires": [["tiles"]]}, "$.requires names [['tiles']]"),
        ({"requires": None}, "$.requires: must be a list, not None"),
        ({"name": 3}, "$.name: must be text, not 3"),
        ({"value": "0.1"}, "$.value: must be a number, not '0.1'"),
    ],
)
def test_what_this_version_can_not_understand_is_refused(tmp_path, change, message):
    (tmp_path / "a.json").write_text(json.dumps(HEADER | change))
    assert refusal(tmp_path / "a.json").startswith(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not valid JSON"),
        (b"[]", "must hold a JSON object"),
        (b'{"kind": "pyimgano.thing", "value": NaN}', "NaN is not a JSON number"),
        (b'{"kind": "pyimgano.thing", "kind": "pyimgano.thing"}', "duplicate key 'kind'"),
        (b'{"kind": "\xff"}', "holds no text (UTF-8), so it is no JSON file"),
        (b"\x08\x01" * 100, "not valid JSON"),
    ],
)
def test_what_is_no_document_is_refused(tmp_path, content, message):
    (tmp_path / "a.json").write_bytes(content)
    assert refusal(tmp_path / "a.json").startswith(message)


def test_a_torn_file_is_refused_wherever_it_ends(tmp_path):
    write_artifact(tmp_path / "a.json", THING)
    content = (tmp_path / "a.json").read_bytes()
    for length in range(len(content) - 2):  # the last line end is no part of the document
        (tmp_path / "torn.json").write_bytes(content[:length])
        refusal(tmp_path / "torn.json")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    assert "no such file" == refusal(tmp_path / "a.json")
    assert refusal(tmp_path).startswith("can't be read")


def test_a_number_that_json_can_not_say_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_artifact(tmp_path / "a.json", evolve(THING, value=math.nan))
    assert [] == list(tmp_path.iterdir())
