# SPDX-License-Identifier: Apache-2.0
"""What the openssl command line, no code of ours, says about installed files."""
import subprocess

from cryptography import x509
from cryptography.x509.oid import NameOID


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], check=True, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True).stdout


def assert_chain(ca, certificate):
    openssl("verify", "-x509_strict", "-CAfile", ca, "-untrusted", certificate, certificate)


def assert_pair(certificate, key):
    assert openssl("x509", "-in", certificate, "-noout", "-pubkey") == openssl("pkey", "-in", key, "-pubout")


def assert_set(directory, stem):
    """The files STEM-ca.pem, STEM.pem and STEM-key.pem belong together."""
    assert_chain(directory / f"{stem}-ca.pem", directory / f"{stem}.pem")
    assert_pair(directory / f"{stem}.pem", directory / f"{stem}-key.pem")


def leaf(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


def serial(path):
    return leaf(path).serial_number


def names(path):
    """The subject alternative names, as text."""
    extension = leaf(path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in extension}


def common_name(path):
    name, = leaf(path).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return name.value
