"""One budget over many processes: a pacer that they share."""
