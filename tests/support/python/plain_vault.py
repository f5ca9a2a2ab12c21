# SPDX-License-Identifier: Apache-2.0
"""The scripted Vault without TLS, for gates that run the program thousands of times."""
import threading

from scripted_vault import Handler, ScriptedVault, Server


class PlainVault(ScriptedVault):
    ca_file = None

    def __init__(self):
        self.requests = []
        self.script = None
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.vault = self
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
