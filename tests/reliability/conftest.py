# SPDX-License-Identifier: Apache-2.0
"""What the gates share with the other suites."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support" / "python"))
