"""The release that cannot be deployed: its migration asks for unique titles, and the data has duplicates."""

from todobackend.settings import *  # noqa: F403
from todobackend.settings import INSTALLED_APPS as RELEASED_APPS

INSTALLED_APPS = [*RELEASED_APPS, "unique_titles"]
