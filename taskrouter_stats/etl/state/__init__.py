"""What an output's state folder holds: checkpoints, failures, unavailable queries."""
