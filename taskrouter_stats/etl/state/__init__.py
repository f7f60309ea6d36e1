"""The files of an output's state folder: checkpoints, failures, unavailable queries."""
