#!/usr/bin/env python3
"""Makes `published_secrets.bin` of wallarm/jwt-secrets: `runtime/data/published_secrets.py jwt.secrets.list`.

Each secret of 32 bytes or more is one number of 8 bytes, the highest byte first: the beginning of the SHA-256 of the
secret in ASCII lower case without blanks around it. The numbers are sorted. `src/token/published.rs` looks them up.
"""

import hashlib
import pathlib
import sys

BLANKS = b" \t\n\f\r\0"
SHORTEST = 32

lines = pathlib.Path(sys.argv[1]).read_bytes().split(b"\n")
secrets = {line.removesuffix(b"\r") for line in lines}
secrets = {secret for secret in secrets if len(secret) >= SHORTEST}
hashes = {hashlib.sha256(secret.strip(BLANKS).lower()).digest()[:8] for secret in secrets}
data = pathlib.Path(__file__).with_name("published_secrets.bin")
data.write_bytes(b"".join(sorted(hashes)))
print(f"{len(secrets)} secrets, {len(hashes)} hashes")
