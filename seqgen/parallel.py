"""Work shared out: among threads, processes or a cluster, and into parts for several machines.

The one door to dask.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from seqgen.errors import InputError, MissingDependencyError
from seqgen.native import thread_count

KINDS = ("threads", "processes")
Shard = tuple[int, int]
Progress = Callable[[int, int], None]

_T = TypeVar("_T")
_R = TypeVar("_R")
_Submit = Callable[..., Any]
# Tasks handed out per worker: the one it is at, and one to go on with.
_AHEAD = 2


def parse_shard(text: str) -> Shard:
    """A part of a job as it is written in the shell, ``i/N``.

    Raises
    ------
    InputError
        If it is anything but two whole numbers with 1 <= i <= N.

    Examples
    --------
    >>> parse_shard("2/5")
    (2, 5)
    """
    found = re.fullmatch(r"\s*(\d+)\s*/\s*(\d+)\s*", text)
    if found is None:
        raise InputError(f"shard is {text!r}; expected i/N, such as 2/5 for the second of five")
    return checked_shard((int(found[1]), int(found[2])))


def checked_shard(shard: Shard) -> Shard:
    """The shard itself.

    Raises
    ------
    InputError
        If it is not (i, N) with 1 <= i <= N.
    """
    try:
        number, of = shard
        right = 1 <= number <= of and number == int(number) and of == int(of)
    except (TypeError, ValueError):
        right = False
    if not right:
        raise InputError(
            f"shard is {shard!r}; expected (i, N) with i from 1 to N, such as (2, 5) for the "
            "second of five"
        )
    return int(number), int(of)


def shard_slice(count: int, shard: Shard | None, *, what: str = "things") -> slice:
    """Where the i-th of N parts lies in ``count`` things; parts differ by one in length at most.

    Parameters
    ----------
    count : int
    shard : tuple (i, N), optional
        All of them where it is None.
    what : str
        What is shared out, for the message.

    Raises
    ------
    InputError
        If ``shard`` is not (i, N) with 1 <= i <= N, or there are more shards than things.

    Examples
    --------
    >>> [shard_slice(10, (i, 3)) for i in (1, 2, 3)]
    [slice(0, 3, None), slice(3, 6, None), slice(6, 10, None)]
    """
    if shard is None:
        return slice(0, count)
    number, of = checked_shard(shard)
    if of > count:
        raise InputError(f"shard: {of:,} shards of {count:,} {what}; expected at most {count:,}")
    return slice((number - 1) * count // of, number * count // of)


def scan_threads(workers: int | None, device: str) -> int:
    """Threads of a scan on a device, which is one worker.

    Parameters
    ----------
    workers : int or None
        All cores that this process may use where None.
    device : str
        ``cpu`` (NumPy), ``cuda`` or ``cuda:0`` (torch), ``torch-cpu`` (torch on the processor).

    Raises
    ------
    InputError
        If one is none of these, or there are several workers for a device.

    Examples
    --------
    >>> scan_threads(3, "cpu"), scan_threads(None, "cuda")
    (3, 1)
    """
    if not re.fullmatch(r"cpu|torch-cpu|cuda(:\d+)?", device):
        raise InputError(f"device is {device!r}; expected cpu, cuda, cuda:N or torch-cpu")
    if isinstance(workers, bool) or not (workers is None or isinstance(workers, int)):
        raise InputError(
            f"workers is {workers!r}; expected a number of at least 1, or None for all cores; for "
            "several machines run shards"
        )
    if workers is not None and workers < 1:
        raise InputError(f"workers is {workers}; expected at least 1, or None for all cores")
    if device == "cpu":
        return thread_count(workers)
    if workers not in (None, 1):
        raise InputError(
            f"workers is {workers} with device={device!r}; expected 1, for a device is one "
            "worker; for several devices run a shard on each"
        )
    return 1


def map_tasks(
    function: Callable[[_T], _R],
    tasks: Iterable[_T],
    *,
    workers: Any = None,
    kind: str = "threads",
    progress: Progress | None = None,
) -> Iterator[_R]:
    """Results of ``function`` for each task, in the order of the tasks.

    Tasks are drawn in this thread as workers get free, two per worker at a time, and results
    are handed on as they are asked for: memory holds a few of either, however many there are.
    The first error ends it, and so does Ctrl-C; tasks that have not begun are then dropped.

    Parameters
    ----------
    function : callable
        Of one task. For processes and clusters it and the tasks must survive pickling.
    tasks : iterable
    workers : int, str, or client, optional
        How many at once; all cores that this process may use where None; 1 is a plain loop in
        this thread. ``"dask"`` is a cluster on this machine, ``"tcp://host:port"`` one that
        runs. Or anything with ``submit`` that returns futures, such as
        `dask.distributed.Client`, which is left open.
    kind : {"threads", "processes"}
        Threads share memory, and run at once where NumPy or compiled code does the work.
        While there are several workers, each call of BLAS uses one thread.
    progress : callable, optional
        Called as ``progress(done, total)`` with tasks; those without a length are listed first.

    Returns
    -------
    iterator

    Raises
    ------
    InputError
        If ``workers`` or ``kind`` is none of these.
    MissingDependencyError
        If dask is asked for and not installed.

    Examples
    --------
    >>> list(map_tasks(abs, [-3, 2, -1], workers=2))
    [3, 2, 1]
    """
    if kind not in KINDS:
        raise InputError(f"kind is {kind!r}; expected one of {', '.join(KINDS)}")
    opened, window = _workers(workers, kind)
    total = 0
    if progress is not None:
        tasks = tasks if isinstance(tasks, Sized) else list(tasks)
        total = len(tasks)
    return _results(function, tasks, opened, window, progress=progress, total=total)


def _results(
    function: Callable[[_T], _R],
    tasks: Iterable[_T],
    opened: Callable[[Callable], AbstractContextManager[_Submit]],
    window: int,
    *,
    progress: Progress | None,
    total: int,
) -> Iterator[_R]:
    waiting: deque[Any] = deque()
    done = 0

    def next_result() -> _R:
        nonlocal done
        result: _R = waiting.popleft().result()
        done += 1
        if progress is not None:
            progress(done, total)
        return result

    with opened(function) as submit:
        try:
            for task in tasks:
                waiting.append(submit(task))
                del task  # it may hold much: let go before the next one is drawn
                if len(waiting) >= window:
                    yield next_result()
            while waiting:
                yield next_result()
        finally:
            for future in waiting:
                future.cancel()


class _Done:
    """The result of a call made at once, in the shape of a future."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def result(self) -> Any:
        return self._value

    def cancel(self) -> None:
        pass


_Opened = Callable[[Callable], AbstractContextManager[_Submit]]


def _workers(workers: Any, kind: str) -> tuple[_Opened, int]:
    """From a function to the submitting of tasks to it, and how many may be under way."""
    if isinstance(workers, str):
        client = _dask_client(workers)
        return lambda function: _submitting(client, function, close=True), _client_window(client)
    if hasattr(workers, "submit"):
        return lambda function: _submitting(workers, function), _client_window(workers)
    if isinstance(workers, bool) or not (workers is None or isinstance(workers, int)):
        raise InputError(
            f"workers is {workers!r}; expected a number of at least 1, None for all cores, 'dask', "
            "the address of a dask scheduler, or a client with a method submit"
        )
    if workers is not None and workers < 1:
        raise InputError(f"workers is {workers}; expected at least 1, or None for all cores")
    count = thread_count(workers)
    if count == 1:
        return _in_this_thread, 1
    pool = _thread_pool if kind == "threads" else _process_pool
    return lambda function: _pooled(pool, function, count), _AHEAD * count


@contextmanager
def _in_this_thread(function: Callable) -> Iterator[_Submit]:
    yield lambda task: _Done(function(task))


@contextmanager
def _pooled(make: Callable[[int], Executor], function: Callable, count: int) -> Iterator[_Submit]:
    pool = make(count)
    try:
        with _one_blas_thread():
            yield lambda task: pool.submit(function, task)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _thread_pool(count: int) -> Executor:
    return ThreadPoolExecutor(count, thread_name_prefix="seqgen")


def _process_pool(count: int) -> Executor:
    from multiprocessing import get_context

    # Fresh processes: one forked beside the threads of BLAS or torch may wait for ever.
    return ProcessPoolExecutor(count, get_context("spawn"), initializer=_begin_process)


def _begin_process() -> None:
    """Let Ctrl-C end a worker without a traceback of its own; use one thread in it."""
    import signal

    from threadpoolctl import threadpool_limits

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    import numpy as np  # noqa: F401 - its BLAS has to be there to be told

    threadpool_limits(1)


def _one_blas_thread() -> AbstractContextManager[object]:
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, user_api="blas")


# --- clusters -------------------------------------------------------------------------------


def _call(function: Callable[[_T], _R], task: _T) -> _R:
    return function(task)


@contextmanager
def _submitting(client: Any, function: Callable, *, close: bool = False) -> Iterator[_Submit]:
    """Submit to a client; a cluster is sent the function, with the data it holds, once."""
    try:
        if hasattr(client, "scatter"):
            there = client.scatter(function, hash=False)
            yield lambda task: client.submit(_call, there, task, pure=False)
        else:
            yield lambda task: client.submit(function, task)
    finally:
        if close:
            client.close()


def _client_window(client: Any) -> int:
    """Tasks under way: two per thread of the cluster, or a guess where it does not tell."""
    told = client.nthreads() if hasattr(client, "nthreads") else {}
    return _AHEAD * (sum(told.values()) or thread_count(None))


def _dask_client(address: str) -> Any:
    if address != "dask" and not re.match(r"\w+://\S+", address):
        raise InputError(
            f"workers is {address!r}; expected a number, 'dask', or the address of a dask "
            "scheduler such as 'tcp://host:8786'"
        )
    try:
        from dask.distributed import Client
    except ImportError as error:
        raise MissingDependencyError(
            f"workers is {address!r}, and dask is not installed; pip install 'dask[distributed]'"
        ) from error
    return Client() if address == "dask" else Client(address)
