"""Settings of who may call."""

from pydantic import BaseModel


class AuthSettings(BaseModel):
    """Off, everybody who reaches the API is let in as an operator of the tenant `default`; then it
    listens on loopback alone."""

    enabled: bool = False
