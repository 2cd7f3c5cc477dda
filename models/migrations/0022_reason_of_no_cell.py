"""Why a customer has no cell of the profitability matrix, with what to do about it."""

from tortoise import migrations
from tortoise.migrations import operations as ops

BEFORE = "Customers who differ in price realised and in cost to serve"
AFTER = "Customers who differ both in price realised and in cost to serve (record list prices, costs and interactions)"


def told(old: str, new: str) -> str:
    """The function that tells the reasons, with another sentence in place of one."""
    return f"""
    DO $do$ BEGIN
        EXECUTE replace(pg_get_functiondef('value_lacks(integer)'::regprocedure), '''{old}''', '''{new}''');
    END $do$
    """


class Migration(migrations.Migration):
    dependencies = [("models", "0021_more_goal_figures")]

    operations = [ops.RunSQL([told(BEFORE, AFTER)], reverse_sql=told(AFTER, BEFORE))]
