# SPDX-License-Identifier: Apache-2.0
"""A certificate authority for servers of tests, and for answers that a real one would never give."""
import dataclasses
import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

MINUTE = datetime.timedelta(minutes=1)
NOW = datetime.datetime.utcnow


@dataclasses.dataclass
class Order:
    """What a certificate shall say. Names that are IP addresses become IP SANs."""
    common_name: str
    names: tuple = ()
    start: datetime.timedelta = -MINUTE
    end: datetime.timedelta = 60 * 24 * MINUTE
    is_ca: bool = False
    usages: tuple = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
    public_key: object = None


def pem(thing):
    if hasattr(thing, "private_bytes"):
        return thing.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                   serialization.NoEncryption()).decode()
    return thing.public_bytes(serialization.Encoding.PEM).decode()


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def general_name(text):
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


class Authority:
    def __init__(self, name="Test CA", parent=None):
        self.key = new_key()
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        order = Order(name, is_ca=True, end=60 * 24 * 365 * MINUTE, usages=(), public_key=self.key.public_key())
        self.certificate = (parent or self).sign(order)

    def sign(self, order):
        """The certificate that `order` describes, whatever sense it makes."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, order.common_name)])
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name)
                   .public_key(order.public_key).serial_number(x509.random_serial_number())
                   .not_valid_before(NOW() + order.start).not_valid_after(NOW() + order.end)
                   .add_extension(x509.BasicConstraints(order.is_ca, None), critical=True)
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(order.public_key), critical=False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                                  critical=False))
        if order.is_ca:
            signs = dict.fromkeys(("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
                                   "key_agreement", "encipher_only", "decipher_only"), False)
            builder = builder.add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **signs), critical=True)
        if order.names:
            names = x509.SubjectAlternativeName([general_name(name) for name in order.names])
            builder = builder.add_extension(names, critical=False)
        if order.usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(order.usages), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, order):
        """(certificate, key), as PEM."""
        key = new_key()
        return pem(self.sign(dataclasses.replace(order, public_key=key.public_key()))), pem(key)

    def write_server(self, directory, stem, names=("127.0.0.1", "localhost")):
        """Writes STEM-ca.pem, STEM.pem and STEM-key.pem; their paths."""
        certificate, key = self.issue(Order(names[0], names))
        paths = [directory / f"{stem}{suffix}.pem" for suffix in ("-ca", "", "-key")]
        for path, text in zip(paths, (pem(self.certificate), certificate, key)):
            path.touch(mode=0o600)
            path.write_text(text)
        return paths
