from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0018_run_outlook')]

    initial = False

    operations = [
        ops.AddIndex(
            model_name='AuditEntry',
            index=Index(fields=['action', 'created_at', 'id']),
        ),
        ops.AddIndex(
            model_name='AuditEntry',
            index=Index(fields=['noun', 'created_at', 'id']),
        ),
        ops.AddIndex(
            model_name='Event',
            index=Index(fields=['noun', 'created_at', 'id']),
        ),
        ops.AddIndex(
            model_name='Event',
            index=Index(fields=['actor_id', 'created_at', 'id']),
        ),
        ops.AddIndex(
            model_name='FollowUp',
            index=Index(fields=['due_at', 'id']),
        ),
    ]
