"""Kubernetes' own schemas, by version, strict: a field that it does not know is a fault."""

import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

DEFINITIONS = "_definitions.json"


def faults(document: dict[str, Any], version: str) -> list[str]:
    """What is wrong with an object in that version of Kubernetes, each with its place."""
    group, _, its_version = document["apiVersion"].rpartition("/")
    parts = [document["kind"].lower(), group.partition(".")[0], its_version]
    validator = _validator("-".join(filter(None, parts)), version)
    return [
        f"{document['kind']} {document['metadata']['name']}: "
        f"/{'/'.join(map(str, error.instance_path))}: {error.message}"
        for error in validator.iter_errors(document)
    ]


@cache
def _validator(name: str, version: str) -> Any:
    schema = json.loads((_folder(version) / f"{name}.json").read_text())
    return jsonschema_rs.validator_for(
        schema, base_uri="schema:///", retriever=lambda uri: _definitions(version)
    )


@cache
def _definitions(version: str) -> Any:
    return json.loads((_folder(version) / DEFINITIONS).read_text())


def _folder(version: str) -> Path:
    """Of a package that is a folder of schemas to us; its own validator is not used."""
    spec = importlib.util.find_spec("kubernetes_validate")
    assert spec is not None
    (package,) = spec.submodule_search_locations or ()
    return Path(package) / "kubernetes-json-schema" / f"v{version}.0-local-strict"
