from tortoise import migrations
from tortoise.migrations import operations as ops
from models.base import new_id
from orjson import loads
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0014_fitted_on')]

    initial = False

    operations = [
        ops.CreateModel(
            name='KeptReport',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('key', fields.CharField(unique=True, max_length=64)),
                ('question', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('row_filter', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ('found', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ('problem', fields.CharField(null=True, max_length=500)),
                ('seconds', fields.FloatField(null=True)),
                ('asked_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('wanted_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('tried_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('worked_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('claimed_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'kept_report', 'app': 'models', 'pk_attr': 'id', 'table_description': "A report's question, whose eyes it is seen with (`row_filter`), and the last answer."},
            bases=['Record'],
        ),
    ]
