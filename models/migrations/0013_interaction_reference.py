from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0012_saved_views')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Interaction',
            name='reference',
            field=fields.CharField(null=True, max_length=200),
        ),
        ops.AddField(
            model_name='Interaction',
            name='source',
            field=fields.CharField(null=True, max_length=80),
        ),
        ops.AddConstraint(
            model_name='Interaction',
            constraint=UniqueConstraint(fields=('customer_id', 'source', 'reference'), name='uq_interaction_reference', condition='reference IS NOT NULL'),
        ),
    ]
