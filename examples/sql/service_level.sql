-- Service level by queue and hour: the share of the Tasks that were accepted within $seconds.
--
-- $lake: a folder of Parquet with hourly windows. $seconds: one of the thresholds that were fetched.
--
-- late, missed and ignored are three definitions: canceled Tasks count if they waited longer than
-- $seconds, always, or never. taskrouter_stats/etl/measures.py explains them.
--
-- An hour that comes twice, when clocks go back, is two rows with the same local_start: group by
-- window_start, never by local_start. For whole days leave window_start out: the counts add up over
-- windows, the shares do not.
SELECT
    task_queue_sid,
    arg_max(task_queue_name, window_start) AS task_queue_name,
    task_channel,
    day,
    window_start,
    timezone(any_value(tz), window_start) AS local_start,
    sum(below_reservations_accepted) AS accepted_within,
    sum(above_reservations_accepted) AS accepted_after,
    sum(below_tasks_canceled) AS canceled_within,
    sum(above_tasks_canceled) AS canceled_after,
    accepted_within / nullif(accepted_within + accepted_after + canceled_after, 0) AS late,
    accepted_within
        / nullif(accepted_within + accepted_after + canceled_within + canceled_after, 0) AS missed,
    accepted_within / nullif(accepted_within + accepted_after, 0) AS ignored
FROM read_parquet($lake || '/task_queue_wait_splits/**/*.parquet', hive_partitioning = true)
WHERE threshold = $seconds
    AND below_reservations_accepted + above_reservations_accepted IS NOT NULL
    AND below_tasks_canceled + above_tasks_canceled IS NOT NULL
GROUP BY task_queue_sid, task_channel, day, window_start
ORDER BY task_queue_name, task_queue_sid, task_channel, window_start;
