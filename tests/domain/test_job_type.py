"""Job types: what a declaration promises, and what is refused at import."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, Json, computed_field

from haulage.domain.context import BlockingContext, Context
from haulage.domain.errors import DefinitionFault, Fault, InvalidInput, UnknownJobType
from haulage.domain.job_type import JobType, Policy, Registry, job_type
from haulage.domain.policy import MAX_TIMEOUT_S


class Greeting(BaseModel):
    name: str
    times: int = Field(default=1, ge=1, le=10)
    words: list[str] = []


class Anything(BaseModel):
    value: Any = None


def declared(registry: Registry, input: Any = Greeting, result: Any = str) -> JobType:
    async def handler(input, ctx):
        """Say hello."""

    handler.__annotations__ = {"input": input, "ctx": Context, "return": result}
    job_type("greet", registry=registry)(handler)
    return registry.get("greet")


def test_an_async_handler_runs_on_io(registry: Registry) -> None:
    @job_type("one", registry=registry)
    async def one(input: Greeting, ctx: Context) -> str:
        return ""

    assert (registry.get("one").pool, registry.get("one").queue) == ("io", "io")


def test_a_plain_handler_runs_on_cpu(registry: Registry) -> None:
    @job_type("one", registry=registry, queue="ocr")
    def one(input: Greeting, ctx: BlockingContext) -> str:
        return ""

    assert (registry.get("one").pool, registry.get("one").queue) == ("cpu", "ocr")


@pytest.mark.parametrize("name", ["", "Greet", "9lives", "a b", "a" * 101, "é", "a\n"])
def test_a_name_that_urls_and_metrics_cannot_carry_is_refused(
    registry: Registry, name: str
) -> None:
    async def handler(input: Greeting, ctx: Context) -> str:
        return ""

    with pytest.raises(DefinitionFault, match="must match"):
        job_type(name, registry=registry)(handler)


def test_a_pool_that_does_not_fit_the_handler_is_refused(registry: Registry) -> None:
    with pytest.raises(DefinitionFault, match="this one is io, not cpu"):

        @job_type("one", pool="cpu", registry=registry)
        async def one(input: Greeting, ctx: Context) -> str:
            return ""


def no_context(input: Greeting) -> str:
    return ""


def no_result(input: Greeting, ctx: Context):
    return ""


def no_input(input, ctx: Context) -> str:
    return ""


def unresolved(input: "Nowhere", ctx: Context) -> str:  # type: ignore[name-defined]  # noqa: F821
    return ""


class Opaque:
    """Nothing that pydantic can read."""


def opaque(input: Opaque, ctx: Context) -> str:
    return ""


@pytest.mark.parametrize("handler", [no_context, no_result, no_input, unresolved, opaque])
def test_a_handler_without_a_readable_signature_is_refused(
    registry: Registry, handler: Any
) -> None:
    with pytest.raises(DefinitionFault, match="one"):
        job_type("one", registry=registry)(handler)
    assert "one" not in registry


def test_an_example_that_does_not_fit_is_refused(registry: Registry) -> None:
    with pytest.raises(DefinitionFault, match="example"):

        @job_type("one", registry=registry, example={"name": 5})
        async def one(input: Greeting, ctx: Context) -> str:
            return ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_attempts": 0},
        {"max_attempts": 10**10},
        {"timeout_s": 0},
        {"timeout_s": -1},
        {"timeout_s": float("inf")},
        {"timeout_s": float("nan")},
        {"timeout_s": MAX_TIMEOUT_S * 2},
        {"max_crashes": 0},
    ],
)
def test_a_policy_that_nothing_could_run_under_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(DefinitionFault, match="a policy needs"):
        Policy(**wrong)


def test_two_handlers_cannot_share_a_name(registry: Registry) -> None:
    async def one(input: Greeting, ctx: Context) -> str:
        return ""

    async def other(input: Greeting, ctx: Context) -> str:
        return ""

    job_type("same", registry=registry)(one)
    with pytest.raises(DefinitionFault, match="declared twice"):
        job_type("same", registry=registry)(other)
    assert registry.get("same").handler is one


def test_importing_a_module_twice_is_no_clash(registry: Registry) -> None:
    for _ in range(2):

        @job_type("same", registry=registry)
        async def one(input: Greeting, ctx: Context) -> str:
            return ""

    assert len(registry) == 1


def test_an_unknown_type_names_its_nearest(registry: Registry) -> None:
    for name in ("summarize_text", "summarize_page", "crunch"):

        async def handler(input: Greeting, ctx: Context) -> str:
            return ""

        job_type(name, registry=registry)(handler)
    with pytest.raises(UnknownJobType) as caught:
        registry.get("sumarize_text")
    assert caught.value.nearest[0] == "summarize_text"
    assert "crunch" not in caught.value.nearest
    assert "Did you mean summarize_text" in str(caught.value)


def test_a_name_like_no_other_gets_no_advice(registry: Registry) -> None:
    declared(registry)
    with pytest.raises(UnknownJobType) as caught:
        registry.get("zzz")
    assert caught.value.nearest == ()
    assert "Did you mean" not in str(caught.value)


def test_types_are_listed_by_name(registry: Registry) -> None:
    for name in ("b", "c", "a"):

        async def handler(input: Greeting, ctx: Context) -> str:
            return ""

        job_type(name, registry=registry)(handler)
    assert [one.name for one in registry] == ["a", "b", "c"]
    assert "a" in registry
    assert "d" not in registry


def test_faults_of_an_input_point_at_what_does_not_fit(registry: Registry) -> None:
    with pytest.raises(InvalidInput) as caught:
        declared(registry).parse_input({"times": 11, "words": ["a", 5]})
    assert [fault.pointer for fault in caught.value.faults] == ["/name", "/times", "/words/1"]
    assert all(isinstance(fault, Fault) and fault.message for fault in caught.value.faults)


def test_a_field_that_is_missing_is_looked_for_under_other_names(registry: Registry) -> None:
    with pytest.raises(InvalidInput) as caught:
        declared(registry).parse_input({"nam": "Ada"})
    assert caught.value.faults == (Fault("/name", "Field required. Is it 'nam'?"),)
    assert caught.value.job_type == "greet"


def test_a_known_field_is_never_taken_for_a_missing_one(registry: Registry) -> None:
    with pytest.raises(InvalidInput) as caught:
        declared(registry).parse_input({"times": 1, "~": 2})
    assert caught.value.faults == (Fault("/name", "Field required"),)


@given(st.builds(Greeting, name=st.text(), times=st.integers(1, 10), words=st.lists(st.text())))
def test_an_input_comes_back_as_it_was_stored(greeting: Greeting) -> None:
    kind = declared(Registry())
    assert kind.load_input(kind.dump_input(greeting)) == greeting


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(json_values)
def test_any_json_comes_back_as_it_was_stored(value: Any) -> None:
    kind = declared(Registry(), input=Anything)
    assert kind.load_input(kind.dump_input(Anything(value=value))).value == value


class Aliased(BaseModel):
    model_config = ConfigDict(extra="forbid", serialize_by_alias=True)

    limit: int = Field(alias="sentenceLength")
    words: int = Field(validation_alias=AliasChoices("maxWords", "words"))
    page: int = Field(serialization_alias="Page")
    payload: Json[dict[str, int]]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def double(self) -> int:
        return self.limit * 2


def test_an_input_with_aliases_and_computed_fields_comes_back(registry: Registry) -> None:
    kind = declared(registry, input=Aliased)
    given_input = kind.parse_input(
        {"sentenceLength": 3, "maxWords": 4, "page": 5, "payload": '{"a": 1}'}
    )
    assert kind.load_input(kind.dump_input(given_input)) == given_input


@pytest.mark.parametrize("value", ["\ud800", b"\xff", object()])
def test_an_input_that_json_cannot_carry_is_refused_before_it_is_stored(
    registry: Registry, value: object
) -> None:
    kind = declared(registry, input=Anything)
    with pytest.raises(InvalidInput, match="can't be JSON"):
        kind.dump_input(kind.parse_input({"value": value}))


def test_a_result_is_checked_against_its_declared_type(registry: Registry) -> None:
    kind = declared(registry, result=Greeting)
    with pytest.raises(InvalidInput, match="something else than it declares") as caught:
        kind.dump_result({"name": "x", "times": 0})
    assert [fault.pointer for fault in caught.value.faults] == ["/times"]
    assert json.loads(kind.dump_result(Greeting(name="x"))) == {
        "name": "x",
        "times": 1,
        "words": [],
    }


def test_half_a_surrogate_pair_in_a_result_does_not_fail_the_job(registry: Registry) -> None:
    kind = declared(registry, result=Greeting)
    text = kind.dump_result(Greeting.model_construct(name="a\ud800b", times=1, words=["é"]))
    assert json.loads(text) == {"name": "a\ud800b", "times": 1, "words": ["é"]}
    assert text.isascii()


def test_a_result_that_json_cannot_carry_is_refused(registry: Registry) -> None:
    with pytest.raises(InvalidInput, match="can't be JSON"):
        declared(registry, result=Anything).dump_result(Anything(value=object()))


def test_schemas_and_description_follow_from_the_declaration(registry: Registry) -> None:
    kind = declared(registry, result=Greeting)
    assert kind.description == "Say hello."
    assert set(kind.input_schema()["properties"]) == {"name", "times", "words"}
    assert kind.result_schema()["properties"]["times"]["maximum"] == 10
