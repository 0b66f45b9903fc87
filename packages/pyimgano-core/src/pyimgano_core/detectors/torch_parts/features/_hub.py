"""Weights from timm's hub, with the revision resolved: what was used can be named and had again."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import timm
from attrs import define
from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError

from pyimgano_core.detectors.torch_parts.features._weights import KEY
from pyimgano_core.errors import ConfigError, MachineError

_FILE = "model.safetensors"
_SECONDS = 10.0  # for the hub to answer
# A broken connection is an error of the HTTP library, which changes between versions of the hub's client.
_UNREACHED: tuple[type[Exception], ...] = (OSError, *HfHubHTTPError.__mro__[1:2])


@define(frozen=True, kw_only=True)
class HubFile:
    """A file of weights in the hub's local cache.

    `revision` is the commit that it belongs to.
    """

    path: Path
    repository: str
    revision: str
    tag: str | None
    sha256: str

    @property
    def record(self) -> dict[str, Any]:
        """Facts for the record, ready for JSON, without paths."""
        return {
            "source": "pretrained",
            "hub": self.repository,
            "revision": self.revision,
            "tag": self.tag,
            "file": self.path.name,
            "sha256": self.sha256,
        }


def fetch_weights(name: str) -> HubFile:
    """Return the weights of a timm model in the hub's newest revision, or in the cache's where it is silent.

    Raises:
        ConfigError: the hub has none of that model.
        MachineError: they can't be fetched and are not in the cache.
    """
    origin = timm.get_pretrained_cfg(name)
    if origin is None or not origin.hf_hub_id:
        raise ConfigError([f"{KEY}: timm's hub has no weights of {name!r}; name a file, or another backbone"])
    repository, _, wanted = origin.hf_hub_id.partition("@")
    try:
        revision = HfApi().model_info(repository, revision=wanted or None, timeout=_SECONDS).sha
        reason = ""
    except _UNREACHED as exc:  # without the many retries that a download would make
        revision, reason = None, _first_line(exc)
    try:
        path = Path(
            hf_hub_download(
                repository,
                origin.hf_hub_filename or _FILE,
                revision=revision or wanted or None,
                local_files_only=revision is None,
            )
        )
    except _UNREACHED as exc:
        raise MachineError(
            f"the weights of {name!r} can't be fetched from timm's hub ({reason or _first_line(exc)}) and "
            f"are not in its cache; download them elsewhere and name the file as model.features.weights"
        ) from exc
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return HubFile(
        path=path,
        repository=repository,
        revision=path.parent.name,  # snapshots/<commit>/<file>
        tag=origin.tag or None,
        sha256=sha256,
    )


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
