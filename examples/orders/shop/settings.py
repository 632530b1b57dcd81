"""`DATABASE_URL` is the PostgreSQL in which Haulage's tables are too."""

import os
import secrets
from urllib.parse import unquote, urlsplit

url = urlsplit(os.environ["DATABASE_URL"])
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": url.hostname,
        "PORT": url.port,
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "NAME": url.path[1:],
    }
}
INSTALLED_APPS = ["shop"]
ROOT_URLCONF = "shop.urls"
ALLOWED_HOSTS = ["127.0.0.1"]
# Nothing here is signed.
SECRET_KEY = secrets.token_hex()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
