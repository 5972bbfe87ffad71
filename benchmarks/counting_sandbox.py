"""The sandbox as a sink for benchmarks: takes requests, counts events, judges nothing."""

import sys
import time

from syncer.sandbox.server import start
from syncer.sandbox.settings import Settings

if __name__ == "__main__":
    with start(Settings(judge="count", keep=0)) as running:
        sys.stdout.write(running.url + "\n")
        sys.stdout.flush()
        while True:
            time.sleep(3600)
