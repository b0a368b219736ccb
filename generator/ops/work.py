# SPDX-License-Identifier: GPL-2.0-only
"""Work that a handler or a timer queues (include/linux/workqueue.h)."""

from __future__ import annotations

from dataclasses import replace

from generator.ops.assign import plain

# INIT_WORK() and INIT_DELAYED_WORK() begin with it; the function is an assignment behind it.
INIT_WORK = plain("__init_work")
CANCEL_WORK_SYNC = replace(plain("cancel_work_sync"), sleeps=True)
CANCEL_DELAYED_WORK_SYNC = replace(plain("cancel_delayed_work_sync"), sleeps=True)
