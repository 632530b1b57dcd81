"""Job types: a name, an input model, a result model, a policy and a handler, declared in one file.

    @job_type("greet", policy=Policy(max_attempts=3))
    async def greet(input: GreetInput, ctx: Context) -> Greeting:
        '''Say hello.'''

From this declaration follow the API's validation, the OpenAPI schema, the CLI's help and the docs.
The pool follows from the handler: `async def` runs on io, plain `def` on cpu.
"""

import difflib
import inspect
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import PydanticSerializationError

from haulage.domain.errors import DefinitionFault, Fault, InvalidInput, UnknownJobType
from haulage.domain.file_ids import takes_files
from haulage.domain.pointers import complaints
from haulage.domain.policy import Policy

__all__ = [
    "CPU",
    "IO",
    "POOLS",
    "REGISTRY",
    "JobType",
    "Policy",
    "Registry",
    "job_type",
]

IO = "io"
CPU = "cpu"
POOLS = (IO, CPU)
NAME = re.compile(r"[a-z][a-z0-9_.-]{0,99}")

Handler = Callable[..., Any] | Callable[..., Awaitable[Any]]
H = TypeVar("H", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class JobType:
    """A declared job type. `input` and `result` are pydantic adapters of the handler's types."""

    name: str
    pool: str
    queue: str
    policy: Policy
    handler: Callable[..., Any]
    input: TypeAdapter[Any]
    result: TypeAdapter[Any]
    description: str
    example: dict[str, Any] | None = None
    # The engine's own: no list shows it, and nobody submits it by its name.
    internal: bool = False
    # Whether its input names files (`FileId`).
    takes_files: bool = True

    def parse_input(self, raw: object) -> Any:
        """The input as the handler takes it; raises `InvalidInput` with JSON pointers."""
        try:
            return self.input.validate_python(raw)
        except ValidationError as error:
            faults = tuple(self._perhaps_misspelt(fault, raw) for fault in _faults(error, raw))
            raise InvalidInput(
                f"The input does not fit {self.name}.", faults, job_type=self.name
            ) from error

    def _perhaps_misspelt(self, fault: Fault, raw: object) -> Fault:
        """The same, with the field that is there and may be meant for one that is missing.

        A model takes fields that it does not know and drops them, unless it says otherwise.
        """
        name = fault.pointer.removeprefix("/")
        if not isinstance(raw, dict) or name in raw:
            return fault
        known = self.input_schema().get("properties", {})
        spare = [str(one) for one in raw if one not in known]
        near = difflib.get_close_matches(name, spare, n=1) if name in known else ()
        return replace(fault, message=f"{fault.message}. Is it {near[0]!r}?") if near else fault

    def dump_input(self, value: object) -> str:
        """The JSON text that is stored; parsing it again gives the same value.

        Raises `InvalidInput` for what JSON cannot carry, such as half of a surrogate pair.
        """
        try:
            return self.input.dump_json(value, by_alias=False, round_trip=True).decode()
        except PydanticSerializationError as error:
            raise InvalidInput(f"The input of {self.name} can't be JSON: {error}") from error

    def load_input(self, text: str) -> Any:
        """The inverse of `dump_input`, in the worker; raises `InvalidInput`."""
        try:
            # Stored under the fields' own names; aliases may differ between the two directions.
            return self.input.validate_json(text, by_name=True, by_alias=True)
        except ValidationError as error:
            faults = _faults(error, json.loads(text))
            raise InvalidInput(f"The input does not fit {self.name}.", faults) from error

    def dump_result(self, value: object) -> str:
        """Check what the handler returned against its declared type; JSON text.

        Raises `InvalidInput` when it does not fit or can't be JSON.
        """
        try:
            checked = self.result.validate_python(value)
        except ValidationError as error:
            raise InvalidInput(
                f"The handler of {self.name} returned something else than it declares.",
                _faults(error, value),
            ) from error
        try:
            return self._result_text(checked)
        except (ValueError, TypeError) as error:
            raise InvalidInput(f"The result of {self.name} can't be JSON: {error}") from error

    def _result_text(self, checked: object) -> str:
        try:
            return self.result.dump_json(checked).decode()
        except PydanticSerializationError:
            # Text out of documents may hold half of a surrogate pair, which UTF-8 can't; an escape
            # can.
            return json.dumps(self.result.dump_python(checked, mode="json"), allow_nan=False)

    def input_schema(self) -> dict[str, Any]:
        """JSON Schema (2020-12) of the input."""
        return self.input.json_schema(mode="validation")

    def result_schema(self) -> dict[str, Any]:
        """JSON Schema (2020-12) of the result."""
        return self.result.json_schema(mode="serialization")


class Registry:
    """The job types a process knows, by name."""

    def __init__(self) -> None:
        self._types: dict[str, JobType] = {}

    def add(self, declared: JobType) -> None:
        """Take a job type in; raises `DefinitionFault` when another handler has the name."""
        known = self._types.get(declared.name)
        if known is not None and _origin(known) != _origin(declared):
            raise DefinitionFault(
                f"job type {declared.name!r} is declared twice: in {_origin(known)} "
                f"and in {_origin(declared)}"
            )
        self._types[declared.name] = declared

    def get(self, name: str) -> JobType:
        """The job type called `name`; raises `UnknownJobType` with the nearest names."""
        try:
            return self._types[name]
        except KeyError:
            raise self._unknown(name) from None

    def offered(self, name: str) -> JobType:
        """The job type called `name` if anybody may submit it; raises `UnknownJobType`."""
        declared = self.get(name)
        if declared.internal:
            raise self._unknown(name)
        return declared

    def _unknown(self, name: str) -> UnknownJobType:
        offered = [declared.name for declared in self]
        nearest = difflib.get_close_matches(name, offered, n=3, cutoff=0.5)
        return UnknownJobType(name, tuple(nearest))

    def __contains__(self, name: str) -> bool:
        return name in self._types

    def __iter__(self) -> Iterator[JobType]:
        """Those that anybody may submit, by name."""
        offered = (declared for declared in self._types.values() if not declared.internal)
        return iter(sorted(offered, key=lambda declared: declared.name))

    def __len__(self) -> int:
        return len(self._types)


REGISTRY = Registry()


def job_type(
    name: str,
    *,
    pool: str | None = None,
    queue: str | None = None,
    policy: Policy | None = None,
    example: dict[str, Any] | None = None,
    internal: bool = False,
    registry: Registry = REGISTRY,
) -> Callable[[H], H]:
    """Declare a handler as job type `name`; raises `DefinitionFault` where the two do not fit.

    `pool` follows from the handler and needs no saying; `queue` defaults to the pool's own queue;
    `example` is an input for the docs, the console and the contract test. `internal` types are
    the engine's.
    """

    def declare(handler: H) -> H:
        declared = _declared(name, handler, pool, queue, policy or Policy(), example)
        registry.add(replace(declared, internal=internal))
        return handler

    return declare


def _declared(
    name: str,
    handler: Callable[..., Any],
    pool: str | None,
    queue: str | None,
    policy: Policy,
    example: dict[str, Any] | None,
) -> JobType:
    if not NAME.fullmatch(name):
        raise DefinitionFault(f"job type name {name!r} must match {NAME.pattern}")
    natural = IO if inspect.iscoroutinefunction(handler) else CPU
    if pool is not None and pool != natural:
        raise DefinitionFault(
            f"{name}: an async def handler runs on io, a plain def on cpu; "
            f"this one is {natural}, not {pool}"
        )
    parameters = list(inspect.signature(handler).parameters)
    hints = _hints(name, handler)
    if len(parameters) != 2 or parameters[0] not in hints or "return" not in hints:
        raise DefinitionFault(
            f"{name}: a handler reads `(input: Model, ctx: Context) -> Result`, with annotations"
        )
    adapter = _adapter(name, hints[parameters[0]])
    declared = JobType(
        name=name,
        pool=natural,
        queue=queue or natural,
        policy=policy,
        handler=handler,
        input=adapter,
        result=_adapter(name, hints["return"]),
        description=inspect.cleandoc(handler.__doc__ or ""),
        example=example,
        takes_files=takes_files(adapter),
    )
    if example is not None:
        try:
            declared.parse_input(example)
        except InvalidInput as error:
            raise DefinitionFault(f"{name}: the example does not fit the input: {error}") from error
    return declared


def _hints(name: str, handler: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(handler)
    except NameError as error:
        raise DefinitionFault(f"{name}: an annotation can't be resolved: {error}") from error


def _adapter(name: str, annotation: Any) -> TypeAdapter[Any]:
    try:
        return TypeAdapter(annotation)
    except PydanticUserError as error:
        raise DefinitionFault(f"{name}: {annotation!r} is no type for JSON: {error}") from error


def _origin(declared: JobType) -> str:
    return f"{declared.handler.__module__}.{declared.handler.__qualname__}"


def _faults(error: ValidationError, sent: object) -> tuple[Fault, ...]:
    return tuple(
        Fault(pointer, " or: ".join(dict.fromkeys(item["msg"] for item in items)))
        for pointer, items in complaints(error, sent)
    )
