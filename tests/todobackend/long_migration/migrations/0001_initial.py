"""Takes its time, as the copy of a large table does."""

import time

from django.db import migrations

PARTS = 7
SECONDS_FOR_A_PART = 10


def copy_slowly(_apps, _schema_editor):
    print()
    for part in range(1, PARTS + 1):
        print(f"    copying part {part} of {PARTS}")
        time.sleep(SECONDS_FOR_A_PART)


class Migration(migrations.Migration):
    initial = True

    dependencies = [("todo", "0002_example_items")]

    operations = [migrations.RunPython(copy_slowly, migrations.RunPython.noop)]
