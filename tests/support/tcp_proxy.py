"""A TCP proxy that delays, cuts or swallows what a server answers."""

import asyncio
from contextlib import asynccontextmanager, suppress


class TcpProxy:
    """A proxy to a port of this machine; its attributes change what happens from now on.

    Attributes:
        port: the port that it listens on.
        delay: seconds before the server's bytes go on to the client.
        cut_after: bytes of the server's next answer that go on before the proxy closes the
            connection, once; None: all of them.
        connections: connections that it has accepted.
        answers: chunks that the server has sent.
    """

    def __init__(self, upstream):
        self._upstream = upstream
        self._tasks = set()
        self.port = 0
        self.delay = 0.0
        self.cut_after = None
        self.connections = 0
        self.answers = 0

    @asynccontextmanager
    async def running(self, ssl=None):
        """Listen, with TLS if ``ssl`` is given; yield the proxy."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=ssl)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await asyncio.sleep(0)  # a connection that was just accepted gets its task
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await server.wait_closed()
            await asyncio.sleep(0)  # closed transports let go of their sockets

    def _accept(self, reader, writer):
        self.connections += 1
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(lambda _: writer.close())  # it may end before its first step

    async def _serve(self, reader, writer):
        try:
            upstream, out = await asyncio.open_connection("127.0.0.1", self._upstream)
        except OSError:
            writer.close()
            return
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._forward(reader, out))
                group.create_task(self._answer(upstream, writer))
        except* ConnectionError:
            pass
        finally:
            for end in (writer, out):
                end.close()
                with suppress(ConnectionError):
                    await end.wait_closed()

    async def _forward(self, reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
        raise ConnectionResetError  # ends the other direction too

    async def _answer(self, reader, writer):
        while data := await reader.read(65536):
            self.answers += 1
            await asyncio.sleep(self.delay)
            if self.cut_after is not None:
                writer.write(data[: self.cut_after])
                self.cut_after = None
                break
            writer.write(data)
        raise ConnectionResetError
