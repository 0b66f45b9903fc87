import platform
import subprocess
import sys

import pytest

SCRIPT = """
import sys
from contextlib import nullcontext
from pyimgano_infer._memory import returning_memory

def resident():
    return int(open("/proc/self/status").read().split("VmRSS:")[1].split()[0]) / 1024

large = bytes(8 << 20)
del large  # glibc keeps blocks of up to this size from now on
before = resident()
with returning_memory() if sys.argv[1] == "returned" else nullcontext():
    blocks, kept = [], []
    for _ in range(64):
        blocks.append(bytearray(b"x") * (1 << 20))
        kept.append(bytes(4000))  # lies on top of the block, if that is in the heap
    del blocks
print(resident() - before)
"""


def megabytes_kept(how):
    command = [sys.executable, "-c", SCRIPT, how]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="no such allocator")
def test_what_was_taken_for_a_while_is_given_back():
    assert 40 < megabytes_kept("kept")
    assert 10 > megabytes_kept("returned")
