# ruff: noqa: INP001 - a script, not a package
"""Write the YAML files that pages of the documentation show: python .ci/write_files.py FOLDER PAGE..."""

import re
import sys
from pathlib import Path

BLOCK = re.compile(r"^```yaml\n# file: (\S+\.ya?ml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

folder, *pages = map(Path, sys.argv[1:])
for page in pages:
    for name, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        path = folder / page.stem / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path}\n")
