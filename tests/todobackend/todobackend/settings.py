"""Settings of the todobackend, taken from the environment as a container gets them from its task definition.

TODOBACKEND_DATABASE    path of the SQLite database file (required)
TODOBACKEND_SECRET_KEY  Django's secret key; a migration needs none worth keeping
"""

import os

from django.core.exceptions import ImproperlyConfigured

try:
    DATABASE_PATH = os.environ["TODOBACKEND_DATABASE"]
except KeyError:
    raise ImproperlyConfigured("TODOBACKEND_DATABASE is not set: give the path of the SQLite database file") from None

SECRET_KEY = os.environ.get("TODOBACKEND_SECRET_KEY", "for-migrations-only")
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATABASE_PATH}}
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "todo",
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
