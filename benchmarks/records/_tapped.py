"""`labctl`, and a file that is told what its journal calls durable, as soon as it does.

`python -m benchmarks.records._tapped FILE ARGUMENTS...`: nothing else of the command is another
one. Each line of FILE is the number of an event.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Any
from unittest import mock

from labctl.cli import main
from labctl.record import Journal, RunFolder

_LOOK_S = 0.001


def tap(path: str) -> None:
    """Open the file, and from now on tell it of every journal's claim."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    open_journal = RunFolder.open_journal

    def tell(journal: Journal) -> None:
        told = 0
        while True:
            if (claimed := journal.durable_seq) != told:
                told = claimed
                os.write(handle, b"%d\n" % told)
            time.sleep(_LOOK_S)

    def opened(self: RunFolder, **how: Any) -> Journal:
        journal = open_journal(self, **how)
        threading.Thread(target=tell, args=(journal,), daemon=True).start()
        return journal

    mock.patch.object(RunFolder, "open_journal", opened).start()


if __name__ == "__main__":
    tap(sys.argv.pop(1))
    main()
