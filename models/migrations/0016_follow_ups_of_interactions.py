from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0015_kept_reports')]

    initial = False

    operations = [
        ops.AddIndex(
            model_name='FollowUp',
            index=Index(fields=['interaction_id', 'id']),
        ),
    ]
