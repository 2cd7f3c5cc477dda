from tortoise import migrations
from tortoise.migrations import operations as ops
from models.base import new_id
from models.goal import GoalFigure
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0010_merged_customers')]

    initial = False

    operations = [
        ops.CreateModel(
            name='GoalMeasurement',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('goal', fields.ForeignKeyField('models.Goal', source_field='goal_id', db_constraint=True, to_field='id', related_name='measurements', on_delete=OnDelete.CASCADE)),
                ('day', fields.DateField()),
                ('value', fields.DecimalField(null=True, max_digits=20, decimal_places=4)),
            ],
            options={'table': 'goal_measurement', 'app': 'models', 'constraints': [UniqueConstraint(fields=('goal_id', 'day'), name='uq_goal_measurement')], 'pk_attr': 'id', 'table_description': "A goal's figure as it was on a day; `value` is None when there was nothing to measure."},
            bases=['Record'],
        ),
        ops.AlterModelOptions(
            name='Goal',
            options={'table': 'goal', 'app': 'models', 'constraints': [CheckConstraint(check='due_on > starts_on', name='ck_goal_dates'), CheckConstraint(check='target <> baseline', name='ck_goal_target')], 'indexes': [Index(fields=['due_on', 'id'])], 'pk_attr': 'id', 'table_description': 'A measurable target.'},
        ),
        ops.AlterField(
            model_name='Goal',
            name='figure',
            field=fields.CharEnumField(description='RETENTION: RETENTION\nCHURN: CHURN\nNPS: NPS\nCSAT: CSAT\nCES: CES\nANSWERED_ON_TIME: ANSWERED_ON_TIME\nCOMPLAINTS: COMPLAINTS\nPROMISES_KEPT: PROMISES_KEPT\nINTERACTIONS: INTERACTIONS\nFUNNEL_CONVERSION: FUNNEL_CONVERSION\nSTAGE_REACHED: STAGE_REACHED\nSTAGE_SIZE: STAGE_SIZE\nSTAGE_DWELL: STAGE_DWELL\nSTUCK_CUSTOMERS: STUCK_CUSTOMERS\nNEW_CUSTOMERS: NEW_CUSTOMERS\nSEGMENT_SIZE: SEGMENT_SIZE\nREVENUE: REVENUE\nGROSS_MARGIN: GROSS_MARGIN\nORDERS: ORDERS\nBUYERS: BUYERS\nFIRST_TIME_BUYERS: FIRST_TIME_BUYERS\nAVERAGE_ORDER: AVERAGE_ORDER\nREPEAT_RATE: REPEAT_RATE\nAVERAGE_CLV: AVERAGE_CLV\nTOTAL_CLV: TOTAL_CLV\nCUSTOMER_EQUITY: CUSTOMER_EQUITY\nNET_PROFIT: NET_PROFIT\nVALUE_AT_RISK: VALUE_AT_RISK\nEXPECTED_SPEND: EXPECTED_SPEND\nCHURN_RISK: CHURN_RISK\nACTIVE_CUSTOMERS: ACTIVE_CUSTOMERS\nREFERRALS: REFERRALS\nSINGLE_THREADED: SINGLE_THREADED\nEXPOSED_VALUE: EXPOSED_VALUE\nDATA_QUALITY: DATA_QUALITY\nCOMPLETENESS: COMPLETENESS\nREACHABILITY: REACHABILITY\nFRESHNESS: FRESHNESS', enum_type=GoalFigure, max_length=20),
        ),
        ops.AddField(
            model_name='Goal',
            name='owner',
            field=fields.ForeignKeyField('models.StaffMember', source_field='owner_id', null=True, db_constraint=True, to_field='id', related_name='goals', on_delete=OnDelete.RESTRICT),
        ),
        ops.RunSQL(
            [
                'ALTER TABLE "goal_measurement" ADD CONSTRAINT "uq_goal_measurement" UNIQUE ("goal_id", "day")',
            ],
            reverse_sql='',
        ),
        # Written as the timeline asks for them (crm.timeline.sources), merges included.
        ops.RunSQL(
            [
                'DROP INDEX idx_event_timeline',
                "CREATE INDEX idx_event_timeline ON event (customer_id, created_at, id) WHERE type IN "
                "('identity.added', 'identity.removed', 'value.changed', 'customer.merged', 'customer.unmerged')",
            ],
            reverse_sql='',
        ),
    ]
