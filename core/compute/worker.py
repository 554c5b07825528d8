"""What every worker process does before its first job."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading

#: Workers give way to whoever else uses the machine. [nice]
NICENESS = 10

#: One job is one thread: the pool is what uses the cores.
_ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENCV_FFMPEG_LOGLEVEL": "-8",
    "OPENCV_LOG_LEVEL": "SILENT",
}


def prepare_worker() -> None:
    """Leaves Ctrl-C to the daemon, ends with it, lowers the priority and keeps native libraries to one thread."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # what a lease sends whose file is opened by a writer, see core.media.source_file
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    os.nice(NICENESS)
    os.environ.update(_ONE_THREAD)

    import cv2

    cv2.setNumThreads(1)


def _end_with_parent() -> None:
    """A daemon that is killed cannot stop its workers, and one that waits for a job never notices by itself."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "only worker processes are prepared"
    parent.join()
    os._exit(0)
