"""Settings of the source `ai-tasks`, which is there as soon as its API's address is."""

from pathlib import Path

from pydantic import BaseModel, Field, SecretStr


class PollerSettings(BaseModel):
    """Where tasks are pulled from and how often. Other sources are in `haulage.toml`."""

    api_base_url: str | None = None
    oauth2_token_url: str | None = None
    # Ory's own way of naming a token URL.
    oauth2_project: str | None = None
    oauth2_client_id: str | None = None
    oauth2_client_secret: SecretStr | None = None
    oauth2_client_secret_file: Path | None = None
    oauth2_scope: str = "read write"
    interval_s: float = Field(default=30.0, gt=0)
    concurrency: int = Field(default=5, ge=1, le=1000)
    timeout_s: float = Field(default=30.0, gt=0)
    metrics_port: int = Field(default=8001, ge=1, le=65_000)

    def token_url(self) -> str | None:
        """Where tokens are, as a URL or by the name of a project at Ory."""
        if self.oauth2_token_url or not self.oauth2_project:
            return self.oauth2_token_url or None
        return f"https://{self.oauth2_project}.projects.oryapis.com/oauth2/token"
