# SPDX-License-Identifier: Apache-2.0
"""Makes the seeds that are not kept as files: certificates with fresh test keys, shipped roles, and what is large.

    seeds.py SOURCE_DIR SEEDS     writes SEEDS/TARGET/* and SEEDS/large/TARGET/*, then SEEDS/done
"""
import base64
import datetime
import ipaddress
import json
import pathlib
import re
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime(2026, 11, 21)  # fuzz/wanted.h
DAY = datetime.timedelta(days=1)
MIB = 1 << 20


def pem(thing, form=serialization.PrivateFormat.PKCS8):
    if hasattr(thing, "private_bytes"):
        return thing.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
    return thing.public_bytes(serialization.Encoding.PEM).decode()


def certificate(name, key, issuer, issuer_key, **more):
    is_ca = more.get("is_ca", False)
    builder = (x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key.public_key())
               .serial_number(x509.random_serial_number())
               .not_valid_before(NOW - DAY).not_valid_after(NOW + more.get("life", 30 * DAY))
               .add_extension(x509.BasicConstraints(is_ca, None), critical=True))
    for extension in more.get("extensions", ()):
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def common_name(text, *more):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text), *more])


def material():
    """(root, intermediate, leaf, leaf's key): what fuzz/wanted.h asks for."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]
    names = [common_name("Root"), common_name("Intermediate"), common_name("web.example")]
    root = certificate(names[0], keys[0], names[0], keys[0], is_ca=True, life=365 * DAY)
    between = certificate(names[1], keys[1], names[0], keys[0], is_ca=True, life=365 * DAY)
    asked = x509.SubjectAlternativeName([x509.DNSName("web.example"), x509.IPAddress(ipaddress.ip_address("10.0.0.7"))])
    usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    leaf = certificate(names[2], keys[2], names[1], keys[1], extensions=[asked, usages])
    return root, between, leaf, keys[2]


def strange_leaf():
    """Every kind of name, and text that moves a terminal."""
    key = ed25519.Ed25519PrivateKey.generate()
    signer = ec.generate_private_key(ec.SECP384R1())
    names = x509.SubjectAlternativeName([
        x509.DNSName("*.Example."), x509.RFC822Name("a@b"), x509.UniformResourceIdentifier("SPIFFE://x/y"),
        x509.DirectoryName(common_name("d")), x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
        x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x01a"),
        x509.IPAddress(ipaddress.ip_address("::ffff:10.0.0.7"))])
    subject = common_name("a\x1b[2J", x509.NameAttribute(NameOID.ORGANIZATION_NAME, "o\u009b"),
                          x509.NameAttribute(NameOID.COMMON_NAME, "second"))
    return certificate(subject, key, common_name("x"), signer, extensions=[names])


def many_names():
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName(f"host-{i}.example") for i in range(2500)])
    return certificate(common_name("many"), key, common_name("many"), key, extensions=[names])


def put(directory, name, content):
    directory.mkdir(parents=True, exist_ok=True)
    (directory / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def der_of(thing, kind):
    body = "".join(re.sub(r"-----.*?-----", "", thing).split())
    return kind.encode() + base64.b64decode(body)


def answer(data):
    return "200\n" + json.dumps({"request_id": "1", "data": data, "warnings": ["a\nb"]})


def put_material(seeds):
    root, between, leaf, key = material()
    data = {"certificate": pem(leaf), "private_key": pem(key, serialization.PrivateFormat.TraditionalOpenSSL),
            "issuing_ca": pem(between), "ca_chain": [pem(between), pem(root)], "serial_number": "1f"}
    put(seeds / "answer", "issued", answer(data))
    put(seeds / "answer", "signed", answer({**data, "private_key": None}))
    put(seeds / "answer", "another_key", answer({**data, "private_key": pem(ec.generate_private_key(ec.SECP256R1()))}))
    put(seeds / "answer", "strange", answer({**data, "certificate": pem(strange_leaf())}))
    put(seeds / "answer", "ca_as_leaf", answer({**data, "certificate": pem(root)}))
    put(seeds / "large/answer", "many_names", answer({**data, "certificate": pem(many_names())}))
    put(seeds / "pem", "chain", pem(leaf) + pem(between) + "# a comment\n" + pem(root))
    put(seeds / "pem", "strange", pem(strange_leaf()))
    for name, thing in {"leaf": leaf, "root": root, "strange": strange_leaf()}.items():
        put(seeds / "der", name, der_of(pem(thing), "c"))
    put(seeds / "manifest", "whole", json.dumps({
        "version": 1, "name": "web", "request_digest": "0" * 64, "received": "2026-11-21T00:00:00Z", "boot_id": "b",
        "files": {"ca": "ca.pem", "certificate": "web.pem", "key": "web-key.pem", "response": "r.json"},
        "leaf": pem(leaf), "intermediates": [pem(between)],
        "trust": [{"last_seen": "2026-11-21T00:00:00Z", "certificate": pem(root)}]}))


def put_keys(seeds):
    traditional = serialization.PrivateFormat.TraditionalOpenSSL
    keys = {"rsa": rsa.generate_private_key(65537, 2048), "ec": ec.generate_private_key(ec.SECP256R1()),
            "p521": ec.generate_private_key(ec.SECP521R1()), "ed25519": ed25519.Ed25519PrivateKey.generate()}
    for name, key in keys.items():
        put(seeds / "pem", f"key_{name}", pem(key))
        put(seeds / "der", f"key_{name}", der_of(pem(key), "p"))
        if name != "ed25519":
            put(seeds / "pem", f"key_{name}_traditional", pem(key, traditional))
            put(seeds / "der", f"key_{name}_traditional", der_of(pem(key, traditional), name[0] if name != "p521" else "e"))


def put_roles(source, seeds):
    host = "role: etcd\ncluster: kluster\nvault: {address: 'https://vault:8200'}\n"
    for role in sorted((source / "config/roles").glob("*.yaml")):
        put(seeds / "config", role.stem, host + "\n%%%\n" + role.read_text() + "\n%%%\n\n%%%\nA=b\n")
    put(seeds / "config", "example", (source / "config/config.yaml.example").read_bytes())


def nested(opening, closing, depth, core="1"):
    return opening * depth + core + closing * depth


def put_large(seeds):
    deep = nested('{"a":', "}", 10**6)
    lists = nested("[", "]", 10**6)
    put(seeds / "large/answer", "deep_objects", "200\n" + deep)
    put(seeds / "large/answer", "deep_lists", '200\n{"data":' + lists + "}")
    put(seeds / "large/answer", "deep_and_cut", "200\n" + '{"a":[' * 10**6)
    put(seeds / "large/answer", "long_error", '403\n{"errors":["' + "x\\n" * (MIB // 3) + '"]}')
    put(seeds / "large/answer", "long_key", '200\n{"' + "k" * MIB + '":1,"data":1}')
    put(seeds / "large/answer", "many_keys", "200\n{" + ",".join(f'"k{i}":{i}' for i in range(80_000)) + "}")
    put(seeds / "large/answer", "many_policies", '200\n{"data":{"policies":[' + '"p",' * 200_000 + '"p"]}}')
    for target in ("manifest", "state"):
        put(seeds / f"large/{target}", "deep_objects", deep)
        put(seeds / f"large/{target}", "deep_lists", lists)
        put(seeds / f"large/{target}", "deep_member", '{"version":1,"certificates":' + lists + "}")
    bomb = "".join(f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 9) + "]\n" for i in range(1, 30_000))
    put(seeds / "large/config", "alias_bomb", ("a0: &a0 x\n" + bomb)[:MIB - 100])
    put(seeds / "large/config", "deep_flow", nested("[", "]", MIB // 2 - 10))
    put(seeds / "large/config", "deep_mapping", "".join(" " * i + "a:\n" for i in range(1400)))
    put(seeds / "large/config", "one_line_not_utf8", b"a: " + b"x" * (MIB - 100) + b"\xff")
    put(seeds / "large/config", "bytes", bytes(i * 37 % 251 + 1 for i in range(MIB - 1)))
    put(seeds / "large/config", "tabs", "\t\n" * (MIB // 2 - 10))
    put(seeds / "large/config", "one_key", "k" * (MIB - 100) + ": 1")
    put(seeds / "large/config", "many_unknown_keys", "".join(f"comon_name{i}: 1\n" for i in range(50_000)))
    put(seeds / "large/config", "many_certificates", "cluster: a\ncertificates:\n" + "".join(
        f"  w{i}: {{mount: p, role: w, common_name: w, directory: /e, files: {{ca: c{i}}}}}\n" for i in range(5_000)))
    put(seeds / "large/config", "variables_that_multiply", "variables:\n  v0: xxxxxxxxxx\n" + "".join(
        f'  v{i}: "' + f"${{v{i - 1}}}" * 10 + '"\n' for i in range(1, 200)) + 'cluster: "${v199}"\n')
    put(seeds / "large/token", "longer_than_any", "x" * MIB)
    put(seeds / "large/token", "as_long_as_may_be", "x" * (64 << 10))
    put(seeds / "large/pem", "many_certificates", pem(material()[0]) * 1500)
    put(seeds / "large/pem", "many_begins", "-----BEGIN A-----\n" * 50_000)
    put(seeds / "large/pem", "long_block", "-----BEGIN A-----\n" + "A" * MIB + "\n-----END A-----\n")
    put(seeds / "large/control", "many_names", b"renew\0" + b"a\0" * 32_000)
    put(seeds / "large/report", "long_status", "exit_code=0\nagain=1\nvalid=1\nnext_wake=1\nstatus=" + "x" * MIB + "\nend\n")
    put(seeds / "large/http_fields", "digits", "9" * MIB)
    put(seeds / "large/text", "long", "1h" * (MIB // 2))
    put(seeds / "large/text", "bytes", bytes(i * 37 % 256 for i in range(MIB)))
    put(seeds / "large/command_line", "many", "once\n" + "a\n" * 100_000)


def main(source, seeds):
    put_material(seeds)
    put_keys(seeds)
    put_roles(source, seeds)
    put_large(seeds)
    (seeds / "done").touch()


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
