# SPDX-License-Identifier: Apache-2.0
"""The programs that are compared: how each is told to fetch N certificates, or to keep them."""
import dataclasses
import pathlib
import textwrap

from server import MOUNT

TTL = "720h"


@dataclasses.dataclass
class Server:
    """Where Vault is, as a peer sees it: perhaps through the counting forwarder."""
    port: int
    ca: pathlib.Path
    token_file: pathlib.Path

    @property
    def address(self):
        return f"https://127.0.0.1:{self.port}"


@dataclasses.dataclass
class Job:
    """N certificates named c0, c1, ... in `files`, from PKI role `role`; `scratch` is the peer's own."""
    server: Server
    scratch: pathlib.Path
    n: int
    role: str = "ec"
    ttl: str = TTL

    @property
    def files(self):
        return self.scratch / "certs"


def common_name(i):
    return f"c{i}.bench.example.com"


def write_config(job, text):
    job.files.mkdir(parents=True, exist_ok=True)
    path = job.scratch / "config"
    path.write_text(text)
    path.chmod(0o600)
    return path


class Floor:
    name = "C floor (sign, no fsync)"

    def __init__(self, binary):
        self.binary = binary

    def once(self, job):
        job.files.mkdir(parents=True)
        return [self.binary, str(job.server.port), job.server.ca, job.server.token_file,
                f"{MOUNT}/sign/{job.role}", job.files, str(job.n)], {}


class CurlJq:
    name = "curl + jq"

    def once(self, job):
        job.files.mkdir(parents=True)
        return ["bash", pathlib.Path(__file__).with_name("curl_jq.sh"), job.server.address,
                job.server.ca, job.server.token_file, f"{MOUNT}/issue/{job.role}", job.files,
                str(job.n)], {}


def pki_template(job, i):
    """The pattern that both manuals give: one request, whose answer the destination caches."""
    stem = job.files / f"c{i}"
    return (f'{{{{ with pkiCert "{MOUNT}/issue/{job.role}" "common_name={common_name(i)}" '
            f'"ip_sans=127.0.0.1" "ttl={job.ttl}" }}}}{{{{ .Cert }}}}{{{{ .CA }}}}{{{{ .Key }}}}'
            f'{{{{ .Cert | writeToFile "{stem}.pem" "root" "root" "0644" }}}}'
            f'{{{{ .CA | writeToFile "{stem}-ca.pem" "root" "root" "0644" }}}}'
            f'{{{{ .Key | writeToFile "{stem}-key.pem" "root" "root" "0600" }}}}{{{{ end }}}}')


def template_stanzas(job):
    return "".join(textwrap.dedent(f"""
        template {{
          contents = <<END
        {pki_template(job, i)}
        END
          destination = "{job.files}/c{i}.bundle"
          perms = "0600"
        }}
        """) for i in range(job.n))


class ConsulTemplate:
    name = "consul-template"

    def __init__(self, binary):
        self.binary = binary

    def once(self, job):
        argv, environment = self.daemon(job)
        return [*argv, "-once"], environment

    def daemon(self, job):
        vault = f"""
        log_level = "err"
        vault {{
          address = "{job.server.address}"
          renew_token = false
          ssl {{ ca_cert = "{job.server.ca}" }}
        }}
        """
        config = write_config(job, textwrap.dedent(vault) + template_stanzas(job))
        config = config.rename(config.with_suffix(".hcl"))
        return ([self.binary, f"-config={config}"],
                {"VAULT_TOKEN": job.server.token_file.read_text()})


class BaoAgent:
    name = "bao agent"

    def __init__(self, binary):
        self.binary = binary

    def once(self, job):
        return self._agent(job, "exit_after_auth = true")

    def daemon(self, job):
        return self._agent(job, "")

    def _agent(self, job, ending):
        agent = f"""
        {ending}
        log_level = "error"
        vault {{
          address = "{job.server.address}"
          ca_cert = "{job.server.ca}"
        }}
        auto_auth {{
          method "token_file" {{ config = {{ token_file_path = "{job.server.token_file}" }} }}
        }}
        template_config {{ exit_on_retry_failure = true }}
        """
        config = write_config(job, textwrap.dedent(agent) + template_stanzas(job))
        config = config.rename(config.with_suffix(".hcl"))
        return [self.binary, "agent", f"-config={config}"], {}


class InstallCert:
    def __init__(self, binary, method="sign", key_type="ec", rekey="always"):
        self.binary = binary
        self.method = method
        self.key_type = key_type
        self.rekey = rekey
        self.name = f"install-cert ({method})"

    def once(self, job):
        return [self.binary, "--root", job.scratch, "--config", self._configure(job), "once"], {}

    def daemon(self, job):
        return [self.binary, "--root", job.scratch, "--config", self._configure(job), "run"], {}

    def renew(self, job):
        return [self.binary, "--root", job.scratch, "--config", job.scratch / "config.yaml",
                "renew", "--wait"]

    def _configure(self, job):
        host = f"""\
        vault:
          address: {job.server.address}
          ca_cert: {job.server.ca}
          auth: {{method: token, token_file: {job.server.token_file}}}
        renewal: {{on_boot: when_due}}
        certificates:
        """
        config = write_config(job, textwrap.dedent(host) + "".join(
            self._certificate(job, i) for i in range(job.n)))
        return config.rename(config.with_suffix(".yaml"))

    def _certificate(self, job, i):
        # `directory` lies below --root.
        key = "" if self.method == "issue" else f"    key_type: {self.key_type}\n"
        if self.rekey != "always":
            key += f"    rekey: {self.rekey}\n"
        return (f"  c{i}:\n    mount: {MOUNT}\n    role: {job.role}\n    method: {self.method}\n"
                f"{key}    common_name: {common_name(i)}\n    ip_sans: [127.0.0.1]\n"
                f"    ttl: {job.ttl}\n    directory: /certs\n"
                f"    files: {{ca: c{i}-ca.pem, certificate: c{i}.pem, key: c{i}-key.pem}}\n")


def missing(job):
    """What of the N sets a peer did not deliver."""
    wanted = [f"c{i}{suffix}.pem" for i in range(job.n) for suffix in ("", "-ca", "-key")]
    return [name for name in wanted if not (job.files / name).is_file()]
