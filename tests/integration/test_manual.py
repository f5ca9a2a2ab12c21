# SPDX-License-Identifier: Apache-2.0
"""The manual and the program name each other's keys, choices, variables, commands and options; neither has one more."""
import os
import pathlib
import re
import subprocess

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
MANUAL = REPOSITORY / "docs/man"
PROGRAM_PAGE = (MANUAL / "install-cert.1").read_text()
CONFIGURATION_PAGE = (MANUAL / "install-cert.yaml.5").read_text()
ROLE = REPOSITORY / "lib/role"
OPTIONS = (REPOSITORY / "agent/options.cc").read_text()
# The worker that the supervisor starts, and why it does.
INTERNAL = {"turn", "--cause"}
# {table of keys in lib/role/schema_table.cc: heading}
HEADINGS = {"kHostKeys": "Of the host", "kVaultKeys": "Of vault", "kAuthKeys": "Of auth", "kRenewalKeys": "Of renewal",
            "kCertificateKeys": "Of a certificate", "kFilesKeys": "Of files", "kFileKeys": "Of a file",
            "kConsumerKeys": "Of a consumer"}


def plain(item):
    """.It Ic role , group -> role, group; .It Cm once Op Fl Fl dry-run -> once --dry-run."""
    return re.sub(r"Fl Fl ", "--", item)


def part(page, heading):
    """What stands between a heading and the next."""
    return re.split(r"(?m)^\.S[hs] ", page.split(f"{heading}\n", 1)[1])[0]


def items(text, macro):
    """[(first line of an item, all of it)]"""
    found = re.findall(rf"(?ms)^\.It {macro} (.*?)\n(.*?)(?=^\.It |^\.El)", text)
    return [(first, first + "\n" + rest) for first, rest in found]


def documented_keys(page, heading):
    return sorted(key for first, _ in items(part(page, f".Ss {heading}"), "Ic") for key in first.split(" , "))


def tables():
    text = (ROLE / "schema_table.cc").read_text()
    return {name: sorted(re.findall(r'Key\{"(\w+)"', body))
            for name, body in re.findall(r"constexpr std::array (k\w+Keys)\{(.*?)\};", text, re.S)}


def differences(page):
    return {heading: sorted(set(documented_keys(page, heading)) ^ set(tables()[table]))
            for table, heading in HEADINGS.items() if documented_keys(page, heading) != tables()[table]}


def test_each_table_of_keys_has_its_heading():
    assert set(tables()) == set(HEADINGS)


def test_the_page_has_every_key_and_no_other():
    assert differences(CONFIGURATION_PAGE) == {}


@pytest.mark.parametrize("before, after, difference", [
    (".It Ic insecure_http\n", ".It Ic insecure_https\n", {"Of vault": ["insecure_http", "insecure_https"]}),
    (".It Ic role_id , role_id_file\n", ".It Ic role_id\n", {"Of auth": ["role_id_file"]}),
])
def test_a_key_that_is_missing_or_unknown_is_caught(before, after, difference):
    assert before in CONFIGURATION_PAGE
    assert differences(CONFIGURATION_PAGE.replace(before, after)) == difference


def choices():
    return sorted({word for path in ROLE.glob("read_*.cc") for word in re.findall(r'Choice\{"([\w-]+)"', path.read_text())})


@pytest.mark.parametrize("word", choices())
def test_the_page_has_every_word_that_a_key_takes(word):
    assert re.search(rf"(?m)^(\.Cm {word}|\.Pq Cm {word})\b", CONFIGURATION_PAGE)


def test_the_page_has_every_variable():
    source = (ROLE / "variables.cc").read_text()
    facts = re.findall(r'"(\w+)"', re.search(r"kFacts\{(.*?)\}", source)[1])
    dashed = re.search(r'kDashedAddress = "(\w+)"', source)[1]
    page = part(CONFIGURATION_PAGE, ".Sh VARIABLES")
    assert [name for name in [*facts, dashed, "cluster"] if f"${{{name}}}" not in page] == []
    assert "${ip:" in page and "${env:" in page


def test_the_page_and_the_readme_have_every_shipped_role():
    shipped = {path.stem for path in (REPOSITORY / "config/roles").glob("*.yaml")}
    assert {first for first, _ in items(part(CONFIGURATION_PAGE, ".Sh ROLES"), "Cm")} == shipped
    readme = (REPOSITORY / "README.md").read_text()
    assert [name for name in sorted(shipped) if f"`{name}`" not in readme] == []


def test_the_page_has_every_variable_of_vaults_clients():
    suffixes = re.findall(r'Mapped\{"(\w+)"', (ROLE / "vault_environment.cc").read_text())
    assert suffixes
    page = part(PROGRAM_PAGE, ".Sh ENVIRONMENT")
    assert [name for name in suffixes if f"VAULT_{name}" not in page] == []


def commands():
    """{command: its item in the page}; `status` has two."""
    found = {}
    for first, text in items(part(PROGRAM_PAGE, ".Sh COMMANDS"), "Cm"):
        name = first.split()[0]
        found[name] = found.get(name, "") + plain(text)
    return found


def test_the_page_has_every_command_and_no_other():
    table = re.search(r"kCommands\{(.*?)\};", OPTIONS, re.S)[1]
    assert set(re.findall(r'\{"(\w+)", Command::', table)) - INTERNAL == set(commands())


def flags():
    """(flag, command that takes it) of the program's table, which is filled up with `help`."""
    table = re.search(r"kFlags\{\{(.*?)\}\};", OPTIONS, re.S)[1]
    for flag, takers in re.findall(r'\{"(--[\w-]+)", &Options::\w+, \{(.*?)\}\}', table, re.S):
        yield from ((flag, command) for command in re.findall(r"Command::(\w+)", takers) if command != "help")


@pytest.mark.parametrize("flag, command", [pair for pair in flags() if not INTERNAL & set(pair)], ids=" ".join)
def test_each_command_has_its_flags(flag, command):
    assert re.search(rf"{flag}\b", commands()[command])


@pytest.mark.parametrize("command", [name for name in commands() if name not in ("help", "version")])
def test_the_program_helps_with_each_flag_and_time_out_of_a_command(command):
    help_text = subprocess.run([os.environ["INSTALL_CERT"], "help", command], check=True, capture_output=True,
                               text=True).stdout
    wanted = [flag for flag, taker in flags() if taker == command]
    wanted += ["--timeout"] if "--timeout" in commands()[command].split("\n")[0] else []
    assert [flag for flag in wanted if flag not in help_text] == []


def test_no_command_has_a_flag_that_it_does_not_take():
    known = set(flags())
    said = {(flag, command) for command, text in commands().items() if command != "help"
            for flag in re.findall(r"--[\w-]+", text.split("\n")[0])}
    assert said - known - {("--timeout", command) for command in commands()} == set()


def test_the_page_has_every_option_that_takes_a_value():
    table = re.search(r"kSettings\{\{(.*?)\}\};", OPTIONS, re.S)[1]
    page = plain(part(PROGRAM_PAGE, ".Sh OPTIONS"))
    names = set(re.findall(r'"(--[\w-]+)"', table)) - INTERNAL
    assert names and [name for name in names if name not in page] == []


def test_the_page_has_every_exit_status():
    text = (REPOSITORY / "lib/foundation/result.cc").read_text()
    codes = {getattr(os, name) for name in re.findall(r"return (EX_\w+);", text)}
    assert len(codes) > 5
    assert codes <= {int(code) for code in re.findall(r"(?m)^\.It (\d+)$", part(PROGRAM_PAGE, ".Sh EXIT STATUS"))}


@pytest.mark.parametrize("name", ["state", "recorded", "former", "accepted"])
def test_the_page_has_every_file_of_the_state(name):
    assert f'"/{name}.json"' in (REPOSITORY / "agent/turn/local_turn.cc").read_text()
    assert f"/var/lib/install-cert/{name}.json" in PROGRAM_PAGE
