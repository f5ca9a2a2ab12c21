# SPDX-License-Identifier: Apache-2.0
"""Secrets that a test knows, in every form in which a program could spill them, and where to look for them."""
import base64
import pathlib

from cryptography.hazmat.primitives import serialization

# The codes of RFC 7541, appendix B, that a token of these letters needs: (bits, how many).
HUFFMAN = {".": (0x17, 6), "-": (0x16, 6), "_": (0x22, 6),
           **{letter: (code, 5) for letter, code in zip("012aceiost", range(10))},
           **{letter: (0x19 + n, 6) for n, letter in enumerate("3456789")},
           "A": (0x21, 6), "b": (0x23, 6), "d": (0x24, 6), "f": (0x25, 6), "g": (0x26, 6), "h": (0x27, 6),
           "l": (0x28, 6), "m": (0x29, 6), "n": (0x2a, 6), "p": (0x2b, 6), "r": (0x2c, 6), "u": (0x2d, 6),
           "j": (0x74, 7), "k": (0x75, 7), "q": (0x76, 7), "v": (0x77, 7), "w": (0x78, 7), "x": (0x79, 7),
           "y": (0x7a, 7), "z": (0x7b, 7)}


def huffman(text):
    """As HTTP/2 writes it into a header block; without the last byte, whose padding is another's."""
    bits = "".join(f"{code:0{length}b}" for code, length in (HUFFMAN[letter] for letter in text))
    whole = len(bits) // 8
    return int(bits[:whole * 8], 2).to_bytes(whole, "big")


def encodings(label, secret):
    """{form: bytes}: as it is, as hex digits, and as base64 wherever a group of three bytes may begin."""
    forms = {label: secret, f"{label} in hex": secret.hex().encode(), f"{label} in HEX": secret.hex().upper().encode()}
    for shift in range(3):
        # The first and the last group mix with neighbours.
        text = base64.b64encode(b"\0" * shift + secret)[4:]
        forms[f"{label} in base64 ({shift})"] = text[:len(text) // 4 * 4 - 4]
    return forms


def token_forms(token):
    forms = encodings("the token", token.encode())
    if all(letter in HUFFMAN for letter in token):
        forms["the token in a header block"] = huffman(token)
    return forms


def private_numbers(key):
    numbers = key.private_numbers()
    if hasattr(numbers, "private_value"):
        return {"the scalar": numbers.private_value}
    return {name: getattr(numbers, name) for name in ("d", "p", "q", "dmp1", "dmq1", "iqmp")}


def key_forms(pem):
    """Its private numbers as DER and as a big-number library hold them, and what files show of them line by line."""
    key = serialization.load_pem_private_key(pem.encode(), None)
    forms = {}
    for name, number in private_numbers(key).items():
        size = (number.bit_length() + 7) // 8
        forms |= encodings(f"the key's {name}", number.to_bytes(size, "big"))
        forms[f"the key's {name}, words reversed"] = number.to_bytes(size, "little")
    for encoding in (serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL):
        text = key.private_bytes(serialization.Encoding.PEM, encoding, serialization.NoEncryption())
        body = b"".join(text.splitlines()[1:-1])
        for form in [form for name, form in forms.items() if "base64" in name and form in body]:
            forms |= lines(body, body.find(form), len(form), f"a line of the key as {encoding.name}")
    return forms


def lines(body, start, size, label):
    """The pieces of body[start:start + size] as a file with lines of 64 shows them."""
    edges = [start, *range(start // 64 * 64 + 64, start + size, 64), start + size]
    return {f"{label} ({first})": body[first:last] for first, last in zip(edges, edges[1:]) if last - first >= 12}


def text_of(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL,
                             serialization.NoEncryption()).decode()


def found(forms, *texts):
    """The names of the forms that occur in any of the texts (bytes)."""
    return sorted({name for name, form in forms.items() for text in texts if form in text})


def writable_memory(pid):
    """What a process has written: more than a core file of it would hold. Root's to read."""
    parts = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, permissions = line.split()[:2]
            if "w" not in permissions:
                continue
            start, end = (int(address, 16) for address in span.split("-"))
            memory.seek(start)
            try:
                parts.append(memory.read(end - start))
            except OSError:  # a guard page, or memory of a device
                continue
    return parts
