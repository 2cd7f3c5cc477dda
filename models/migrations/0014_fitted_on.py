from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0013_interaction_reference')]

    initial = False

    operations = [
        ops.AddField(
            model_name='ValueSnapshot',
            name='fitted_on',
            field=fields.CharField(null=True, max_length=80),
        ),
    ]
