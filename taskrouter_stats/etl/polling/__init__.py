"""Polling: real-time statistics, which the server keeps no history of, as history.

At each beat a poll takes one snapshot: it fetches the real-time statistics, and stores all rows
with the same ``snapshot_time``. ``beat`` decides when, ``taker`` fetches, ``store`` makes the rows
durable, and ``poll`` does the three in turn.
"""
