"""Settings of who may call."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, model_validator

# HS256 signs with SHA-256: a shorter secret is weaker than the signature (RFC 7518, 3.2).
MIN_SECRET_BYTES = 32
_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})


class AuthSettings(BaseModel):
    """Off, everybody who reaches the API is let in as an operator of the tenant `default`; then it
    listens on loopback alone. Tokens count where a secret or a URL of keys says how to check them.
    """

    enabled: bool = False
    jwt_secret: SecretStr | None = None
    jwks_url: str | None = None
    jwt_issuer: str | None = None
    jwt_audience: str | None = None
    jwt_leeway_s: int = Field(default=30, ge=0, le=600)
    jwt_max_life_s: int = Field(default=86_400, ge=60)
    jwt_tenant_claim: str = "tenant"
    jwt_scope_claim: str = "scope"

    @property
    def takes_tokens(self) -> bool:
        """Whether anything says how to check one."""
        return self.jwt_secret is not None or self.jwks_url is not None

    @property
    def secret(self) -> str | None:
        """What HS256 signs with."""
        return None if self.jwt_secret is None else self.jwt_secret.get_secret_value()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.takes_tokens and not (self.jwt_issuer and self.jwt_audience):
            raise ValueError(
                "HAULAGE_AUTH_JWKS_URL and HAULAGE_AUTH_JWT_SECRET need HAULAGE_AUTH_JWT_ISSUER "
                "and HAULAGE_AUTH_JWT_AUDIENCE: else one issued for something else would count"
            )
        secret = self.secret
        if secret is not None and len(secret.encode()) < MIN_SECRET_BYTES:
            raise ValueError(
                f"HAULAGE_AUTH_JWT_SECRET has less than {MIN_SECRET_BYTES} bytes; make one with: "
                "openssl rand -hex 32"
            )
        if self.jwks_url is not None:
            parts = urlsplit(self.jwks_url)
            if parts.scheme != "https" and parts.hostname not in _THIS_MACHINE:
                raise ValueError("HAULAGE_AUTH_JWKS_URL must be https: who can change it can call")
        return self
