from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from models.base import new_id
from models.followup import FollowUpStatus
from models.goal import GoalFigure
from models.lifecycle import StageOutcome


class Migration(migrations.Migration):
    dependencies = [('models', '0002_text_normal_form')]

    initial = False

    operations = [
        ops.CreateModel(
            name='FollowUp',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('version', fields.IntField(default=1)),
                ('customer', fields.ForeignKeyField('models.Customer', source_field='customer_id', db_constraint=True, to_field='id', related_name='follow_ups', on_delete=OnDelete.CASCADE)),
                ('owner', fields.ForeignKeyField('models.StaffMember', source_field='owner_id', null=True, db_constraint=True, to_field='id', related_name='follow_ups', on_delete=OnDelete.SET_NULL)),
                ('interaction', fields.ForeignKeyField('models.Interaction', source_field='interaction_id', null=True, db_constraint=True, to_field='id', related_name='follow_ups', on_delete=OnDelete.SET_NULL)),
                ('subject', fields.CharField(max_length=200)),
                ('note', fields.TextField(default='', unique=False)),
                ('due_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('status', fields.CharEnumField(default=FollowUpStatus.OPEN, description='OPEN: OPEN\nDONE: DONE\nDROPPED: DROPPED', enum_type=FollowUpStatus, max_length=7)),
                ('closed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('outcome', fields.CharField(null=True, max_length=300)),
            ],
            options={'table': 'follow_up', 'app': 'models', 'constraints': [CheckConstraint(check="(status = 'OPEN') = (closed_at IS NULL)", name='ck_follow_up_closed_at')], 'indexes': [Index(fields=['customer_id', 'due_at', 'id']), Index(fields=['owner_id', 'status', 'due_at', 'id']), Index(fields=['status', 'due_at', 'id'])], 'pk_attr': 'id', 'table_description': 'A task: something to do for a customer until a time, by one staff member; `outcome` says how it ended.'},
            bases=['Versioned'],
        ),
        ops.CreateModel(
            name='Goal',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('version', fields.IntField(default=1)),
                ('name', fields.CharField(max_length=200)),
                ('figure', fields.CharEnumField(description='RETENTION: RETENTION\nCHURN: CHURN\nNPS: NPS\nCSAT: CSAT\nCES: CES\nANSWERED_ON_TIME: ANSWERED_ON_TIME\nFUNNEL_CONVERSION: FUNNEL_CONVERSION\nSTAGE_SIZE: STAGE_SIZE\nSEGMENT_SIZE: SEGMENT_SIZE\nAVERAGE_CLV: AVERAGE_CLV\nTOTAL_CLV: TOTAL_CLV\nDATA_QUALITY: DATA_QUALITY', enum_type=GoalFigure, max_length=20)),
                ('segment', fields.CharField(null=True, max_length=80)),
                ('lifecycle', fields.CharField(null=True, max_length=80)),
                ('stage', fields.CharField(null=True, max_length=80)),
                ('baseline', fields.DecimalField(max_digits=20, decimal_places=4)),
                ('target', fields.DecimalField(max_digits=20, decimal_places=4)),
                ('starts_on', fields.DateField()),
                ('due_on', fields.DateField()),
                ('archived_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'goal', 'app': 'models', 'constraints': [CheckConstraint(check='due_on > starts_on', name='ck_goal_dates'), CheckConstraint(check='target <> baseline', name='ck_goal_target')], 'indexes': [Index(fields=['due_on', 'id'])], 'pk_attr': 'id', 'table_description': 'A measurable target. `segment`, `lifecycle` and `stage` are keys that narrow the figure, where it takes them.'},
            bases=['Versioned'],
        ),
        ops.CreateModel(
            name='LifecycleRevision',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('lifecycle', fields.ForeignKeyField('models.Lifecycle', source_field='lifecycle_id', db_constraint=True, to_field='id', related_name='revisions', on_delete=OnDelete.CASCADE)),
                ('number', fields.IntField()),
                ('definition', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('actor_kind', fields.CharField(max_length=6)),
                ('actor_id', fields.UUIDField(null=True)),
                ('actor_label', fields.CharField(max_length=200)),
            ],
            options={'table': 'lifecycle_revision', 'app': 'models', 'constraints': [UniqueConstraint(fields=('lifecycle_id', 'number'), name='uq_lifecycle_revision')], 'pk_attr': 'id', 'table_description': 'A lifecycle as it was defined from a time on; `number` is the version that the definition made.'},
            bases=['Record'],
        ),
        ops.AlterModelOptions(
            name='Stage',
            options={'table': 'stage', 'app': 'models', 'constraints': [UniqueConstraint(fields=('lifecycle_id', 'key'), name='uq_stage_key'), UniqueConstraint(fields=('lifecycle_id',), name='uq_stage_initial', condition='is_initial'), CheckConstraint(check='target_days IS NULL OR target_days > 0', name='ck_stage_target_days')], 'pk_attr': 'id', 'table_description': 'A place in a lifecycle; one that was removed stays for the sake of history, with `archived_at`.'},
        ),
        ops.AlterField(
            model_name='Stage',
            name='outcome',
            field=fields.CharEnumField(default=StageOutcome.OPEN, description='OPEN: OPEN\nWON: WON\nIDLE: IDLE\nLOST: LOST', enum_type=StageOutcome, max_length=4),
        ),
        ops.AddField(
            model_name='Stage',
            name='archived_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AlterModelOptions(
            name='StageTransition',
            options={'table': 'stage_transition', 'app': 'models', 'indexes': [Index(fields=['customer_id', 'occurred_at', 'id']), Index(fields=['lifecycle_id', 'occurred_at'])], 'pk_attr': 'id', 'table_description': 'A move that happened.'},
        ),
        ops.AddField(
            model_name='StageTransition',
            name='rule',
            field=fields.TextField(null=True, unique=False),
        ),
        ops.RunSQL(
            [
                'ALTER TABLE "follow_up" ADD CONSTRAINT "ck_follow_up_closed_at" CHECK ((status = \'OPEN\') = (closed_at IS NULL))',
                'ALTER TABLE "goal" ADD CONSTRAINT "ck_goal_dates" CHECK (due_on > starts_on)',
                'ALTER TABLE "goal" ADD CONSTRAINT "ck_goal_target" CHECK (target <> baseline)',
                'ALTER TABLE "lifecycle_revision" ADD CONSTRAINT "uq_lifecycle_revision" UNIQUE ("lifecycle_id", "number")',
            ],
            reverse_sql='',
        ),
        # The timeline of a customer reads these by time; few events are of these kinds.
        ops.RunSQL(
            [
                "CREATE INDEX idx_event_timeline ON event (customer_id, created_at, id) "
                "WHERE type IN ('identity.added', 'identity.removed', 'value.changed')",
                "CREATE INDEX idx_segment_membership_entry ON segment_membership (customer_id, entered_at, id)",
                "CREATE INDEX idx_segment_membership_exit ON segment_membership (customer_id, exited_at, id) "
                "WHERE exited_at IS NOT NULL",
            ],
            reverse_sql='DROP INDEX idx_event_timeline, idx_segment_membership_entry, idx_segment_membership_exit',
        ),
    ]
