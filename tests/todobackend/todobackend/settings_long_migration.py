"""The release whose migration takes more than a minute: time enough to kill whoever watches it."""

from todobackend.settings import *  # noqa: F403
from todobackend.settings import INSTALLED_APPS as RELEASED_APPS

INSTALLED_APPS = [*RELEASED_APPS, "long_migration"]
