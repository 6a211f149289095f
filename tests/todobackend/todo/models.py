"""What the todobackend keeps."""

from django.db import models


class TodoItem(models.Model):
    """One thing to do."""

    title = models.CharField(max_length=256)
    completed = models.BooleanField(default=False)
    url = models.CharField(max_length=256, blank=True, default="")
    order = models.IntegerField(null=True, blank=True)
