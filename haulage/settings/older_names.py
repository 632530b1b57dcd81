"""Environment variables of the systems that Haulage takes the place of, and what they set here.

A variable of our own wins over the older name of the same thing.
"""

from collections.abc import Mapping

OLDER_NAMES = {
    "GEMINI_API_KEY": "HAULAGE_PROVIDERS_GEMINI_API_KEY",
    "GEMINI_API_KEY_FILE": "HAULAGE_PROVIDERS_GEMINI_API_KEY_FILE",
    "LOG_LEVEL": "HAULAGE_LOG_LEVEL",
    "MAX_RETRIES": "HAULAGE_PROVIDERS_RETRIES",
    "OLLAMA_BASE_URL": "HAULAGE_PROVIDERS_OLLAMA_BASE_URL",
    "OLLAMA_MODEL_DOWNLOAD_TIMEOUT": "HAULAGE_PROVIDERS_OLLAMA_DOWNLOAD_TIMEOUT_S",
    "OLLAMA_TIMEOUT": "HAULAGE_PROVIDERS_OLLAMA_TIMEOUT_S",
    "OPENAI_API_KEY": "HAULAGE_PROVIDERS_OPENAI_API_KEY",
    "OPENAI_API_KEY_FILE": "HAULAGE_PROVIDERS_OPENAI_API_KEY_FILE",
    "OPENAI_BASE_URL": "HAULAGE_PROVIDERS_OPENAI_BASE_URL",
    "OPENAI_TIMEOUT": "HAULAGE_PROVIDERS_TIMEOUT_S",
    "OPENROUTER_API_KEY": "HAULAGE_PROVIDERS_OPENROUTER_API_KEY",
    "OPENROUTER_API_KEY_FILE": "HAULAGE_PROVIDERS_OPENROUTER_API_KEY_FILE",
    "PROCESSING_MODE": "HAULAGE_PROVIDERS_MODE",
    "RETRY_BACKOFF_FACTOR": "HAULAGE_PROVIDERS_BACKOFF_FACTOR",
    "SUPPORTED_MODELS": "HAULAGE_PROVIDERS_SUPPORTED_MODELS",
}


def translated(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` with our name beside each older one that is set; an empty value is not set."""
    known = {
        ours: environ[older]
        for older, ours in OLDER_NAMES.items()
        if environ.get(older) and ours not in environ
    }
    return {**environ, **known}
