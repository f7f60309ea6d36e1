"""The simulated Workspace: Workers, their days, Tasks and their history. No HTTP, no JSON."""
