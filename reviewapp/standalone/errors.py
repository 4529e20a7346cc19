"""What stops a start."""

import errno
from pathlib import Path


class CannotStart(Exception):
    """The stack cannot start or go on. The message is one plain sentence for the person at the terminal, saying what to do."""


def full_disk(folder: Path) -> CannotStart:
    return CannotStart(
        f"The disk that holds {folder} is full. Free some space there, or choose another folder with DATA_DIR."
    )


def from_os_error(error: OSError, folder: Path) -> CannotStart:
    """The sentence for a failed file operation somewhere in the data folder."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return full_disk(folder)
    reason = (error.strerror or str(error)).lower()
    return CannotStart(
        f"{error.filename or folder} cannot be used: {reason}. Mend its owner and mode, or choose another folder with DATA_DIR."
    )
