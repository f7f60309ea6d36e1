"""The laboratory: the throttle against models of servers, in virtual time."""
