"""Waiting for Ray in an asyncio actor."""

from __future__ import annotations

import asyncio
from typing import Any

from ray import ObjectRef


async def result(ref: ObjectRef[Any]) -> Any:
    """The value of ``ref``.

    Not ``await ref``: in an asyncio actor that grows memory by kilobytes a call (ray#45895).
    """
    return await asyncio.wrap_future(ref.future())
