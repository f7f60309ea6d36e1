-- Acceptance rate by Worker and local day: accepted among the Reservations that the Worker decided.
--
-- $lake: a folder of Parquet.
--
-- Reservations that were canceled, rescinded, or open at the window's end were not decided. Divided
-- by reservations_created instead, they count against the Worker.
SELECT
    worker_sid,
    arg_max(worker_name, window_start) AS worker_name,
    task_channel,
    day,
    sum(reservations_created) AS reservations_created,
    sum(reservations_accepted) AS accepted,
    sum(reservations_rejected) AS rejected,
    sum(reservations_timed_out) AS timed_out,
    accepted / nullif(accepted + rejected + timed_out, 0) AS acceptance_rate
FROM read_parquet($lake || '/worker_statistics/**/*.parquet', hive_partitioning = true)
WHERE reservations_accepted + reservations_rejected + reservations_timed_out IS NOT NULL
GROUP BY worker_sid, task_channel, day
ORDER BY worker_name, worker_sid, task_channel, day;
