from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [('models', '0006_attribute_ratings')]

    initial = False

    operations = [
        ops.AddField(
            model_name='ValueSnapshot',
            name='lacks',
            field=fields.IntField(default=0),
        ),
        # A run fills a partition of its own beside the others, attaches it, and is later dropped with it: rows of a
        # run are never deleted one by one, and their indexes are built at once.
        ops.RunSQL(
            [
                'CREATE FUNCTION value_lacks(integer) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $lacks$ '
                "SELECT coalesce(jsonb_object_agg(figure, jsonb_build_object('reason', why.reason, 'have', why.have, 'need', "
                "why.need) ORDER BY bit DESC), '{}') FROM (VALUES "
                "(1, '{recencyDays,frequency,monetary,recencyScore,frequencyScore,monetaryScore,rfmGroup,firstOrderOn,lastOrderOn,pAlive,churnRisk,expectedPurchases,expectedSpend,expectedOrderValue,expectedLifetimeDays,nextOrderOn,nextOrderLow,nextOrderHigh,clvResidual,clv,clvLow,clvHigh,valueAtRisk,allowableRetention,growthPotential}'::text[], 'Purchases of this customer', 0, 1), "
                "(2, '{pAlive,churnRisk,expectedPurchases,expectedSpend,expectedOrderValue,expectedLifetimeDays,nextOrderOn,nextOrderLow,nextOrderHigh,clvResidual,clv,clvLow,clvHigh,valueAtRisk,allowableRetention,growthPotential}'::text[], 'Purchase models that fit these customers (see the warnings of the run)', 0, 1), "
                "(4, '{priceRealisation,costToServeRatio}'::text[], 'Revenue of this customer', 0, 1), "
                "(8, '{satisfaction,deliveredValue}'::text[], 'Ratings (NPS or CSAT)', 0, 1), "
                "(16, '{ease}'::text[], 'Effort ratings (CES)', 0, 1), "
                "(32, '{promisesKept}'::text[], 'Interactions with a time to answer by', 0, 1), "
                "(64, '{topContactShare}'::text[], 'Contacts with staff within a year', 0, 1), "
                "(128, '{learningPotential}'::text[], 'A value per learning point in the settings', 0, 1), "
                "(256, '{clvHigh}'::text[], 'Purchases that bound what is spent', 1, 2), "
                "(512, '{allowableAcquisition}'::text[], 'Purchase models that fit these customers (see the warnings of the run)', 0, 1), "
                "(1024, '{matrixCell}'::text[], 'Customers who differ in price realised and in cost to serve', 1, 2)"
                ') AS why(bit, figures, reason, have, need), unnest(why.figures) AS figure WHERE $1 & bit <> 0 $lacks$',
                "ALTER TABLE value_snapshot ALTER COLUMN insufficient SET DEFAULT '{}', ALTER COLUMN lacks SET DEFAULT 0",
                'ALTER TABLE value_snapshot RENAME TO value_snapshot_rest',
                'ALTER TABLE value_snapshot_rest DROP CONSTRAINT value_snapshot_pkey',
                'ALTER INDEX idx_value_snaps_custome_d1fc41 RENAME TO idx_value_snaps_custome_d1fc41_rest',
                'ALTER INDEX idx_value_snaps_run_id_ea3a66 RENAME TO idx_value_snaps_run_id_ea3a66_rest',
                'ALTER INDEX idx_value_snaps_run_id_924143 RENAME TO idx_value_snaps_run_id_924143_rest',
                'ALTER INDEX idx_value_snaps_run_id_2b2033 RENAME TO idx_value_snaps_run_id_2b2033_rest',
                'ALTER TABLE value_snapshot_rest DROP CONSTRAINT uq_value_snapshot',
                'CREATE TABLE value_snapshot (LIKE value_snapshot_rest INCLUDING DEFAULTS INCLUDING STORAGE) PARTITION BY LIST (run_id)',
                'ALTER TABLE value_snapshot ADD CONSTRAINT uq_value_snapshot PRIMARY KEY (run_id, customer_id)',
                'CREATE INDEX idx_value_snaps_custome_d1fc41 ON value_snapshot (customer_id, as_of)',
                'CREATE INDEX idx_value_snaps_run_id_ea3a66 ON value_snapshot (run_id, clv, customer_id)',
                'CREATE INDEX idx_value_snaps_run_id_924143 ON value_snapshot (run_id, net_profit, customer_id)',
                'CREATE INDEX idx_value_snaps_run_id_2b2033 ON value_snapshot (run_id, rfm_group, customer_id)',
                'ALTER TABLE value_snapshot ADD CONSTRAINT fk_value_snapshot_run FOREIGN KEY (run_id) REFERENCES value_run (id) ON DELETE CASCADE',
                'ALTER TABLE value_snapshot ADD CONSTRAINT fk_value_snapshot_customer FOREIGN KEY (customer_id) REFERENCES customer (id) ON DELETE CASCADE',
                'ALTER TABLE value_snapshot ATTACH PARTITION value_snapshot_rest DEFAULT',
                "COMMENT ON TABLE value_snapshot IS 'One customer''s figures in one run'",
            ],
            reverse_sql='',
        ),
    ]
