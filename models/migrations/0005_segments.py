from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

from models.base import new_id


class Migration(migrations.Migration):
    dependencies = [('models', '0004_value_engine')]

    initial = False

    operations = [
        ops.CreateModel(
            name='EventCursor',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('name', fields.CharField(unique=True, max_length=40)),
                ('transaction_id', fields.BigIntField(default=0)),
                ('position', fields.BigIntField(default=0)),
                ('holder', fields.CharField(null=True, max_length=80)),
                ('lease_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('caught_up_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('error', fields.TextField(null=True, unique=False)),
            ],
            options={'table': 'event_cursor', 'app': 'models', 'pk_attr': 'id', 'table_description': 'The place of one reader in the events: everything up to (`transaction_id`, `position`) is dealt with.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='SegmentVersion',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('segment', fields.ForeignKeyField('models.Segment', source_field='segment_id', db_constraint=True, to_field='id', related_name='versions', on_delete=OnDelete.CASCADE)),
                ('number', fields.IntField()),
                ('rule', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('rule_text', fields.TextField(unique=False)),
                ('entered', fields.IntField(null=True)),
                ('exited', fields.IntField(null=True)),
                ('actor_kind', fields.CharField(max_length=6)),
                ('actor_id', fields.UUIDField(null=True)),
                ('actor_label', fields.CharField(max_length=200)),
            ],
            options={'table': 'segment_version', 'app': 'models', 'constraints': [UniqueConstraint(fields=('segment_id', 'number'), name='uq_segment_version')], 'pk_attr': 'id', 'table_description': 'A rule as it was from a time on, and how many customers it moved when it took effect.'},
            bases=['Record'],
        ),
        ops.AddIndex(
            model_name='Event',
            index=Index(fields=['transaction_id', 'position']),
        ),
        ops.AddField(
            model_name='Segment',
            name='due_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Segment',
            name='evaluated_version',
            field=fields.IntField(default=0),
        ),
        ops.AddField(
            model_name='Segment',
            name='library_key',
            field=fields.CharField(null=True, max_length=80),
        ),
        ops.AddField(
            model_name='Segment',
            name='stale_after',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Segment',
            name='timed_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.RunSQL(
            [
                'ALTER TABLE "segment_version" ADD CONSTRAINT "uq_segment_version" UNIQUE ("segment_id", "number")',
            ],
            reverse_sql='',
        ),
    ]
