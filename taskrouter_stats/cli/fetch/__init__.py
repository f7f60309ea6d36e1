"""``taskrouter-stats fetch``: from the call to files, a table or standard output."""
