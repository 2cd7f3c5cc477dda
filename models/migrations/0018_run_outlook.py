from tortoise import migrations
from tortoise.migrations import operations as ops
from models.base import new_id
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0017_webhooks')]

    initial = False

    operations = [
        ops.CreateModel(
            name='RunOutlook',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('run', fields.ForeignKeyField('models.ValueRun', source_field='run_id', db_constraint=True, to_field='id', related_name='outlooks', on_delete=OnDelete.CASCADE)),
                ('customers', fields.IntField()),
                ('terms', fields.SmallIntField()),
                ('figures', fields.BinaryField()),
            ],
            options={'table': 'run_outlook', 'app': 'models', 'constraints': [UniqueConstraint(fields=('run_id',), name='uq_run_outlook')], 'pk_attr': 'id', 'table_description': 'The outlook of one run (`crm.value.outlook`): months, hazards and `terms` moments of three measures.'},
            bases=['Record'],
        ),
        ops.RunSQL(
            [
                'ALTER TABLE "run_outlook" ADD CONSTRAINT "uq_run_outlook" UNIQUE ("run_id")',
            ],
            reverse_sql='',
        ),
    ]
