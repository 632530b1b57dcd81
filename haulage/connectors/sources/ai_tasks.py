"""The source `ai-tasks`, which needs no file: its API's address in the environment is enough.

    GET   {base}/api/ai-tasks/pending?limit=N
    PATCH {base}/api/ai-tasks/{id}             {state, result}; `error` when it failed

A task is `{_id, type, content: string | {text, model?}, callbackRoute, callbackParams: {targetId,
field}, createdAt, updatedAt?}`. An embedding's result is its bare vector, that of
`identifying_data` the list of people, a failure's null.
"""

from haulage.connectors.source import SourceBody
from haulage.limits.config import TASKS_POOL
from haulage.settings.poller import PollerSettings

TEXT = "{content.text|content}"


def from_environment(settings: PollerSettings) -> dict[str, SourceBody]:
    """The source, if there is an address. Raises `ValidationError`."""
    if not settings.api_base_url:
        return {}
    base = settings.api_base_url.rstrip("/")
    oauth2 = None
    if settings.token_url() is not None:
        oauth2 = {
            "token_url": settings.token_url(),
            "client_id": settings.oauth2_client_id,
            "client_secret": settings.oauth2_client_secret,
            "client_secret_file": settings.oauth2_client_secret_file,
            "scope": settings.oauth2_scope,
        }
    source = {
        "list_url": f"{base}/api/ai-tasks/pending",
        "id": "{_id}",
        # Set back to pending, a task carries another one and runs again.
        "version": "{updatedAt?}",
        "tags": {
            "callbackRoute": "{callbackRoute?}",
            "targetId": "{callbackParams.targetId?}",
            "field": "{callbackParams.field?}",
        },
        "interval_s": settings.interval_s,
        "concurrency": settings.concurrency,
        "timeout_s": settings.timeout_s,
        "oauth2": oauth2,
        "types": {
            "text_embedding": {
                "job_type": "text_embedding",
                "input": {"text": TEXT, "model": "{content.model?}"},
                "result": "{result.embeddings.0}",
            },
            "identifying_data": {
                "job_type": "identifying_data",
                "input": {"text": TEXT, "model": "{content.model?}", "wikidata": True},
                "result": "{result.people}",
            },
        },
        "report": {
            "url": f"{base}/api/ai-tasks/{{id}}",
            "body": {"state": "{state}", "result": "{result}", "error": "{error.message?}"},
        },
    }
    return {TASKS_POOL: SourceBody.model_validate(source)}
