"""Fails on purpose, as such a migration fails in production: the copy meets a duplicate that nobody thought of."""

from django.core.management.color import color_style
from django.db import IntegrityError, migrations, models


def copy_titles(_apps, schema_editor):
    """Says in red what went wrong, as many tools do wherever their output goes."""
    try:
        schema_editor.execute('INSERT INTO unique_titles_title (text) SELECT title FROM todo_todoitem ORDER BY "order"')
    except IntegrityError as error:
        raise IntegrityError(color_style(force_color=True).ERROR(error)) from None


class Migration(migrations.Migration):
    initial = True

    dependencies = [("todo", "0002_example_items")]

    operations = [
        migrations.CreateModel(
            name="Title",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.CharField(max_length=256, unique=True)),
            ],
        ),
        migrations.RunPython(copy_titles, migrations.RunPython.noop),
    ]
