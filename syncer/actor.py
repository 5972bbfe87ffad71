"""Who asks: the user of this process, on this machine."""

import os
import pwd
import socket


def actor() -> str:
    """Return who asks, for the audit log and for others that find the pipeline held: not as the environment has it."""
    user = os.getuid()
    try:
        name = pwd.getpwuid(user).pw_name
    except KeyError:  # a container may run as a number that has no name
        name = f"uid{user}"
    return f"{name}@{socket.gethostname()}"
