"""Environments of their own for peers, made when missing: what they need never meets what syncer needs."""

import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.turns import ROOT, say

PEERS = ROOT / ".venv-bench"


def python_with(*packages: str) -> Path:
    """Return a Python that has `packages`, in an environment named after the first of them."""
    home = PEERS / packages[0]
    python = home / "bin" / "python"
    if not (home / ".installed").exists():
        say(f"installing {packages[0]} into an environment of its own ...")
        subprocess.run([base_python(), "-m", "venv", "--without-pip", "--clear", str(home)], check=True)
        pip = [base_python(), "-m", "pip", "--python", str(python), "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *packages], check=True)
        (home / ".installed").touch()
    return python


def base_python() -> str:
    """Return the Python outside this environment, the one with pip."""
    return str(getattr(sys, "_base_executable", None) or shutil.which("python3"))
