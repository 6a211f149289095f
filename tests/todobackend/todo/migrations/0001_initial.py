from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="TodoItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=256)),
                ("completed", models.BooleanField(default=False)),
                ("url", models.CharField(blank=True, default="", max_length=256)),
                ("order", models.IntegerField(blank=True, null=True)),
            ],
        ),
    ]
