"""Prints the OpenAPI document without a server: what the console's types are generated from.

python tools/openapi.py > openapi.json
"""

import json
import sys
from types import SimpleNamespace
from typing import Any, cast

from haulage.api.app import make_app
from haulage.api.deps import Deps
from haulage.api.type_documents import TypeDocuments
from haulage.domain.job_type import Registry
from haulage.settings.api import ApiSettings


def document() -> dict[str, Any]:
    """As `/openapi.json` answers it where no job type is known: those say what they take in
    `/api/v1/types`."""
    parts = SimpleNamespace(
        types=TypeDocuments(Registry()), settings=SimpleNamespace(api=ApiSettings())
    )
    return make_app(cast(Deps, parts)).openapi()


if __name__ == "__main__":
    json.dump(document(), sys.stdout)
