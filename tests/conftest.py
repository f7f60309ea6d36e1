"""Settings of Hypothesis for every test."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "house",
    deadline=None,  # machines differ in speed; benchmarks measure time
    max_examples=60,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("house")
