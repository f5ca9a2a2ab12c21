# SPDX-License-Identifier: Apache-2.0
"""The two PKI mounts of a cluster on an OpenBao server, their roles, and tokens that may use them and nothing else."""

MOUNTS = ("etcd-member", "kube-apiserver")
ROLE = {"allow_any_name": True, "enforce_hostnames": False, "allow_ip_sans": True, "allowed_uri_sans": "*",
        "key_type": "ec", "key_bits": 256, "max_ttl": "8760h", "ttl": "720h"}


def mount_pki(bao, path, max_ttl="87600h"):
    bao.write(f"sys/mounts/{path}", type="pki", config={"max_lease_ttl": max_ttl})


def make_root(bao, path, name, ttl="87600h"):
    """A root CA of the mount's own; its certificate."""
    answer = bao.write(f"{path}/root/generate/internal", common_name=name, ttl=ttl, key_type="ec", key_bits=256)
    return answer["data"]["certificate"]


def make_intermediate(bao, path, root_path, name, ttl="43800h"):
    """Makes the mount `path` an intermediate CA under the one of `root_path`; issues with its chain."""
    request = bao.write(f"{path}/intermediate/generate/internal", common_name=name, key_type="ec", key_bits=256)
    signed = bao.write(f"{root_path}/root/sign-intermediate", csr=request["data"]["csr"], common_name=name, ttl=ttl,
                       format="pem_bundle")["data"]
    root = bao.read(f"{root_path}/cert/ca")["data"]["certificate"]
    bao.write(f"{path}/intermediate/set-signed", certificate=signed["certificate"] + "\n" + root)


def make_role(bao, path, name, **changes):
    bao.write(f"{path}/roles/{name}", **{**ROLE, **changes})


def grants(*paths):
    """A policy that allows to write to these paths."""
    return "\n".join(f'path "{path}" {{ capabilities = ["create", "update"] }}' for path in paths)


def make_token(bao, name, policy, **properties):
    """A periodic token with that policy alone (and `default`, which lets it look up and renew itself)."""
    bao.write(f"sys/policies/acl/{name}", policy=policy)
    answer = bao.write("auth/token/create-orphan",
                       **{"policies": [name], "display_name": name, "period": "768h", **properties})
    return answer["auth"]["client_token"]


def set_up(bao, cluster="kluster"):
    """Both mounts with root and role of the mount's own name; a token a mount and one for both ("controller")."""
    paths = {mount: f"{cluster}/pki/{mount}" for mount in MOUNTS}
    policies = {}
    for mount, path in paths.items():
        mount_pki(bao, path)
        make_root(bao, path, f"{cluster} {mount} CA")
        make_role(bao, path, mount)
        policies[mount] = grants(f"{path}/issue/{mount}", f"{path}/sign/{mount}")
    policies["controller"] = "\n".join(policies.values())
    return {name: make_token(bao, f"{cluster}-{name}", policy) for name, policy in policies.items()}
