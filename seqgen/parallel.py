"""Work shared out: among threads, processes or a cluster, and into parts for several machines.

The one door to dask.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from importlib import import_module
from typing import Any, TypeVar

from seqgen.errors import InputError, MissingDependencyError, SeqgenError
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
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise InputError(
            f"shard is {text!r}; expected i/N with i from 1 to N, such as 2/5 for the second of "
            "five"
        )
    return int(found[1]), int(found[2])


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
        this thread. Or a cluster's address, as `cluster` takes it; or anything with ``submit``
        that returns futures, such as `dask.distributed.Client`, which is left open.
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
        stack = ExitStack()
        client = stack.enter_context(cluster(workers))
        return lambda function: _on_cluster(stack, client, function), client_window(client)
    if hasattr(workers, "submit"):
        return lambda function: _submitting(workers, function), client_window(workers)
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


def _itself(function: Callable) -> Callable:
    return function


@contextmanager
def _submitting(client: Any, function: Callable) -> Iterator[_Submit]:
    """Submit to a client; a cluster is sent the function, with the data it holds, once.

    As the result of a task: what is scattered dies with the worker that has it.
    """
    if hasattr(client, "scatter"):
        there = client.submit(_itself, function, pure=False)
        yield lambda task: _Told(client.submit(_call, there, task, pure=False))
    else:
        yield lambda task: client.submit(function, task)


@contextmanager
def _on_cluster(stack: ExitStack, client: Any, function: Callable) -> Iterator[_Submit]:
    with stack, _submitting(client, function) as submit:
        yield submit


class _Told:
    """A future of a cluster, which says in one line why a task was given up."""

    def __init__(self, future: Any) -> None:
        self._future = future

    def result(self) -> Any:
        try:
            return self._future.result()
        except Exception as error:
            if type(error).__name__ != "KilledWorker":
                raise
            raise SeqgenError(
                "cluster: one task ended several workers in turn, most likely for want of "
                "memory; give each worker more, or fewer threads"
            ) from error

    def cancel(self) -> None:
        self._future.cancel()


def client_window(client: Any) -> int:
    """Tasks under way: two per thread of the cluster, or a guess where it does not tell."""
    told = client.nthreads() if hasattr(client, "nthreads") else {}
    return _AHEAD * (sum(told.values()) or thread_count(None))


@contextmanager
def cluster(address: str) -> Iterator[Any]:
    """A client of a cluster, closed in the end; a worker that dies has its tasks done by others.

    Parameters
    ----------
    address : str
        ``dask``: a cluster on this machine. ``tcp://host:8786``: one that runs, by its
        scheduler. ``slurm:20``: twenty jobs of dask-jobqueue's ``SLURMCluster``, begun here and
        ended with the work; queue, cores and memory are those of its file
        ``~/.config/dask/jobqueue.yaml``. ``slurm`` alone: one job.

    Returns
    -------
    context manager of dask.distributed.Client

    Raises
    ------
    InputError
        If the address is none of these, or nobody answers there.
    MissingDependencyError
        If dask or dask-jobqueue is not installed.
    """
    known = checked_address(address)
    Client = _needed(address, "dask.distributed", "Client", "'dask[distributed]'")
    with ExitStack() as stack:
        where = {"silence_logs": "ERROR"} if address == "dask" else {"address": address}
        if known["slurm"]:
            make = _needed(address, "dask_jobqueue", "SLURMCluster", "dask-jobqueue")
            jobs = stack.enter_context(make())
            jobs.scale(jobs=int(known["jobs"] or 1))
            where = {"address": jobs}
        try:
            client = Client(**where)
        except OSError as error:
            raise InputError(
                f"cluster {address!r}: no scheduler answers there ({error}); see that it runs, "
                "and that this machine reaches it"
            ) from error
        yield stack.enter_context(client)


def checked_address(address: str) -> re.Match[str]:
    """An address in parts, for `cluster`.

    Raises
    ------
    InputError
        If it is none.
    """
    known = re.fullmatch(r"dask|(?P<slurm>slurm)(:(?P<jobs>[1-9]\d*))?|\w+://\S+", address)
    if known is None:
        raise InputError(
            f"workers is {address!r}; expected a number, 'dask', 'slurm:20' for so many jobs, or "
            "the address of a dask scheduler such as 'tcp://host:8786'"
        )
    return known


def _needed(address: str, module: str, name: str, package: str) -> Any:
    try:
        return getattr(import_module(module), name)
    except ImportError as error:
        raise MissingDependencyError(
            f"cluster {address!r} needs {module.split('.')[0].replace('_', '-')}, which is not "
            f"installed; pip install {package}"
        ) from error
