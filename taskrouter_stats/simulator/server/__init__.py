"""The HTTP server of the simulator: requests in, replies of the documented shapes out."""
