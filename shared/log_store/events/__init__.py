"""A job's log: events numbered 1, 2, 3 without a gap.

event_log   append under a fence, read
log_reader  waits at the ends of many logs with one blocked read
append      events under the fence, numbered
close       the attempt's last event, `end`
wake        ends a read that blocks
"""
