"""A Workspace of Workers, TaskQueues and Workflows on the raw server, with lies about each."""

from taskrouter_stats import Credentials, RetryPolicy, TaskRouterSession, etl

from .exports import day
from .raw_server import ACCOUNT, END, START, TOKEN, WORKSPACE, http, page, statistics, worker

ONCE = RetryPolicy(attempts=1)
QUEUES, WORKFLOWS, WORKERS = 3, 2, 2

_LISTS = {
    "/Workers": "workers",
    "/TaskQueues": "task_queues",
    "/Workflows": "workflows",
    "/Activities": "activities",
    "/TaskChannels": "channels",
    "/Channels": "channels",
}


def sid(prefix, number):
    """Return the SID of this kind that tells its number."""
    return f"{prefix}{number:032x}"


def resource(prefix, number, **changes):
    """Return a TaskQueue, a Workflow or a channel as a list holds it."""
    return {
        "sid": sid(prefix, number),
        "account_sid": ACCOUNT,
        "workspace_sid": WORKSPACE,
        "friendly_name": f"{prefix} {number}",
        "date_created": "2026-01-01T00:00:00Z",
        "date_updated": "2026-01-01T00:00:00Z",
        **changes,
    }


def flat(question, **changes):
    """Return the true cumulative statistics of a TaskQueue, a Workflow, a Workspace or Workers."""
    told = {
        "account_sid": ACCOUNT,
        "workspace_sid": WORKSPACE,
        "url": f"https://taskrouter.twilio.com{question.path}",
        "start_time": question.params.get("StartDate", START),
        "end_time": question.params.get("EndDate", END),
        "reservations_created": 7,
        "tasks_completed": 7,
    }
    for prefix, name in (("WQ", "task_queue_sid"), ("WW", "workflow_sid")):
        if question.sid.upper().startswith(prefix):
            told[name] = question.sid
    if "SplitByWaitTime" in question.params:
        sides = {
            "above": {"tasks_canceled": 1, "reservations_accepted": 2},
            "below": {"tasks_canceled": 3, "reservations_accepted": 4},
        }
        asked = question.params["SplitByWaitTime"].split(",")
        told["split_by_wait_time"] = dict.fromkeys(asked, sides)
    return {**told, **changes}


def items_of(name, question):
    """Return the true items of a list."""
    if name == "workers":
        return [worker(number) for number in range(1, WORKERS + 1)]
    if name == "task_queues":
        return [resource("WQ", number) for number in range(1, QUEUES + 1)]
    if name == "workflows":
        return [resource("WW", number) for number in range(1, WORKFLOWS + 1)]
    if name == "channels" and question.path.endswith("/Channels"):
        place = {"worker_sid": question.sid, "task_channel_sid": sid("TC", 1)}
        return [resource("WC", int(question.sid.removeprefix("WK"), 16), **place)]
    return []


def whole(lie=lambda question: None):
    """Answer as a truthful server of a whole Workspace does, unless ``lie`` has an answer."""

    def answer(question):
        said = lie(question)
        if said is not None:
            return said
        for ending, name in _LISTS.items():
            if question.path.endswith(ending):
                return page(name, items_of(name, question))
        if question.sid.startswith("WK"):
            return http(statistics(question))
        return http(flat(question))

    return answer


def open_session(server, **options):
    """Return a session that sends each query once."""
    credentials = Credentials.auth_token(ACCOUNT, TOKEN)
    given = {"retry": ONCE, "base_url": server.url, **options}
    return TaskRouterSession(credentials, **given)


async def export_all(server, sink, windows=None, *, run=None, **options):
    """Export all tables of a day, or those that ``options`` name, and return the report."""
    plan = etl.plan(WORKSPACE, windows or day(3), **options)
    async with open_session(server) as session:
        return await etl.export(session, plan, sink, **(run or {}))


def balanced(report):
    """Return whether the counts of a report, and those of each table, add up to the plan."""
    return all(
        one.planned
        == one.written + one.failed + one.gone + one.expired + one.already_done + one.not_asked
        and one.not_asked >= 0
        for one in (report, *report.tables)
    ) and report.planned == sum(table.planned for table in report.tables)
