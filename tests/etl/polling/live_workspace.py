"""A Workspace's real-time answers over a fake transport."""

from urllib.parse import urlsplit

import orjson

from tests.support.fakes import ACCOUNT, WORKSPACE, reply

__all__ = ["LiveWorkspace", "queue_sid", "worker_sid", "workflow_sid"]

ACTIVITY = "WA" + "e" * 32


def queue_sid(number):
    """Return the SID of a numbered TaskQueue."""
    return f"WQ{number:032x}"


def workflow_sid(number):
    """Return the SID of a numbered Workflow."""
    return f"WW{number:032x}"


def worker_sid(number):
    """Return the SID of a numbered Worker."""
    return f"WK{number:032x}"


class LiveWorkspace:
    """Answers every request of a poll; ``odd`` replaces the answer to a path's end.

    Attributes:
        queues: numbers of the TaskQueues.
        workers: numbers of the Workers.
        workflows: numbers of the Workflows.
        odd: replies, errors or functions of the request by ``METHOD /end/of/path``.
        asked: the method and the end of each path that was requested.
    """

    def __init__(self, queues=range(3), workers=range(4), workflows=range(2)):
        self.queues, self.workers, self.workflows = list(queues), list(workers), list(workflows)
        self.odd, self.asked = {}, []

    def __call__(self, request):
        """Answer one request."""
        end = urlsplit(request.target).path.removeprefix(f"/v1/Workspaces/{WORKSPACE}")
        self.asked.append(f"{request.method} {end}")
        odd = self.odd.get(f"{request.method} {end}")
        if odd is not None:
            return odd(request) if callable(odd) else odd
        return reply(200, self._payload(end, request), date="Thu, 26 Nov 2026 08:00:00 GMT")

    def _payload(self, end, request):
        owner = {"account_sid": ACCOUNT, "workspace_sid": WORKSPACE}
        lists = {
            "/TaskQueues": ("task_queues", map(queue_sid, self.queues)),
            "/Workers": ("workers", map(worker_sid, self.workers)),
            "/Workflows": ("workflows", map(workflow_sid, self.workflows)),
        }
        if end in lists and request.body is None:
            key, sids = lists[end]
            items = [{**owner, "sid": sid, "friendly_name": f"name of {sid[-1]}"} for sid in sids]
            for item in items:
                item |= {"activity_sid": ACTIVITY, "date_status_changed": "2026-11-26T07:59:00Z"}
            return {key: items, "meta": {"key": key, "next_page_url": None}}
        if request.body is not None:
            asked = orjson.loads(request.body)["queueSids"]
            known = {queue_sid(number) for number in self.queues}
            data = [{"task_queue_sid": sid, **self.tasks()} for sid in asked if sid in known]
            return {**owner, "task_queue_data": data, "task_queue_response_count": len(data)}
        workflow = {"workflow_sid": end.split("/")[2]} if end.startswith("/Workflows/") else {}
        return {**owner, **workflow, **self.tasks()}

    @staticmethod
    def tasks():
        """Return real-time counts."""
        activity = {"sid": ACTIVITY, "friendly_name": "Idle", "workers": 3}
        return {
            "total_tasks": 5,
            "tasks_by_status": {"pending": 5},
            "tasks_by_priority": {"0": 5},
            "activity_statistics": [activity],
            "total_workers": 3,
        }
