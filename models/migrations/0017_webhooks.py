from tortoise import migrations
from tortoise.migrations import operations as ops
from models.base import new_id
from models.webhook import DeliveryStatus, DisabledReason
from orjson import loads
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0016_follow_ups_of_interactions')]

    initial = False

    operations = [
        ops.CreateModel(
            name='WebhookEndpoint',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('version', fields.IntField(default=1)),
                ('name', fields.CharField(max_length=120)),
                ('url', fields.CharField(max_length=2000)),
                ('event_types', ArrayField(default=list, element_type='TEXT')),
                ('rule', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ('rule_text', fields.TextField(null=True, unique=False)),
                ('personal_data', fields.BooleanField(default=False)),
                ('row_filter', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ('api_version', fields.CharField(max_length=20)),
                ('secret_salt', fields.CharField(max_length=64)),
                ('secret_mark', fields.CharField(max_length=16)),
                ('previous_salt', fields.CharField(null=True, max_length=64)),
                ('previous_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('enabled', fields.BooleanField(default=True)),
                ('disabled_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('disabled_reason', fields.CharEnumField(null=True, description='BY_HAND: BY_HAND\nGONE: GONE\nFAILING: FAILING\nRULE_BROKEN: RULE_BROKEN', enum_type=DisabledReason, max_length=12)),
                ('failing_since', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('last_success_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('archived_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('actor_kind', fields.CharField(max_length=6)),
                ('actor_id', fields.UUIDField(null=True)),
                ('actor_label', fields.CharField(max_length=200)),
            ],
            options={'table': 'webhook_endpoint', 'app': 'models', 'constraints': [CheckConstraint(check='cardinality(event_types) > 0', name='ck_webhook_endpoint_types'), CheckConstraint(check='enabled = (disabled_at IS NULL)', name='ck_webhook_endpoint_disabled'), CheckConstraint(check='(previous_salt IS NULL) = (previous_until IS NULL)', name='ck_webhook_endpoint_previous')], 'indexes': [Index(fields=['name', 'id'])], 'pk_attr': 'id', 'table_description': 'An address of another system, and which events it hears of.'},
            bases=['Versioned'],
        ),
        ops.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('endpoint', fields.ForeignKeyField('models.WebhookEndpoint', source_field='endpoint_id', db_constraint=True, to_field='id', related_name='deliveries', on_delete=OnDelete.CASCADE)),
                ('event_id', fields.UUIDField()),
                ('event_type', fields.CharField(max_length=60)),
                ('customer_id', fields.UUIDField(null=True)),
                ('status', fields.CharEnumField(default=DeliveryStatus.PENDING, description='PENDING: PENDING\nDELIVERED: DELIVERED\nFAILED: FAILED', enum_type=DeliveryStatus, max_length=9)),
                ('attempts', fields.SmallIntField(default=0)),
                ('next_attempt_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('claimed_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('last_attempt_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('delivered_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('response_status', fields.SmallIntField(null=True)),
                ('response_excerpt', fields.TextField(null=True, unique=False)),
                ('error', fields.CharField(null=True, max_length=300)),
                ('duration_ms', fields.IntField(null=True)),
                ('tries', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={'table': 'webhook_delivery', 'app': 'models', 'constraints': [UniqueConstraint(fields=('endpoint_id', 'event_id'), name='uq_webhook_delivery'), CheckConstraint(check="(status = 'PENDING') = (next_attempt_at IS NOT NULL)", name='ck_webhook_delivery_next'), CheckConstraint(check='attempts >= 0', name='ck_webhook_delivery_attempts')], 'indexes': [Index(fields=['endpoint_id', 'status', 'next_attempt_at', 'id']), Index(fields=['endpoint_id', 'id']), Index(fields=['status', 'created_at', 'id']), Index(fields=['created_at', 'id']), Index(fields=['customer_id', 'created_at'])], 'pk_attr': 'id', 'table_description': 'One event for one endpoint: whether it was told, how often that was tried, and what was answered.'},
            bases=['Record'],
        ),
        ops.RunSQL(
            [
                'ALTER TABLE "webhook_endpoint" ADD CONSTRAINT "ck_webhook_endpoint_types" CHECK (cardinality(event_types) > 0)',
                'ALTER TABLE "webhook_endpoint" ADD CONSTRAINT "ck_webhook_endpoint_disabled" CHECK (enabled = (disabled_at IS NULL))',
                'ALTER TABLE "webhook_endpoint" ADD CONSTRAINT "ck_webhook_endpoint_previous" CHECK ((previous_salt IS NULL) = (previous_until IS NULL))',
                'ALTER TABLE "webhook_delivery" ADD CONSTRAINT "uq_webhook_delivery" UNIQUE ("endpoint_id", "event_id")',
                'ALTER TABLE "webhook_delivery" ADD CONSTRAINT "ck_webhook_delivery_next" CHECK ((status = \'PENDING\') = (next_attempt_at IS NOT NULL))',
                'ALTER TABLE "webhook_delivery" ADD CONSTRAINT "ck_webhook_delivery_attempts" CHECK (attempts >= 0)',
                # The built-in roles are those of this version.
                "UPDATE role SET scopes = scopes || '{webhook:read}' WHERE built_in AND key IN ('manager', 'administrator') AND NOT 'webhook:read' = ANY (scopes)",
                "UPDATE role SET scopes = scopes || '{webhook:write}' WHERE built_in AND key = 'administrator' AND NOT 'webhook:write' = ANY (scopes)",
            ],
            reverse_sql='',
        ),
    ]
