"""Delivery over RQ: the only package that knows it. Redis can be flushed; SQL is the truth."""

from __future__ import annotations

from owc.queue.adapter import CHECKS, TASK_QUEUES, TASKS, Queue, QueuedSubJob, Task
from owc.queue.connection import connect, connect_blocking
from owc.queue.server import RedisServer, embedded_url, start_server

__all__ = [
    "CHECKS",
    "TASKS",
    "TASK_QUEUES",
    "Queue",
    "QueuedSubJob",
    "RedisServer",
    "Task",
    "connect",
    "connect_blocking",
    "embedded_url",
    "start_server",
]
