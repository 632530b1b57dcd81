"""The job types as the API shows them, written once: a registry does not change while it serves."""

from dataclasses import asdict
from functools import cached_property
from typing import Any

from haulage.domain.job_type import JobType, Registry
from haulage.storage.json_text import dumps


class TypeDocuments:
    """JSON of all job types and of each."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    @cached_property
    def all(self) -> bytes:
        """The page of all job types, by name."""
        return dumps({"data": list(self._documents.values()), "next": None}).encode()

    def one(self, name: str) -> bytes:
        """One job type; raises `UnknownJobType` with the nearest names."""
        self._registry.offered(name)
        return dumps(self._documents[name]).encode()

    @cached_property
    def examples(self) -> dict[str, dict[str, Any]]:
        """An example submit for each job type that has one, as OpenAPI takes them."""
        return {
            declared.name: {
                "summary": declared.description.partition("\n")[0],
                "value": {"type": declared.name, "input": declared.example},
            }
            for declared in self._registry
            if declared.example is not None
        }

    @cached_property
    def schemas(self) -> dict[str, dict[str, Any]]:
        """Each type's input and result for OpenAPI's components, and the models in them."""
        found: dict[str, dict[str, Any]] = {}
        for declared in self._registry:
            for part, model in (("input", declared.input), ("result", declared.result)):
                name = f"{declared.name}.{part}"
                schema = model.json_schema(
                    mode="validation" if part == "input" else "serialization",
                    ref_template=f"#/components/schemas/{name}.{{model}}",
                )
                inner = schema.pop("$defs", {})
                found |= {f"{name}.{one}": inner[one] for one in inner} | {name: schema}
        return found

    @cached_property
    def _documents(self) -> dict[str, dict[str, Any]]:
        return {declared.name: document_of(declared) for declared in self._registry}


def document_of(declared: JobType) -> dict[str, Any]:
    """One job type, to be written as JSON."""
    policy = declared.policy
    return {
        "name": declared.name,
        "description": declared.description,
        "pool": declared.pool,
        "queue": declared.queue,
        "policy": {
            "max_attempts": policy.max_attempts,
            "timeout_s": policy.timeout_s,
            "max_crashes": policy.max_crashes,
            "retry_unknown": policy.retry_unknown,
            "backoff": asdict(policy.backoff),
            "price_credits": None if callable(policy.price_credits) else policy.price_credits,
        },
        "example": declared.example,
        "input_schema": declared.input_schema(),
        "result_schema": declared.result_schema(),
    }
