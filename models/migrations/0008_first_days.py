from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [('models', '0007_snapshots_by_run')]

    initial = False

    operations = [
        ops.AddField(
            model_name='CustomerDay',
            name='is_first',
            field=fields.BooleanField(default=False),
        ),
        ops.RunSQL(
            [
                'ALTER TABLE customer_day ALTER COLUMN is_first SET DEFAULT false',
                'UPDATE customer_day d SET is_first = true FROM (SELECT customer_id, min(day) AS day FROM customer_day '
                'WHERE purchases > 0 GROUP BY 1) f WHERE (d.customer_id, d.day) = (f.customer_id, f.day)',
                'ALTER TABLE customer_day DROP CONSTRAINT uq_customer_day',
                'CREATE UNIQUE INDEX uq_customer_day ON customer_day (customer_id, day) INCLUDE '
                '(is_first, purchases, orders, revenue, list_revenue, cost_of_goods, uncosted_revenue)',
            ],
            reverse_sql='',
        ),
    ]
