-- Occupancy by Worker and local day: busy seconds among busy and idle seconds.
--
-- $lake: a folder of Parquet. $busy, $idle: lists of names of Activities.
--
-- Which Activities mean busy is the account's choice. Where Workers stay in one Activity while they
-- handle Tasks, no Activity holds the busy time, and this says nothing.
SELECT
    worker_sid,
    arg_max(worker_name, window_start) AS worker_name,
    task_channel,
    day,
    coalesce(sum(total) FILTER (list_contains($busy, activity_name)), 0) AS busy,
    coalesce(sum(total) FILTER (list_contains($idle, activity_name)), 0) AS idle,
    busy / nullif(busy + idle, 0) AS occupancy
FROM read_parquet($lake || '/worker_activity_durations/**/*.parquet', hive_partitioning = true)
GROUP BY worker_sid, task_channel, day
ORDER BY worker_name, worker_sid, task_channel, day;
