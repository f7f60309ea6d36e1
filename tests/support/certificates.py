"""A certificate that nobody trusts, for 127.0.0.1, made for these tests alone."""

import ssl
from pathlib import Path
from tempfile import TemporaryDirectory

SELF_SIGNED = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgB+JUeWUziI3DcpwG
/MGLzXkA764BcJcgvp0bGT8FltihRANCAAR9LF18HnbyZ1/0okR53b7e2msf82QF
QxsJHl0VHobbW5pPsgnZ9zfoIfCC0X+jxHfKgpi4qwvS1OhRr7Qkbh3u
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBjzCCATagAwIBAgIUezGPL1lNLBYFQMEpgWlw16gKf1cwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJMTI3LjAuMC4xMCAXDTI2MTEyNTE4NTMxM1oYDzIxMjYxMTAx
MTg1MzEzWjAUMRIwEAYDVQQDDAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAR9LF18HnbyZ1/0okR53b7e2msf82QFQxsJHl0VHobbW5pPsgnZ9zfo
IfCC0X+jxHfKgpi4qwvS1OhRr7Qkbh3uo2QwYjAdBgNVHQ4EFgQUKca/FEbzEU/S
RbcW88x/KZxR3GgwHwYDVR0jBBgwFoAUKca/FEbzEU/SRbcW88x/KZxR3GgwDwYD
VR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMCA0cAMEQC
IEdTCp9kzUqv+7MzLQGHDu1nXQZoutlEnoL3lggz1uDxAiBEf3FzdcagcgOUQSJU
7Ce/IukF2u8pmj74pQfURZVqMA==
-----END CERTIFICATE-----
"""


def untrusted():
    """What a server needs to serve https with it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "self-signed.pem"
        path.write_text(SELF_SIGNED)
        context.load_cert_chain(path)
    return context
