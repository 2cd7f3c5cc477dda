from tortoise import migrations
from tortoise.migrations import operations as ops
from models.base import new_id
from tortoise.contrib.postgres.indexes import HashIndex
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0011_goals_and_timeline')]

    initial = False

    operations = [
        ops.CreateModel(
            name='SavedView',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('version', fields.IntField(default=1)),
                ('owner', fields.ForeignKeyField('models.StaffMember', source_field='owner_id', db_constraint=True, to_field='id', related_name='saved_views', on_delete=OnDelete.CASCADE)),
                ('noun', fields.CharField(max_length=40)),
                ('name', fields.CharField(max_length=80)),
                ('query', fields.TextField(unique=False)),
                ('shared', fields.BooleanField(default=False)),
            ],
            options={'table': 'saved_view', 'app': 'models', 'constraints': [UniqueConstraint(fields=('owner_id', 'noun', 'name'), name='uq_saved_view_name')], 'indexes': [Index(fields=['noun', 'shared'])], 'pk_attr': 'id', 'table_description': "A list's filters, order and columns under a name, for one person or for everybody."},
            bases=['Versioned'],
        ),
        ops.AddIndex(
            model_name='Order',
            index=HashIndex(fields=['reference'], name='idx_order_reference'),
        ),
        ops.RunSQL(
            [
                'ALTER TABLE "saved_view" ADD CONSTRAINT "uq_saved_view_name" UNIQUE ("owner_id", "noun", "name")',
            ],
            reverse_sql='',
        ),
    ]
