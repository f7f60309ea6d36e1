"""The HTTP server of the simulator: it reads requests and sends replies of documented shapes."""
