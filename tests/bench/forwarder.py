# SPDX-License-Identifier: Apache-2.0
"""A TCP forwarder on loopback that counts what passes: connections, TLS handshakes, bytes."""
import selectors
import socket
import threading

CLIENT_HELLO = (0x16, 0x01)  # record type handshake, first message client_hello


class Forwarder:
    """Forwards to `port` while entered. Slower than a direct connection: for untimed runs."""

    def __init__(self, port):
        self.target = port
        self.connections = self.handshakes = self.sent = self.received = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def counts(self):
        return {"connections": self.connections, "handshakes": self.handshakes,
                "bytes": self.sent + self.received}

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client):
        first = True
        with client, socket.create_connection(("127.0.0.1", self.target)) as server:
            both = selectors.DefaultSelector()
            both.register(client, selectors.EVENT_READ, server)
            both.register(server, selectors.EVENT_READ, client)
            while True:
                for ready, _ in both.select():
                    try:
                        chunk = ready.fileobj.recv(1 << 16)
                        ready.data.sendall(chunk)
                    except OSError:
                        chunk = b""
                    if not chunk:
                        return
                    if ready.fileobj is client:
                        self.sent += len(chunk)
                        if first and len(chunk) > 5 and (chunk[0], chunk[5]) == CLIENT_HELLO:
                            self.handshakes += 1
                        first = False
                    else:
                        self.received += len(chunk)
