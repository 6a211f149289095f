"""Titles in a table of their own, each one once."""

from django.db import models


class Title(models.Model):
    """The title of one or more things to do."""

    text = models.CharField(max_length=256, unique=True)
