"""Days at the simulated KIS in which anything may go wrong.

``python -m tests.kis_days --seeds 1000``. Three bots trade Korean funds by day and American ones
into the close, in one account, netted, while calls, lists, notices and the process fail in every
way that the host has. Afterwards the books hold what the broker holds, and no order is lost or
doubled. ``--what kills`` and ``--what paper`` play the other two trials.
"""
