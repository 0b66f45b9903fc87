"""What a run ran on, as `environment.json` tells it."""

from __future__ import annotations

from attrs import define


@define(frozen=True, kw_only=True)
class GitState:
    """The state of the repository that a run's config lies in.

    Attributes:
        commit: the commit that was checked out, in hexadecimal.
        dirty: whether a tracked file had changes that were not committed.
    """

    commit: str
    dirty: bool


@define(frozen=True, kw_only=True)
class Environment:
    """What a run ran on; two machines that agree in `fingerprint_sha256` have the same versions and platform.

    Attributes:
        implementation: the implementation of Python, such as `CPython`.
        platform: the operating system and its version, in one text.
        machine: the kind of processor, such as `x86_64`.
        packages: the version of Python and of every package that has a part in a score, by name; null where
            it is not installed.
        fingerprint_sha256: a SHA-256 over all of the above.
        processors: how many processors the machine has; null where that can't be told.
        git: the repository that the config lies in; null without one, or without git.
    """

    implementation: str
    platform: str
    machine: str
    packages: dict[str, str | None]
    fingerprint_sha256: str
    processors: int | None
    git: GitState | None
