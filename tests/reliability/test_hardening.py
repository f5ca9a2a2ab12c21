# SPDX-License-Identifier: Apache-2.0
"""How the shipped programs are built, read off their ELF headers; each check meets a build without it."""
import os
import pathlib
import subprocess

import pytest

AGENT = pathlib.Path(os.environ["INSTALL_CERT"])
SUPERVISOR = AGENT.parent.parent / "libexec" / "install-cert" / "supervisor"

SOURCE = r"""
#include <stdio.h>
#include <string.h>
int main(int argc, char** argv) {
    char name[16];
    strcpy(name, argv[argc - 1]);
    printf("%s\n", name);
    return 0;
}
"""
HARDENED = ["-O2", "-fPIE", "-pie", "-fstack-protector-strong", "-fcf-protection", "-D_FORTIFY_SOURCE=3",
            "-Wl,-z,relro,-z,now,-z,noexecstack"]


def readelf(program, *options):
    return subprocess.run(["readelf", "--wide", *options, program], check=True, capture_output=True, text=True).stdout


def is_position_independent(program):
    return "DYN (Position-Independent Executable file)" in readelf(program, "--file-header")


def has_read_only_relocations(program):
    return "GNU_RELRO" in readelf(program, "--program-headers") and "NOW" in readelf(program, "--dynamic")


def has_stack_protector(program):
    return "__stack_chk_fail" in readelf(program, "--dyn-syms")


def is_fortified(program):
    return "_chk@" in readelf(program, "--dyn-syms").replace("__stack_chk_fail", "")


def has_no_executable_stack(program):
    stack = [line for line in readelf(program, "--program-headers").splitlines() if "GNU_STACK" in line]
    return len(stack) == 1 and "RWE" not in stack[0]


def has_no_library_path_of_its_own(program):
    dynamic = readelf(program, "--dynamic")
    return "RPATH" not in dynamic and "RUNPATH" not in dynamic


def is_free_of_text_relocations(program):
    return "TEXTREL" not in readelf(program, "--dynamic")


# Each check, and the options that undo it.
CHECKS = [
    (is_position_independent, ["-no-pie"]),
    (has_read_only_relocations, ["-Wl,-z,lazy"]),
    (has_stack_protector, ["-fno-stack-protector"]),
    (is_fortified, ["-U_FORTIFY_SOURCE"]),
    (has_no_executable_stack, ["-Wl,-z,execstack"]),
    (has_no_library_path_of_its_own, ["-Wl,-rpath,/opt/lib"]),
]
names = [check.__name__ for check, _ in CHECKS]


def compiled(directory, options):
    source = directory / "sample.c"
    source.write_text(SOURCE)
    subprocess.run(["gcc", *HARDENED, *options, "-w", "-o", directory / "sample", source], check=True)
    return directory / "sample"


@pytest.mark.parametrize("program", [AGENT, SUPERVISOR], ids=lambda path: path.name)
@pytest.mark.parametrize("check", [check for check, _ in CHECKS] + [is_free_of_text_relocations],
                         ids=lambda check: check.__name__)
def test_what_is_shipped_is_hardened(check, program):
    """Fault S16."""
    assert check(program)


@pytest.mark.parametrize("check, undone", CHECKS, ids=names)
def test_a_program_without_it_is_caught(check, undone, tmp_path):
    assert check(compiled(tmp_path, []))
    assert not check(compiled(tmp_path, undone))


def test_the_resident_program_carries_neither_curl_nor_openssl_nor_systemd():
    needed = [line for line in readelf(SUPERVISOR, "--dynamic").splitlines() if "(NEEDED)" in line]
    assert needed
    for library in ["libcurl", "libssl", "libcrypto", "libsystemd", "libyaml", "libstdc++"]:
        assert not [line for line in needed if library in line], library
