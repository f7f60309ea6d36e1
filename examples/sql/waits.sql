-- Tasks and waits by queue and local day, from windows of any length.
--
-- $lake: a folder of Parquet.
--
-- A mean is weighted: the sum of the totals over the sum of the Tasks. A minimum leaves out windows
-- without a Task, whose minimum is 0. A median or a percentile of a day can't be made from windows.
SELECT
    task_queue_sid,
    arg_max(task_queue_name, window_start) AS task_queue_name,
    task_channel,
    day,
    sum(tasks_entered) AS tasks_entered,
    sum(reservations_accepted) AS reservations_accepted,
    sum(tasks_canceled) AS tasks_canceled,
    sum(wait_duration_until_accepted_total) FILTER (reservations_accepted IS NOT NULL)
        / nullif(sum(reservations_accepted) FILTER (wait_duration_until_accepted_total IS NOT NULL), 0)
        AS mean_wait_until_accepted,
    sum(wait_duration_until_canceled_total) FILTER (tasks_canceled IS NOT NULL)
        / nullif(sum(tasks_canceled) FILTER (wait_duration_until_canceled_total IS NOT NULL), 0)
        AS mean_wait_until_canceled,
    min(wait_duration_until_accepted_min) FILTER (reservations_accepted > 0)
        AS min_wait_until_accepted,
    max(wait_duration_until_accepted_max) AS max_wait_until_accepted
FROM read_parquet($lake || '/task_queue_statistics/**/*.parquet', hive_partitioning = true)
GROUP BY task_queue_sid, task_channel, day
ORDER BY task_queue_name, task_queue_sid, task_channel, day;
