"""Fails on purpose, as such a migration fails in production: the copy meets a duplicate that nobody thought of."""

from django.db import migrations, models


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
        migrations.RunSQL(
            'INSERT INTO unique_titles_title (text) SELECT title FROM todo_todoitem ORDER BY "order"',
            migrations.RunSQL.noop,
        ),
    ]
