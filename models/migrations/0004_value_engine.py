from decimal import Decimal

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from models.base import new_id
from models.value import DesignationStatus, StrategicKind


class Migration(migrations.Migration):
    dependencies = [('models', '0003_lifecycle_and_followups')]

    initial = False

    operations = [
        ops.CreateModel(
            name='StrategicDesignation',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('version', fields.IntField(default=1)),
                ('customer', fields.ForeignKeyField('models.Customer', source_field='customer_id', db_constraint=True, to_field='id', related_name='designations', on_delete=OnDelete.CASCADE)),
                ('kind', fields.CharEnumField(description='HIGH_LIFETIME_VALUE: HIGH_LIFETIME_VALUE\nBENCHMARK: BENCHMARK\nINSPIRATION: INSPIRATION\nCOST_MAGNET: COST_MAGNET', enum_type=StrategicKind, max_length=20)),
                ('status', fields.CharEnumField(default=DesignationStatus.PROPOSED, description='PROPOSED: PROPOSED\nCONFIRMED: CONFIRMED\nDISMISSED: DISMISSED\nEXPIRED: EXPIRED', enum_type=DesignationStatus, max_length=9)),
                ('evidence', fields.JSONField(default=dict, encoder=JSON_DUMPS, decoder=loads)),
                ('proposed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('decided_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('decided_by', fields.CharField(null=True, max_length=200)),
                ('review_on', fields.DateField(null=True)),
                ('note', fields.CharField(null=True, max_length=500)),
            ],
            options={'table': 'strategic_designation', 'app': 'models', 'constraints': [UniqueConstraint(fields=('customer_id', 'kind'), name='uq_strategic_designation_open', condition="status IN ('PROPOSED', 'CONFIRMED')"), CheckConstraint(check="status <> 'CONFIRMED' OR review_on IS NOT NULL", name='ck_strategic_designation_review')], 'indexes': [Index(fields=['status', 'review_on']), Index(fields=['customer_id', 'proposed_at', 'id'])], 'pk_attr': 'id', 'table_description': 'A customer named strategically significant: proposed by a rule with its evidence, confirmed by a person.'},
            bases=['Versioned'],
        ),
        ops.AddField(
            model_name='CustomerDay',
            name='purchases',
            field=fields.IntField(default=0),
        ),
        ops.AddField(
            model_name='CustomerDay',
            name='uncosted_revenue',
            field=fields.DecimalField(default=Decimal('0'), max_digits=20, decimal_places=4),
        ),
        ops.AddField(
            model_name='ValueRun',
            name='assumptions',
            field=fields.JSONField(default=dict, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField(
            model_name='ValueRun',
            name='cancel_requested',
            field=fields.BooleanField(default=False),
        ),
        ops.AddField(
            model_name='ValueRun',
            name='clv_horizon_days',
            field=fields.IntField(default=1095),
        ),
        ops.AddField(
            model_name='ValueRun',
            name='seen',
            field=fields.TextField(null=True, unique=False),
        ),
        ops.AddField(
            model_name='ValueRun',
            name='step',
            field=fields.CharField(null=True, max_length=20),
        ),
        ops.AddField(
            model_name='ValueSnapshot',
            name='contact_breadth',
            field=fields.SmallIntField(null=True),
        ),
        ops.AddField(
            model_name='ValueSnapshot',
            name='contribution_rate',
            field=fields.FloatField(null=True),
        ),
        ops.AddField(
            model_name='ValueSnapshot',
            name='delivered_value',
            field=fields.FloatField(null=True),
        ),
        ops.AddField(
            model_name='ValueSnapshot',
            name='ease',
            field=fields.FloatField(null=True),
        ),
        ops.AddField(
            model_name='ValueSnapshot',
            name='expected_order_value',
            field=fields.DecimalField(null=True, max_digits=20, decimal_places=4),
        ),
        ops.AddField(
            model_name='ValueSnapshot',
            name='promises_kept',
            field=fields.FloatField(null=True),
        ),
        ops.AddField(
            model_name='ValueSnapshot',
            name='satisfaction',
            field=fields.FloatField(null=True),
        ),
        ops.AddField(
            model_name='ValueSnapshot',
            name='top_contact_share',
            field=fields.FloatField(null=True),
        ),
        ops.RunSQL(
            [
                'UPDATE customer_day d SET purchases = f.purchases, uncosted_revenue = f.uncosted, list_revenue = f.list '
                'FROM (SELECT customer_id, (placed_at AT TIME ZONE coalesce((SELECT value FROM organization_setting '
                "WHERE key = 'time_zone'), 'UTC'))::date AS day, "
                'count(*) FILTER (WHERE amount = 0 OR refunded < amount) AS purchases, '
                'coalesce(sum(base_amount - round(refunded * exchange_rate, 4)) FILTER (WHERE base_cost IS NULL), 0) '
                'AS uncosted, sum(round((CASE WHEN amount > 0 THEN list_amount * (1 - refunded / amount) '
                'ELSE list_amount END) * exchange_rate, 4)) AS list '
                'FROM "order" WHERE status <> \'CANCELLED\' GROUP BY 1, 2) f '
                'WHERE (d.customer_id, d.day) = (f.customer_id, f.day)',
                'CREATE UNIQUE INDEX "uq_strategic_designation_open" ON "strategic_designation" ("customer_id", "kind") WHERE status IN (\'PROPOSED\', \'CONFIRMED\')',
                'ALTER TABLE "strategic_designation" ADD CONSTRAINT "ck_strategic_designation_review" CHECK (status <> \'CONFIRMED\' OR review_on IS NOT NULL)',
            ],
            reverse_sql='',
        ),
    ]
