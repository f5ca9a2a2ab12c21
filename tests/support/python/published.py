# SPDX-License-Identifier: Apache-2.0
"""What a reader finds at the configured names of one certificate, and whether it is one set."""
import dataclasses
import functools
import json
import pathlib
import re

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Names:
    """Where one certificate's files lie, the directory relative to the host's root; `response` may be missing."""
    certificate_name: str
    directory: str
    files: tuple  # of (part, name)

    def top(self, root):
        return pathlib.Path(root) / self.directory

    def home(self, root):
        return self.top(root) / f".{self.certificate_name}"

    def path(self, root, part):
        return self.top(root) / dict(self.files)[part]

    def read(self, root):
        """The bytes of each part as a reader finds them; None where there is no file."""
        found = {}
        for part, name in self.files:
            try:
                found[part] = (self.top(root) / name).read_bytes()
            except FileNotFoundError:
                found[part] = None
        return found


def certificates(text):
    return [x509.load_pem_x509_certificate(block) for block in BLOCK.findall(text)]


def is_issued_by(certificate, authority):
    try:
        authority.public_key().verify(certificate.signature, certificate.tbs_certificate_bytes,
                                      ec.ECDSA(certificate.signature_hash_algorithm))
    except InvalidSignature:
        return False
    return True


@functools.lru_cache(maxsize=64)
def fault_of(parts):
    """"" for a complete set whose parts belong together, else what is wrong; `parts` are the items of read()."""
    found = dict(parts)
    if missing := [part for part, content in parts if content is None]:
        return f"no {', '.join(missing)}"
    try:
        leaf, authorities = certificates(found["certificate"])[0], certificates(found["ca"])
        key = serialization.load_pem_private_key(found["key"], None)
        response = json.loads(found["response"])["data"] if "response" in found else None
    except (ValueError, IndexError, KeyError) as error:
        return f"torn: {error}"
    if key.public_key().public_numbers() != leaf.public_key().public_numbers():
        return "mixed: the key is another certificate's"
    if not any(is_issued_by(leaf, authority) for authority in authorities):
        return "mixed: the certificate does not verify against the CA file"
    if response and response["certificate"].encode().strip() != BLOCK.findall(found["certificate"])[0].strip():
        return "mixed: the response is another certificate's"
    return ""


def judge(found, old):
    """"old", "new" or "none", else what is wrong: `found` and `old` as read() gave them."""
    if found == old:
        return "none" if not any(old.values()) else "old"
    if not any(old.values()) and found["certificate"] is None:
        # A first set's names appear one by one, the certificate last: nobody was promised them before.
        return "none"
    return fault_of(tuple(found.items())) or "new"
