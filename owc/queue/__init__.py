"""Delivery over RQ: the only package that knows it. Redis can be flushed; SQL is the truth."""

from __future__ import annotations

from owc.queue.adapter import Queue
from owc.queue.connection import connect, connect_blocking
from owc.queue.server import RedisServer, embedded_url, start_server
from owc.queue.values import (
    CHECKS,
    TASK_QUEUES,
    TASKS,
    Checkpoint,
    Popped,
    QueuedSubJob,
    StartedSubJob,
    Task,
)

__all__ = [
    "CHECKS",
    "TASKS",
    "TASK_QUEUES",
    "Checkpoint",
    "Popped",
    "Queue",
    "QueuedSubJob",
    "RedisServer",
    "StartedSubJob",
    "Task",
    "connect",
    "connect_blocking",
    "embedded_url",
    "start_server",
]
