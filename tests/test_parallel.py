"""Work shared out gives what a plain loop gives, holds little at a time, and stops when told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import types
import typing
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from seqgen.errors import InputError, MissingDependencyError, SeqgenError
from seqgen.parallel import checked_shard, map_tasks, parse_shard, shard_slice


def square(number):
    return number * number


def fail_at_seven(number):
    if number == 7:
        raise InputError("seven")
    return number


# --- shards --------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "shard"), [("2/5", (2, 5)), (" 1 / 1 ", (1, 1)), ("9/9", (9, 9))])
def test_shards_are_read(text, shard):
    assert parse_shard(text) == shard


@pytest.mark.parametrize("text", ["", "2", "2/", "/5", "0/5", "6/5", "-1/5", "1/0", "a/b", "1/2/3"])
def test_what_is_no_shard_is_told_what_one_is(text):
    with pytest.raises(InputError, match=r"expected \(?i(/|, )N"):
        parse_shard(text)


@pytest.mark.parametrize("shard", [(0, 2), (3, 2), (1, 0), 3, (1,), (1.5, 2), ("1", 2), None])
def test_shards_of_the_wrong_kind(shard):
    with pytest.raises(InputError, match="shard is"):
        checked_shard(shard)


@given(st.integers(1, 300), st.data())
def test_shards_cover_all_once_and_are_about_equal(count, data):
    of = data.draw(st.integers(1, count))
    parts = [range(count)[shard_slice(count, (k, of))] for k in range(1, of + 1)]
    assert [place for part in parts for place in part] == list(range(count))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_no_shard_is_everything_and_too_many_are_refused():
    assert range(7)[shard_slice(7, None)] == range(7)
    with pytest.raises(InputError, match=r"8 shards of 7 proteins; expected at most 7"):
        shard_slice(7, (1, 8), what="proteins")


# --- the order, errors and memory of shared work -------------------------------------------


@pytest.mark.parametrize("workers", [1, 2, 5, None])
def test_results_come_in_the_order_of_the_tasks(workers):
    def slow_at_first(number):
        time.sleep(0.01 if number < 3 else 0.0)
        return square(number)

    told = []
    out = map_tasks(slow_at_first, range(20), workers=workers, progress=lambda *at: told.append(at))
    assert list(out) == [square(k) for k in range(20)]
    assert told == [(k, 20) for k in range(1, 21)]


def test_processes_give_the_same():
    assert list(map_tasks(square, range(9), workers=2, kind="processes")) == [
        square(k) for k in range(9)
    ]


@pytest.mark.parametrize("workers", [1, 3])
def test_the_first_error_comes_through_after_the_results_before_it(workers):
    out = map_tasks(fail_at_seven, range(1000), workers=workers)
    got = []
    with pytest.raises(InputError, match="seven"):
        got.extend(out)
    assert got == list(range(7))


@pytest.mark.parametrize("workers", [1, 2])
def test_tasks_are_drawn_as_they_are_needed(workers):
    drawn = []

    def tasks():
        for k in range(100):
            drawn.append(k)
            yield k

    results = map_tasks(square, tasks(), workers=workers)
    assert drawn == []
    for _ in range(10):
        next(results)
    assert len(drawn) <= 10 + 2 * workers
    results.close()
    assert len(drawn) < 20


def test_one_worker_is_this_thread_and_several_are_others():
    mine = threading.get_ident()
    assert set(map_tasks(lambda _: threading.get_ident(), range(3), workers=1)) == {mine}
    assert mine not in set(map_tasks(lambda _: threading.get_ident(), range(3), workers=2))


def blas_threads(_):
    from threadpoolctl import threadpool_info

    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_several_workers_leave_one_thread_to_each_call_of_blas(kind):
    import numpy as np

    assert np.ones(2) @ np.ones(2) == 2
    with threadpool_limits(2, user_api="blas"):
        assert set(blas_threads(0)) == {2}
        for counts in map_tasks(blas_threads, range(4), workers=2, kind=kind):
            assert set(counts) == {1}
        assert set(blas_threads(0)) == {2}
        assert set(next(map_tasks(blas_threads, [0], workers=1))) == {2}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"workers": 0}, "workers is 0; expected at least 1"),
        ({"workers": 1.5}, "workers is 1.5; expected a number"),
        ({"workers": True}, "workers is True; expected a number"),
        ({"workers": "many"}, "workers is 'many'; expected a number, 'dask'"),
        ({"kind": "fibres"}, "kind is 'fibres'; expected one of threads, processes"),
    ],
)
def test_arguments_are_refused_before_anything_is_done(arguments, message):
    with pytest.raises(InputError, match=message):
        map_tasks(square, [1], **arguments)


def test_ctrl_c_stops_and_drops_what_has_not_begun():
    code = """
import os, signal, threading, time
from seqgen.parallel import map_tasks
# A test run in the background has SIGINT ignored, and its children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
done = []
def task(k):
    time.sleep(0.05); done.append(k); return k
threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    list(map_tasks(task, range(1000), workers=2))
except KeyboardInterrupt:
    print(len(done) < 50)
"""
    begin = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("True", "")
    assert time.monotonic() - begin < 20


@pytest.mark.skipif(os.name == "nt", reason="a process group is sent SIGINT as a terminal does it")
def test_ctrl_c_in_a_terminal_ends_processes_without_their_tracebacks(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("""
import signal, time
from seqgen.parallel import map_tasks
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for _ in map_tasks(time.sleep, [0.01] + [60.0] * 9, workers=2, kind="processes"):
            print("begun", flush=True)
    except KeyboardInterrupt:
        print("stopped")
""")
    process = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout.readline() == "begun\n", process.communicate(timeout=30)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (out, err) == ("stopped\n", "")


# --- clusters ------------------------------------------------------------------------------


class Cluster:
    """As a dask client is used: data go there once, tasks by reference to them."""

    def __init__(self):
        self.pool, self.sent, self.submitted = ThreadPoolExecutor(2), [], 0

    def nthreads(self):
        return {"a": 1, "b": 1}

    def scatter(self, data):
        raise AssertionError("what is scattered dies with the worker that has it")

    def submit(self, function, *given, pure):
        there, *task = given
        if not task:  # the function itself, as the result of a task
            self.sent.append(there)
            done = Future()
            done.set_result(function(there))
            return done
        self.submitted += 1
        return self.pool.submit(function, there.result(), *task)


def test_a_client_is_sent_the_function_once_and_a_few_tasks_at_a_time():
    cluster = Cluster()
    results = map_tasks(square, range(30), workers=cluster)
    assert next(results) == 0
    assert cluster.submitted == 4
    assert list(results) == [square(k) for k in range(1, 30)]
    assert len(cluster.sent) == 1


def test_tasks_of_a_cluster_that_have_not_begun_are_called_off():
    cluster = Cluster()
    cluster.pool = ThreadPoolExecutor(1)
    begun, go_on, futures = threading.Event(), threading.Event(), []
    submit = cluster.submit
    cluster.submit = lambda *a, **k: futures.append(submit(*a, **k)) or futures[-1]

    def wait(number):
        if number:
            begun.set()
            go_on.wait(20)
        return number

    results = map_tasks(wait, range(30), workers=cluster)
    assert next(results) == 0
    assert begun.wait(20)
    results.close()
    go_on.set()
    cluster.pool.shutdown()
    assert [future.cancelled() for future in futures[1:]] == [False, False, True, True]


def test_anything_that_submits_will_do():
    with ThreadPoolExecutor(3) as pool:
        assert list(map_tasks(square, range(30), workers=pool)) == [square(k) for k in range(30)]
        assert pool.submit(square, 3).result() == 9  # still open


@pytest.mark.parametrize("workers", ["dask", "tcp://10.0.0.1:8786"])
def test_without_dask_the_command_that_installs_it_is_named(workers, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask", None)
    monkeypatch.setitem(sys.modules, "dask.distributed", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'dask\[distributed\]'"):
        map_tasks(square, [1], workers=workers)


@pytest.mark.parametrize("address", ["slurm:0", "slurm:", "slurm:many", "daskk", "host:8786", ""])
def test_what_is_no_cluster_is_told_what_one_is(address):
    with pytest.raises(InputError, match="expected a number, 'dask', 'slurm:20'"):
        map_tasks(square, [1], workers=address)


def dask_stand_in(monkeypatch, client):
    module = types.ModuleType("dask.distributed")
    module.Client = client
    monkeypatch.setitem(sys.modules, "dask", types.ModuleType("dask"))
    monkeypatch.setitem(sys.modules, "dask.distributed", module)


class Opened(Cluster):
    """A cluster that knows where it was opened and whether it was closed."""

    all: typing.ClassVar[list] = []

    def __init__(self, address=None, **options):
        super().__init__()
        self.address, self.closed = address, False
        Opened.all.append(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closed = True


def test_slurm_begins_as_many_jobs_and_ends_them(monkeypatch):
    class SLURMCluster(Opened):
        jobs = 0

        def scale(self, jobs):
            self.jobs = jobs

    module = types.ModuleType("dask_jobqueue")
    module.SLURMCluster = SLURMCluster
    monkeypatch.setitem(sys.modules, "dask_jobqueue", module)
    dask_stand_in(monkeypatch, Opened)
    Opened.all.clear()
    assert list(map_tasks(square, range(5), workers="slurm:3")) == [0, 1, 4, 9, 16]
    jobs, client = Opened.all
    assert (jobs.jobs, client.address) == (3, jobs)
    assert jobs.closed
    assert client.closed
    monkeypatch.setitem(sys.modules, "dask_jobqueue", None)
    with pytest.raises(MissingDependencyError, match=r"needs dask-jobqueue.*pip install dask"):
        map_tasks(square, [1], workers="slurm")


def test_a_scheduler_that_does_not_answer_is_told(monkeypatch):
    def refuse(address):
        raise OSError("timed out")

    dask_stand_in(monkeypatch, refuse)
    with pytest.raises(InputError, match=r"cluster 'tcp://x:1': no scheduler answers there"):
        map_tasks(square, [1], workers="tcp://x:1")


def test_a_task_that_ends_its_workers_is_told_in_one_line():
    class KilledWorker(Exception):
        pass

    def end(_):
        raise KilledWorker("('task', 4)")

    with pytest.raises(SeqgenError, match="ended several workers in turn, most likely for want of"):
        list(map_tasks(end, [1], workers=Cluster()))


_KILLING = """
import os, signal, sys
from seqgen.parallel import map_tasks

def work(task):
    number, begun = task
    if number in (1, 4) and not os.path.exists(begun):
        open(begun, "x").close()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number

if __name__ == "__main__":
    from dask.distributed import Client, LocalCluster
    tasks = [(k, os.path.join(sys.argv[1], str(k))) for k in range(9)]
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as there, Client(there) as client:
        print(*map_tasks(work, tasks, workers=client))
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX's")
def test_workers_that_are_killed_lose_nothing(tmp_path):
    pytest.importorskip("distributed", reason="needs dask")
    (tmp_path / "script.py").write_text(_KILLING)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "script.py"), str(tmp_path)], capture_output=True,
        text=True, timeout=300, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.stdout.split() == [str(k * k) for k in range(9)], done.stderr
    assert (tmp_path / "1").exists()
    assert (tmp_path / "4").exists()
