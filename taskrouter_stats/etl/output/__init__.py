"""How rows become durable: writers, batches, storage and locks."""
