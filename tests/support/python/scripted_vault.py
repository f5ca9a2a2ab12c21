# SPDX-License-Identifier: Apache-2.0
"""A TLS server that answers as a test tells it to: the faults that a real Vault would not show."""
import dataclasses
import http.server
import json
import ssl
import threading

from cryptography import x509

from authority import Order, new_key, pem


@dataclasses.dataclass
class Reply:
    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: dict = dataclasses.field(default_factory=dict)
    missing: int = 0  # of the announced length: the connection is cut before these bytes


@dataclasses.dataclass
class Request:
    method: str
    path: str
    body: dict

    def names(self):
        listed = self.body.get("alt_names", ""), self.body.get("ip_sans", "")
        return [name for names in listed for name in names.split(",") if name]

    def order(self, **changes):
        """The certificate that was asked for."""
        common_name = self.body["common_name"]
        return dataclasses.replace(Order(common_name, tuple(dict.fromkeys([common_name, *self.names()]))), **changes)

    def public_key(self):
        return x509.load_pem_x509_csr(self.body["csr"].encode()).public_key()


def answer(data):
    return Reply(json.dumps({"request_id": "00000000-0000-0000-0000-000000000000", "lease_id": "",
                             "renewable": False, "lease_duration": 0, "data": data, "warnings": None}).encode())


def issued(authority, request, key=None, presented=None, **changes):
    """Vault's answer to issue or sign. `changes` make the certificate another than the one that was asked for."""
    made = None if "csr" in request.body else new_key()
    public_key = made.public_key() if made else request.public_key()
    leaf = authority.sign(request.order(**{"public_key": public_key, **changes}))
    ca = pem((presented or authority).certificate)
    data = {"certificate": pem(leaf), "issuing_ca": ca, "ca_chain": [ca], "serial_number": f"{leaf.serial_number:x}",
            "expiration": int(leaf.not_valid_after.timestamp())}
    if made:
        data |= {"private_key": pem(key or made), "private_key_type": "ec"}
    return data


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body come at once, not 40 ms apart
    wbufsize = -1

    def respond(self):
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, self.path.removeprefix("/v1/"), json.loads(text) if text else {})
        self.server.vault.requests.append(request)
        reply = self.server.vault.reply(request)
        self.send_response(reply.status)
        for name, value in {"Content-Type": reply.content_type, **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body) + reply.missing))
        self.end_headers()
        self.wfile.write(reply.body)
        self.close_connection |= reply.missing > 0

    do_GET = do_POST = do_PUT = do_LIST = respond

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A client that leaves is part of the script."""


class ScriptedVault:
    """`script(request)` gives the Reply to whatever asks for a certificate; set it before each run."""

    def __init__(self, directory, authority):
        self.requests = []
        self.script = None
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.vault = self
        self.address = f"https://127.0.0.1:{self.server.server_port}"
        self.ca_file, certificate, key = authority.write_server(directory, "scripted")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reply(self, request):
        if "/issue/" in request.path or "/sign/" in request.path:
            return self.script(request)
        if request.path == "auth/token/lookup-self":
            return answer({"accessor": "a", "display_name": "token", "policies": ["host"], "ttl": 2764800,
                           "period": 2764800, "renewable": True, "num_uses": 0, "explicit_max_ttl": 0})
        return Reply(b'{"errors":[]}', 404)

    def hold(self):
        """Answers nothing until the second function is called; the first waits for the first request, in seconds."""
        entered, released = threading.Event(), threading.Event()

        def script(_):
            entered.set()
            released.wait(60)
            return Reply(b'{"errors":["held"]}', 400)
        self.script = script
        return entered.wait, released.set

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
