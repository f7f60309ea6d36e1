"""What an export fetches: plans, their tables, estimates and shards."""
