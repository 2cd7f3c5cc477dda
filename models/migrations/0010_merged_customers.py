from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0009_portfolio')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Customer',
            name='merged_into',
            field=fields.ForeignKeyField('models.Customer', source_field='merged_into_id', null=True, db_constraint=True, to_field='id', related_name='absorbed', on_delete=OnDelete.CASCADE),
        ),
        ops.AddIndex(
            model_name='Customer',
            index=Index(fields=['merged_into_id']),
        ),
        ops.AddConstraint(
            model_name='Customer',
            constraint=CheckConstraint(check='merged_into_id IS NULL OR (merged_into_id <> id AND archived_at IS NOT NULL)', name='ck_customer_merged_into'),
        ),
    ]
