"""The Helm chart, rendered by Helm's own code."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tools.compose_files import DEPLOY

CHART = DEPLOY / "helm" / "haulage"
# What every installation must say.
LEAST: dict[str, Any] = {"secret": "haulage", "blobs": {"url": "s3://bucket/haulage"}}
# Everything switched on, and a third kind of workers.
EVERYTHING: dict[str, Any] = {
    **LEAST,
    "secretKeys": {"HAULAGE_DATABASE_DIRECT_URL": "direct-url"},
    "settings": {"HAULAGE_API_MAX_BATCH": "500", "HAULAGE_QUEUES": "io=io,cpu=cpu,ocr=cpu"},
    "environmentFrom": [{"secretRef": {"name": "bucket"}}],
    "image": {"pullSecrets": [{"name": "registry"}]},
    "telemetry": {"otlpEndpoint": "http://collector:4318"},
    "serviceAccount": {"annotations": {"cloud/role": "haulage"}},
    "api": {"trustedProxies": ["10.0.0.0/8", "192.0.2.7"]},
    "workers": {
        "ocr": {
            "pool": "cpu",
            "concurrency": 1,
            "queues": ["ocr"],
            "replicas": 1,
            "shutdownSeconds": 600,
            "resources": {"limits": {"memory": "2Gi"}},
            "scaling": {"min": 1, "max": 5, "jobsPerReplica": 10},
        }
    },
    "poller": {"enabled": True, "environment": {"API_BASE_URL": "https://app.example"}},
    "ingress": {"enabled": True, "host": "jobs.example.org", "tlsSecret": "jobs-tls"},
    "monitoring": {
        "podMonitor": True,
        "prometheusRule": True,
        "labels": {"release": "prometheus"},
    },
    "networkPolicy": {
        "data": [{"ipBlock": {"cidr": "10.1.2.0/24"}}],
        "privatePeers": [{"podSelector": {"matchLabels": {"app": "ollama"}}}],
    },
}

Document = dict[str, Any]


def rendered(values: Mapping[str, Any], *, name: str = "haulage") -> list[Document]:
    """The objects that `helm install` would make of `values`."""
    import helm_python

    with helm_python.Chart.load(CHART) as chart:
        chart.validate_schema(dict(values))
        texts = chart.render(dict(values), name=name, namespace="jobs")
    return [
        document
        for file, text in sorted(texts.items())
        if not file.endswith("NOTES.txt")
        for document in yaml.safe_load_all(text)
        if document
    ]


@cache
def everything() -> tuple[Document, ...]:
    """The chart with everything switched on."""
    return tuple(rendered(EVERYTHING))


@cache
def least() -> tuple[Document, ...]:
    """The chart as it comes."""
    return tuple(rendered(LEAST))


def of_kind(documents: tuple[Document, ...], kind: str) -> dict[str, Document]:
    """The objects of a kind, by their names."""
    return {one["metadata"]["name"]: one for one in documents if one["kind"] == kind}


def chart_file(name: str) -> Path:
    """A file of the chart."""
    return CHART / name
