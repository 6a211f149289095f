from django.db import migrations

# The same title twice is allowed here: plants want water more than once.
TITLES = ["Water the plants", "Call the dentist", "Water the plants"]


def add_example_items(apps, schema_editor):
    todo_item = apps.get_model("todo", "TodoItem")
    todo_item.objects.bulk_create(todo_item(title=title, order=order) for order, title in enumerate(TITLES, start=1))


class Migration(migrations.Migration):
    dependencies = [("todo", "0001_initial")]

    operations = [migrations.RunPython(add_example_items, migrations.RunPython.noop)]
