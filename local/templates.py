"""Read a CloudFormation template and prepare it for the engine, as `sam package` prepares one for AWS.

Local folders become objects in a bucket, named by the hash of their content, so that unchanged code is not deployed
again. The rest of the template stays the same, except where the engine reads a value differently.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from local.layers import BUILD_STATE, list_source_files

Upload = Callable[[str, bytes], str]
"""Store an object with this key and content, and return its `s3://` address."""

_FIXED_DATE: Final = (1980, 1, 1, 0, 0, 0)


class _Loader(yaml.SafeLoader):
    """A YAML loader that expands the short forms of CloudFormation's functions and reads dates as text."""


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
    """Return a template as plain data.

    >>> load("A: !GetAtt Table.StreamArn")
    {'A': {'Fn::GetAtt': ['Table', 'StreamArn']}}
    """
    template: dict[str, Any] = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    return template


def package(template: dict[str, Any], *, folder: Path, layers: Mapping[str, Path], upload: Upload) -> None:
    """Upload the code that a template names by path, and replace each path by the address.

    `layers` has the folder of each built layer, by the name of its source folder.
    """
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        match resource["Type"], properties:
            case "AWS::Serverless::Function", {"CodeUri": str(path)}:
                content = _zip_folder(folder / path)
                properties["CodeUri"] = upload(f"functions/{_digest(content)}.zip", content)
            case "AWS::Serverless::LayerVersion", {"ContentUri": str(path)}:
                content = _build_pointer_layer(layers[Path(path).name])
                properties["ContentUri"] = upload(f"layers/{_digest(content)}.zip", content)
            case "AWS::Serverless::Api", {"BinaryMediaTypes": [*names]}:
                # CloudFormation requires ~1 for a slash here. The engine does not decode it.
                properties["BinaryMediaTypes"] = [name.replace("~1", "/") for name in names]


def _build_pointer_layer(layer: Path) -> bytes:
    """Return a layer that only adds the path of the built layer.

    The engine unzips a function's layers for each worker. With the full layers, of 100 MB, this took 9 s and 500 MB
    of disk. The path precedes the engine's own packages, as a layer's path does on AWS. The digest makes a changed
    layer a new layer.
    """
    contents = layer / "python"
    digest = _digest((layer / BUILD_STATE).read_bytes())
    pointer = f"# {digest}\nimport sys; sys.path.insert(0, {str(contents)!r})\n"
    return _zip({"python/lib/python3/site-packages/layer.pth": pointer.encode()})


def _zip_folder(folder: Path) -> bytes:
    return _zip({file.relative_to(folder).as_posix(): file.read_bytes() for file in list_source_files(folder)})


def _zip(files: Mapping[str, bytes]) -> bytes:
    """Return a reproducible archive: the same files give the same bytes."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _FIXED_DATE)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return output.getvalue()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
