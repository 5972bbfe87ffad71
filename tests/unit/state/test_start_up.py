"""What loads when: commands that only look at the state must answer at once."""

import subprocess
import sys

HEAVY = {"polars", "pyarrow", "alembic", "psycopg", "duckdb", "httpx"}


def test_the_status_loads_no_columns_no_driver_and_no_migrations() -> None:
    code = f"import sys, syncer.status; print(sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_values_of_the_state_load_without_its_database() -> None:
    code = "import sys, syncer.state.scope, syncer.state.requests; print('sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_runs_on_a_file_load_no_dialect_of_postgres() -> None:
    code = "import sys, syncer.engine.sync, syncer.state.store; print('sqlalchemy.dialects.postgresql' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
