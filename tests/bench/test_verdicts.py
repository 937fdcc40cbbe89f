"""A figure that is not as it must be ends in exit status 1, and in words that say which."""

import os
from dataclasses import replace

import pytest

from tests.bench import start_time
from tests.bench.open_transaction import Held
from tests.bench.processor_time import CoreShare, cpu_seconds
from tests.bench.snapshot_memory import Seen
from tests.support.sizes import Size

_FINE = Seen(
    "main",
    Size(task_cpu=1024, task_memory=3072, container_cpu=512, container_memory=2560),
    rows=100,
    tasks={("a", 1)},
    resident=900 << 20,
    distinct=100,
    running=True,
)


def test_a_snapshot_without_loss_in_one_worker_is_as_it_must_be():
    assert _FINE.wrong() == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"killed": True}, "was killed or replaced"),
        ({"tasks": {("a", 1), ("b", 2)}}, "was killed or replaced"),
        ({"tasks": {("a", 1), ("a", 2)}}, "was killed or replaced"),
        ({"tasks": set()}, "was killed or replaced"),
        ({"stopped": ["Essential container in task exited (137)"]}, "(137)"),
        ({"running": False}, "do not run"),
        ({"distinct": 99}, "1 of 100 rows are missing"),
        ({"again": 3}, "3 rows came more than once"),
        ({"other": 2}, "2 records are not of a snapshot"),
        ({"database_share": 1.2}, "the stand-in took 1.20 cores"),
        ({"resident": 2561 << 20}, "peak 2561 MiB is more than the limit"),
    ],
)
def test_whatever_else_is_said(change: dict[str, object], words: str):
    (wrong,) = replace(_FINE, **change).wrong()  # type: ignore[arg-type]
    assert words in wrong


def test_the_ratio_of_both_starts_is_that_of_their_medians():
    ours = {"/": [4.0, 1.0, 5.0], "/connectors": [8.0]}
    default = {"/": [8.0], "/connectors": [8.0]}
    times = {start_time.OURS: ours, start_time.DEFAULT: default}
    assert start_time.report(times, as_json=False) == {"/": 0.5, "/connectors": 1.0}


_HELD = Held(
    "main",
    _FINE.size,
    tasks={("a", 1)},
    changes=100,
    held=100,
    heap_before=50 << 20,
    heap_held=150 << 20,
    arrived=100,
)


def test_a_transaction_that_a_worker_holds_and_brings_once_is_as_it_must_be():
    assert _HELD.wrong() == []
    assert _HELD.each == 1 << 20


def test_a_worker_that_ends_before_the_alarm_is_said():
    ended = replace(_HELD, stopped=["Essential container in task exited (3)"], percent=59)
    assert "without a word before: the product's figure was 59 %" in ended.wrong()[0]


def test_a_worker_that_ends_before_the_heaps_alarm_is_said():
    ended = replace(_HELD, stopped=["Essential container in task exited (3)"], percent=61, heap_most=84)
    assert "of the heap the product had said 84 %" in ended.wrong()[0]


def test_an_idle_worker_near_the_heaps_alarm_is_said():
    (wrong,) = replace(_HELD, heap_idle=43).wrong()
    assert wrong == "an idle worker's heap is at 43 %"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tasks": {("a", 1), ("b", 2)}}, "the worker ended"),
        ({"stopped": ["Essential container in task exited (3)"], "percent": 61, "heap_most": 99}, "(3)"),
        ({"arrived": 99}, "1 of 100 changes are missing"),
        ({"again": 3}, "3 changes came more than once"),
    ],
)
def test_whatever_else_becomes_of_a_transaction_is_said(change: dict[str, object], words: str):
    (wrong,) = replace(_HELD, **change).wrong()  # type: ignore[arg-type]
    assert words in wrong


def test_work_shows_in_the_share_of_a_core():
    share = CoreShare(os.getpid())
    before = cpu_seconds(os.getpid())
    while cpu_seconds(os.getpid()) < before + 0.05:
        pass
    assert share() > 0
