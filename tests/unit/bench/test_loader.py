"""The load of the benchmarks, against servers of a few lines."""

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from itertools import repeat

import pytest

from bench import loader
from bench.loader import Closed, Stream, UnexpectedAnswerError, is_whole, measure, open_loop

HEAD = b"GET / HTTP/1.1\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@contextmanager
def answering(answer: Callable[[int], bytes]):
    """A server that takes one head at a time on each connection; `answer` is given how many came before."""
    numbers, lock = iter(range(1 << 30)), threading.Lock()

    def serve(connection: socket.socket) -> None:
        with connection:
            while True:
                try:
                    if not connection.recv(4096):
                        return
                    with lock:
                        number = next(numbers)
                    connection.sendall(answer(number))
                except OSError:
                    return

    def accept(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        acceptor = threading.Thread(target=accept, args=(listener,), daemon=True)
        acceptor.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        acceptor.join(5)


@pytest.mark.parametrize(
    ("answer", "whole"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (ANSWER, True),
        (b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 3\r\n\r\nno\n", True),
        (b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 3\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", False),
        (b"", False),
    ],
)
def test_an_answer_is_whole_with_its_body(answer, whole):
    assert is_whole(answer) is whole


def test_as_many_are_asked_as_was_said():
    asked = []
    with answering(lambda number: asked.append(number) or ANSWER) as port:
        load = Closed(port, connections=4)
        assert load.ask(repeat(HEAD), (200,), times=50) == 50
        load.close()
    assert len(asked) == 50


def test_no_more_are_asked_than_there_are_connections_for():
    with answering(lambda _: ANSWER) as port:
        load = Closed(port, connections=4)
        assert load.ask(repeat(HEAD), (200,), times=3) == 3
        load.close()


def test_another_answer_than_the_row_is_about_ends_the_run():
    with answering(lambda number: ANSWER if number < 9 else b"HTTP/1.1 401 no\r\nContent-Length: 0\r\n\r\n") as port:
        load = Closed(port, connections=2)
        with pytest.raises(UnexpectedAnswerError, match="401"):
            load.ask(repeat(HEAD), (200,), times=50)
        load.close()


@pytest.mark.parametrize("is_patient", [True, False])
def test_who_is_patient_asks_once_more_where_there_was_no_time(is_patient, monkeypatch):
    monkeypatch.setattr(loader, "PAUSE_S", 0.0)
    busy, asked = b"HTTP/1.1 503 busy\r\nContent-Length: 0\r\n\r\n", []
    with answering(lambda number: asked.append(number) or (busy if number in {2, 3, 9} else ANSWER)) as port:
        load = Closed(port, connections=1)
        if is_patient:
            assert load.ask(repeat(HEAD), (200,), times=10, is_patient=True) == 10
            assert len(asked) == 13
        else:
            with pytest.raises(UnexpectedAnswerError, match="503"):
                load.ask(repeat(HEAD), (200,), times=10)
        load.close()


def test_a_sample_is_the_cpu_time_of_the_processes_for_one_answer():
    def work(_: int) -> bytes:
        until = time.thread_time() + 0.002
        while time.thread_time() < until:
            pass
        return ANSWER

    with answering(work) as port:
        load = Closed(port, connections=1)
        sample = measure(load, repeat(HEAD), statuses=(200,), pids=[os.getpid()], times=20, seconds=9)
        load.close()
    assert sample.cpu_us >= 2_000


def test_a_stall_counts_for_every_request_that_it_held_up():
    def stall_once(number: int) -> bytes:
        if number == 0:
            time.sleep(0.2)
        return ANSWER

    with answering(stall_once) as port:
        stream = Stream(port=port, rate_per_s=100, heads=repeat(HEAD), statuses=(200,), connections=1)
        open_loop([stream], 0.1)
    assert len(stream.latencies_s) == 10
    # Sent one after the other, all but the first were answered at once; they were due up to 0.1 s before that.
    assert min(stream.latencies_s) >= 0.1


def test_streams_run_beside_each_other_at_rates_of_their_own():
    with answering(lambda _: ANSWER) as port:
        streams = [
            Stream(port=port, rate_per_s=rate, heads=repeat(HEAD), statuses=(200,), connections=4) for rate in (100, 50)
        ]
        open_loop(streams, 0.2)
    assert [len(stream.latencies_s) for stream in streams] == [20, 10]
