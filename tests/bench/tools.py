# SPDX-License-Identifier: Apache-2.0
"""Where the compared programs lie, and how one run of a program is measured."""
import json
import os
import pathlib
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("BENCH_BUILD", HERE.parents[1] / "build" / "bench"))


def program(variable):
    """The path that run.sh found and exported; None where the program is not to be had."""
    path = os.environ.get(variable)
    return path if path and os.access(path, os.X_OK) else None


def measured(argv, environment, cwd):
    """Runs to the end; wall_ms, cpu_ms, peak_kib, status of it and its children. Its output is kept
    for the error only."""
    with tempfile.TemporaryFile() as report, tempfile.TemporaryFile() as output:
        command = ["bash", "-c", f'exec "$@" 3>&{report.fileno()}', "measure", BUILD / "measure",
                   *argv]
        subprocess.run(command, pass_fds=[report.fileno()], cwd=cwd, stdout=output, stderr=output,
                       env=clean_environment() | environment, timeout=300)
        report.seek(0)
        text = report.read()
        output.seek(0)
        if not text:
            raise RuntimeError(f"{argv}: {output.read().decode(errors='replace')}")
        sample = json.loads(text)
        if sample["status"] != 0:
            sample["output"] = output.read().decode(errors="replace")[-2000:]
        return sample


def clean_environment():
    return {name: value for name, value in os.environ.items()
            if not name.startswith(("VAULT_", "BAO_", "NOTIFY_", "WATCHDOG_"))}


def report(name, results, text):
    """Leaves the figures beside the programs, and prints the table."""
    (BUILD / f"{name}.json").write_text(json.dumps(results, indent=1) + "\n")
    (BUILD / f"{name}.md").write_text(text)
    print(text)
