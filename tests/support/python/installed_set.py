# SPDX-License-Identifier: Apache-2.0
"""A set as its readers find it on disk, and whether it is one: complete, of one issue, and fit together."""
import functools
import json
import stat

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Broken(AssertionError):
    """What a reader must never find."""


def read_set(directory, names):
    """{part: content} of `names`, {part: file name}; {} where no name is there. Broken when some are torn."""
    found = {}
    for part, name in names.items():
        path = directory / name
        try:
            found[part] = path.read_bytes()
        except FileNotFoundError:
            if path.is_symlink():
                raise Broken(f"{name} leads nowhere") from None
            continue
        if stat.S_IMODE(path.stat().st_mode) != (0o600 if part in ("key", "response") else 0o644):
            raise Broken(f"{name} has mode {oct(path.stat().st_mode)}")
        if not found[part].strip(b"\0"):
            raise Broken(f"{name} is empty ({len(found[part])} bytes)")
    # The links are made once, the certificate's last: who finds it finds all.
    if found and "certificate" in found and found.keys() != names.keys():
        raise Broken(f"of the set only {sorted(found)} is there")
    return found


def require_whole(found):
    """Broken unless its parts belong together; a first publication that was cut off may lack names."""
    if found:
        judge(tuple(sorted(found.items())))


@functools.lru_cache(maxsize=4096)
def judge(items):
    parts = dict(items)
    try:
        ca = x509.load_pem_x509_certificate(parts["ca"]) if "ca" in parts else None
        leaf = x509.load_pem_x509_certificate(parts["certificate"]) if "certificate" in parts else None
        key = serialization.load_pem_private_key(parts["key"], None) if "key" in parts else None
        answer = json.loads(parts["response"]) if "response" in parts else None
    except ValueError as error:
        raise Broken(f"a file is torn: {error}") from None
    if leaf and key and leaf.public_key().public_numbers() != key.public_key().public_numbers():
        raise Broken("the key is not the certificate's")
    if leaf and ca:
        ca.public_key().verify(leaf.signature, leaf.tbs_certificate_bytes, ec.ECDSA(hashes.SHA256()))
    if leaf and answer and answer["data"]["certificate"].encode().strip() != parts["certificate"].strip():
        raise Broken("the answer is another certificate's")
    if key and answer:
        answered = serialization.load_pem_private_key(answer["data"]["private_key"].encode(), None)
        if answered.private_numbers() != key.private_numbers():
            raise Broken("the answer holds another key")
