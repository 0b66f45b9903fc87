"""Which category an input is of, and what a manifest says of it."""

import json

import pytest


def test_several_categories_need_a_choice(run_infer, make_config, grey):
    config, image = make_config("bolt", "nut"), grey("a.png", 9)
    refused = run_infer("--infer-config", config, image)
    assert 64 == refused.code
    assert "'bolt', 'nut'" in refused.err
    assert ["nut"] == [
        line["category"] for line in run_infer("--infer-config", config, "--category", "nut", image).lines
    ]


@pytest.mark.parametrize("categories", [("part",), ("bolt", "nut")])
def test_a_wrong_category_is_refused_with_the_choices(run_infer, make_config, grey, categories):
    done = run_infer("--infer-config", make_config(*categories), "--category", "screw", grey("a.png", 9))
    assert 64 == done.code
    assert all(repr(name) in done.err for name in categories)


def test_manifest_rows_are_scored_by_their_own_categories_model(run_infer, make_config, grey, manifest):
    config = make_config("bolt", "nut")
    document = json.loads(config.read_text())
    document["per_category"]["nut"]["threshold"]["value"] = 0.01
    config.write_text(json.dumps(document))
    grey("a.png", 51)
    rows = [{"image_path": "a.png", "category": name} for name in ("bolt", "nut", "screw")]
    done = run_infer("--infer-config", config, manifest(*rows))
    assert [(0.5, "normal", None), (0.01, "anomalous", None), (None, None, "unknown_category")] == [
        (line["threshold"], line["label"], line.get("error", {}).get("code")) for line in done.lines
    ]
    assert 4 == done.code


def test_a_row_of_another_category_is_not_scored_by_the_only_model(run_infer, config, grey, manifest):
    grey("a.png", 51)
    done = run_infer("--infer-config", config, manifest({"image_path": "a.png", "category": "other"}))
    assert [("unknown_category", "other", None)] == [
        (line["error"]["code"], line["category"], line["score"]) for line in done.lines
    ]


def test_one_threshold_is_not_laid_over_several_categories(run_infer, make_config, grey, manifest):
    grey("a.png", 51)
    rows = manifest({"image_path": "a.png", "category": "bolt"})
    done = run_infer("--infer-config", make_config("bolt", "nut"), "--threshold", 1, rows)
    assert 64 == done.code


def test_what_a_manifest_says_of_an_image_travels(run_infer, config, grey, manifest):
    grey("a.png", 200)
    facts = {"group_id": "lot 7", "defect": "scratch", "meta": {"camera": 3, "note": "ä"}}
    row = {"image_path": "a.png", "category": "part", "split": "test", "label": 1, **facts}
    line = run_infer("--infer-config", config, manifest(row)).lines[0]
    assert {"y_true": 1, "input": "a.png", **facts} == {
        name: line[name] for name in ("y_true", "input", *facts)
    }


def test_an_image_whose_label_nobody_gave_has_no_true_label(run_infer, config, grey, manifest):
    grey("a.png", 200)
    row = {"image_path": "a.png", "category": "part"}
    done = run_infer("--infer-config", config, manifest(row, {**row, "label": 0}))
    assert [None, 0] == [line.get("y_true") for line in done.lines]


def test_a_bad_manifest_line_is_a_line_too(run_infer, config, grey, manifest):
    grey("a.png", 200)
    good = {"image_path": "a.png", "category": "part"}
    done = run_infer("--infer-config", config, manifest(good, "{", {**good, "label": 0.9}, good))
    assert [None, "MANIFEST_INVALID_JSON", "MANIFEST_INVALID_RECORD", None] == [
        line.get("error", {}).get("code") for line in done.lines
    ]
    assert done.lines[1]["input"].endswith("manifest.jsonl:2")
    assert 4 == done.code


def test_images_are_found_beside_the_manifest_then_below_root(run_infer, config, grey, manifest):
    grey("elsewhere/a.png", 51)
    rows = manifest({"image_path": "a.png", "category": "part"})
    assert "not_found" == run_infer("--infer-config", config, rows).lines[0]["error"]["code"]
    found = run_infer("--infer-config", config, "--root", rows.parent / "elsewhere", rows)
    assert "ok" == found.lines[0]["status"]
