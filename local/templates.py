"""Reads a CloudFormation template and prepares it for the engine, as `sam package` prepares one for AWS.

Local folders become objects in a bucket, named by what they hold: what did not change keeps its name, and is
not deployed again. Everything else of the template stays as it is, save what the engine reads in another way.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from local.layers import BUILT_FROM, source_files

Upload = Callable[[str, bytes], str]
"""Takes the name of an object and its content, stores it, and gives its `s3://` address."""

_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)


class _Loader(yaml.SafeLoader):
    """YAML with the short forms of CloudFormation's functions, and with dates left as text."""


def _construct_function(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _construct_function)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(text: str) -> dict[str, Any]:
    """A template as plain data.

    >>> load("A: !GetAtt Table.StreamArn")
    {'A': {'Fn::GetAtt': ['Table', 'StreamArn']}}
    """
    template: dict[str, Any] = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    return template


def package(template: dict[str, Any], *, folder: Path, layers: Mapping[str, Path], upload: Upload) -> None:
    """Puts the code that a template names by path where the engine can fetch it, and names it by address.

    A layer's folder stands for the layer built for this machine; `layers` tells where that is.
    """
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        match resource["Type"], properties:
            case "AWS::Serverless::Function", {"CodeUri": str(path)}:
                content = _zip_of(folder / path)
                properties["CodeUri"] = upload(f"functions/{_digest(content)}.zip", content)
            case "AWS::Serverless::LayerVersion", {"ContentUri": str(path)}:
                content = _signpost_to(layers[Path(path).name])
                properties["ContentUri"] = upload(f"layers/{_digest(content)}.zip", content)
            case "AWS::Serverless::Api", {"BinaryMediaTypes": [*names]}:
                # CloudFormation has a slash written as ~1 here. The engine takes the names as they stand.
                properties["BinaryMediaTypes"] = [name.replace("~1", "/") for name in names]


def _signpost_to(layer: Path) -> bytes:
    """A layer that only says where the built one stands.

    The engine unzips a function's layers for every worker it starts. A hundred megabytes each time cost nine
    seconds and half a gigabyte of disk; a `.pth` file costs nothing. The layer goes before the engine's own
    packages, as it does on AWS. The digest makes a changed layer another layer.
    """
    contents = layer / "python"
    digest = _digest((layer / BUILT_FROM).read_bytes())
    signpost = f"# {digest}\nimport sys; sys.path.insert(0, {str(contents)!r})\n"
    return _zip({"python/lib/python3/site-packages/layer.pth": signpost.encode()})


def _zip_of(folder: Path) -> bytes:
    return _zip({file.relative_to(folder).as_posix(): file.read_bytes() for file in source_files(folder)})


def _zip(files: Mapping[str, bytes]) -> bytes:
    """The same bytes for the same files, whenever and wherever they are packed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return packed.getvalue()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
