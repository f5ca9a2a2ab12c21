# SPDX-License-Identifier: Apache-2.0
"""Fails on an #include that lib/CMakeLists.txt does not allow: another module, or a library that is another's."""
import pathlib
import re
import sys

HEADERS_OF = {"CRYPTO": "openssl", "YAML": "yaml.h", "CURL": "curl", "SYSTEMD": "systemd"}


def allowed_directories(root):
    """module -> the directories that it may include from."""
    allowed = {}
    text = (root / "lib/CMakeLists.txt").read_text()
    for name, words in re.findall(r"^add_module\((\w+)([^)]*)\)", text, re.M):
        external = re.findall(r"PkgConfig::(\w+)", words)
        uses = re.findall(r"USES\s+([a-z0-9_ ]+)", words)
        allowed[name] = {name, *" ".join(uses).split(), *(HEADERS_OF[library] for library in external)}
    # A library that is loaded with dlopen(3) is included and not linked.
    for name, library in re.findall(r"^target_include_directories\((\w+)[^)]*\$\{(\w+)_INCLUDE_DIRS\}", text, re.M):
        allowed[name].add(HEADERS_OF[library])
    return {**allowed, "agent": {*allowed, "agent"}}


def upward_includes(root):
    """agent/CMakeLists.txt names its folders from the ground up: none includes one that comes later."""
    layers = re.search(r"^set\(layers ([a-z ]+)\)", (root / "agent/CMakeLists.txt").read_text(), re.M)[1].split()
    for folder, above in ((name, layers[place + 1:]) for place, name in enumerate(layers)):
        for path in sorted((root / "agent" / folder).glob("*.*")):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                include = re.match(r'\s*#\s*include "agent/(\w+)/', line)
                if include and include[1] in above:
                    yield f"{path.relative_to(root)}:{number}: agent/{folder} may not include agent/{include[1]}"


def forbidden_includes(root):
    allowed = allowed_directories(root)
    judged = {*allowed, *HEADERS_OF.values(), "tests"}
    for path in sorted(file for top in ("agent", "lib") for file in (root / top).rglob("*") if file.suffix in (".h", ".cc")):
        parts = path.relative_to(root).parts
        module = "agent" if parts[0] == "agent" else parts[1]
        for number, line in enumerate(path.read_text().splitlines(), 1):
            include = re.match(r'\s*#\s*include\s*[<"](([^/>"]+)(?:/[^>"]+)?)[>"]', line)
            if include and include[2] in judged - allowed[module]:
                yield f"{path.relative_to(root)}:{number}: {module} may not include {include[1]}"


root = pathlib.Path(sys.argv[1])
found = [*forbidden_includes(root), *upward_includes(root)]
print(*found, f"{len(found)} forbidden", sep="\n")
sys.exit(bool(found))
