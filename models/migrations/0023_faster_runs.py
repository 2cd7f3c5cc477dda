from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

from models.base import new_id


class Noted:
    """What a statement of this migration does, for Tortoise does not know how to: another type, a primary key."""

    async def database_forward(self, *given: Any, **named: Any) -> None:
        return


class NoteField(Noted, ops.AlterField):
    pass


class NoteConstraint(Noted, ops.AddConstraint):
    pass


class Migration(migrations.Migration):
    dependencies = [('models', '0022_reason_of_no_cell')]

    initial = False

    operations = [
        # Money of the roll-up becomes ten-thousandths in whole numbers.
        ops.RunSQL(
            [
                'ALTER TABLE customer_day '
                'ALTER COLUMN revenue TYPE bigint USING (revenue * 10000)::bigint, '
                'ALTER COLUMN list_revenue TYPE bigint USING (list_revenue * 10000)::bigint, '
                'ALTER COLUMN cost_of_goods TYPE bigint USING (cost_of_goods * 10000)::bigint, '
                'ALTER COLUMN uncosted_revenue TYPE bigint USING (uncosted_revenue * 10000)::bigint',
            ],
            reverse_sql='',
        ),
        NoteField(model_name='CustomerDay', name='cost_of_goods', field=fields.BigIntField()),
        NoteField(model_name='CustomerDay', name='list_revenue', field=fields.BigIntField()),
        NoteField(model_name='CustomerDay', name='revenue', field=fields.BigIntField()),
        NoteField(model_name='CustomerDay', name='uncosted_revenue', field=fields.BigIntField(default=0)),
        ops.CreateModel(
            name='ProductDay',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('customer', fields.ForeignKeyField('models.Customer', source_field='customer_id', db_constraint=True, to_field='id', related_name='product_days', on_delete=OnDelete.CASCADE)),
                ('day', fields.DateField()),
                ('product', fields.ForeignKeyField('models.Product', source_field='product_id', db_constraint=False, to_field='id', related_name='days', on_delete=OnDelete.NO_ACTION)),
                ('revenue', fields.BigIntField()),
                ('cost_of_goods', fields.BigIntField()),
                ('uncosted_revenue', fields.BigIntField()),
            ],
            options={'table': 'product_day', 'app': 'models', 'constraints': [UniqueConstraint(fields=('customer_id', 'day', 'product_id'), name='uq_product_day')], 'pk_attr': 'id', 'table_description': 'What a customer bought of one product on one day, as the lines of its orders say; kept like `CustomerDay`.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='CustomerTotal',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('customer', fields.ForeignKeyField('models.Customer', source_field='customer_id', db_constraint=True, to_field='id', related_name='totals', on_delete=OnDelete.CASCADE)),
                ('first_day', fields.DateField(null=True)),
                ('last_day', fields.DateField(null=True)),
                ('latest_day', fields.DateField(null=True)),
                ('purchases', fields.IntField()),
                ('orders', fields.IntField()),
                ('revenue', fields.BigIntField()),
                ('first_revenue', fields.BigIntField()),
                ('list_revenue', fields.BigIntField()),
                ('cost_of_goods', fields.BigIntField()),
                ('uncosted_revenue', fields.BigIntField()),
            ],
            options={'table': 'customer_total', 'app': 'models', 'constraints': [UniqueConstraint(fields=('customer_id',), name='uq_customer_total')], 'pk_attr': 'id', 'table_description': "All days of a customer in sum, as a run reads everybody's; kept from `CustomerDay` by the same writers."},
            bases=['Record'],
        ),
        ops.RunSQL(
            [
                'INSERT INTO customer_total (id, created_at, updated_at, customer_id, first_day, last_day, latest_day, '
                'purchases, orders, revenue, first_revenue, list_revenue, cost_of_goods, uncosted_revenue) '
                'SELECT uuidv7(), now(), now(), kept.* FROM (SELECT customer_id, min(day) FILTER (WHERE purchases > 0), '
                'max(day) FILTER (WHERE purchases > 0), max(day), count(*) FILTER (WHERE purchases > 0), sum(orders), '
                'sum(revenue)::int8, coalesce(sum(revenue) FILTER (WHERE is_first), 0)::int8, sum(list_revenue)::int8, '
                'sum(cost_of_goods)::int8, sum(uncosted_revenue)::int8 '
                'FROM customer_day GROUP BY customer_id ORDER BY customer_id) kept',
                'CREATE UNIQUE INDEX uq_customer_total ON customer_total (customer_id) INCLUDE (latest_day, first_day, '
                'last_day, purchases, orders, revenue, first_revenue, list_revenue, cost_of_goods, uncosted_revenue)',
            ],
            reverse_sql='',
        ),
        # Days are those of the organisation's clock, as in `crm.value.rollup`. The customers come in order, so that the
        # rows that a run reads one after the other lie beside one another.
        ops.RunSQL(
            [
                'INSERT INTO product_day (id, created_at, updated_at, customer_id, day, product_id, revenue, cost_of_goods, '
                'uncosted_revenue) SELECT uuidv7(), now(), now(), kept.* FROM ('
                "SELECT o.customer_id, (o.placed_at AT TIME ZONE coalesce((SELECT nullif(value, '') FROM "
                "organization_setting WHERE key = 'time_zone'), 'UTC'))::date, l.product_id, "
                '(sum(round(l.amount * (1 - o.refunded / o.amount) * o.exchange_rate, 4)) * 10000)::int8, '
                '(sum(round(coalesce(l.cost_of_goods, 0) * o.exchange_rate, 4)) * 10000)::int8, '
                '(coalesce(sum(round(l.amount * (1 - o.refunded / o.amount) * o.exchange_rate, 4)) '
                'FILTER (WHERE l.cost_of_goods IS NULL), 0) * 10000)::int8 '
                'FROM "order" o JOIN order_line l ON l.order_id = o.id '
                "WHERE o.status <> 'CANCELLED' AND o.refunded < o.amount AND l.product_id IS NOT NULL "
                'GROUP BY 1, 2, 3 ORDER BY 1, 2, 3) kept',
                'CREATE UNIQUE INDEX uq_product_day ON product_day (customer_id, day, product_id) INCLUDE '
                '(revenue, cost_of_goods, uncosted_revenue)',
            ],
            reverse_sql='',
        ),
        ops.AddIndex(model_name='OrderLine', index=Index(fields=['product_id'])),
        # Within a partition all rows are of one run, so the run comes last; history of a customer is read by the key.
        ops.RemoveIndex(model_name='ValueSnapshot', name=None, fields=['customer_id', 'as_of']),
        ops.RemoveIndex(model_name='ValueSnapshot', name=None, fields=['run_id', 'clv', 'customer_id']),
        ops.RemoveIndex(model_name='ValueSnapshot', name=None, fields=['run_id', 'net_profit', 'customer_id']),
        ops.RemoveIndex(model_name='ValueSnapshot', name=None, fields=['run_id', 'rfm_group', 'customer_id']),
        ops.RemoveConstraint(model_name='ValueSnapshot', name='uq_value_snapshot', fields=None),
        ops.RunSQL(
            ['ALTER TABLE value_snapshot ADD CONSTRAINT uq_value_snapshot PRIMARY KEY (customer_id, run_id)'],
            reverse_sql='',
        ),
        NoteConstraint(
            model_name='ValueSnapshot',
            constraint=UniqueConstraint(fields=('customer_id', 'run_id'), name='uq_value_snapshot'),
        ),
        ops.AddIndex(model_name='ValueSnapshot', index=Index(fields=['clv', 'customer_id', 'run_id'])),
        ops.AddIndex(model_name='ValueSnapshot', index=Index(fields=['net_profit', 'customer_id', 'run_id'])),
        ops.AddIndex(model_name='ValueSnapshot', index=Index(fields=['rfm_group', 'customer_id', 'run_id'])),
    ]
