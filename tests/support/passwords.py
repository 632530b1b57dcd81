"""Passwords that PostgreSQL checks quickly, for servers that nobody else can reach."""

import hashlib
import hmac
import os
from base64 import b64encode

import psycopg
from psycopg import sql


def connect_quickly(url: str) -> None:
    """To check a password is half of what a connection costs, and each test makes some.

    What the server keeps of it is made here, of one round instead of 4,096: it takes that of any
    version, while the setting for it came with PostgreSQL 16.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        kept = sql.Literal(_verifier(connection.info.password))
        connection.execute(sql.SQL("ALTER ROLE CURRENT_USER PASSWORD {}").format(kept))


def _verifier(password: str, rounds: int = 1) -> str:
    """As RFC 5803 and pg_authid have it; for passwords of ASCII."""
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, rounds)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt_text, stored_text, server_text = (
        b64encode(one).decode() for one in (salt, stored, server)
    )
    return f"SCRAM-SHA-256${rounds}:{salt_text}${stored_text}:{server_text}"
