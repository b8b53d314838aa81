"""A graph run by the service: posted, followed, answered, to its end."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tailrace.shared.events import decode
from tailrace.shared.jobs import JobId
from tailrace.shared.redis import keys
from tests.corpus.alone import FAILURES, How
from tests.corpus.case import Case
from tests.corpus.counting import counted
from tests.corpus.house import House
from tests.corpus.normal import Told
from tests.corpus.observed import Observed, Stopped

ACCEPTED: Final = 202
BLOCK_MS: Final = 1000


@dataclass(slots=True)
class Served:
    """One job, as it is followed."""

    house: House
    case: Case
    how: How
    max_attempts: int = FAILURES
    job_id: JobId | None = None
    seen: Observed = field(default_factory=Observed)
    told: list[tuple[int, Told]] = field(default_factory=list[tuple[int, Told]])
    """The log, as far as it has been read."""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def posted(self) -> JobId:
        """The id of the job, which has been accepted."""
        assert self.job_id is not None
        return self.job_id

    @property
    def seq(self) -> int:
        """Number of the last event that has been read."""
        return self.told[-1][0] if self.told else 0

    async def post(self) -> None:
        """Have the job accepted.

        Raises:
            Refused: it is not.
        """
        config = {k: list(v) if k == "tags" else v for k, v in self.case.config.items()}
        body = {"graph": self.case.name, "input": self.case.input, "stream": list(self.how.modes)}
        more = {"config": config, "metadata": dict(self.case.metadata), **self.case.asked}
        answer = await self._post("/jobs", {**body, **more, "max_attempts": self.max_attempts})
        self.job_id = JobId(answer["id"])

    async def run(self) -> Observed:
        """Follow the job to its end, and answer whatever it asks."""
        try:
            await self._follow()
        except Refused as refused:
            self.seen.outcome, self.seen.error = "refused", str(refused)
        self.seen.ran = counted(self.posted)
        return self.seen

    async def reached(self, seq: int) -> None:
        """Wait until the log has this number, or the job has ended."""
        while self.seq < seq and self.seen.outcome == "running":
            self.news.clear()
            await self.news.wait()

    async def log(self) -> list[Told]:
        """The whole log as the store has it."""
        entries = await self.house.redis.xrange(keys.log(self.posted))
        return [Told(fields[b"e"].decode(), decode(fields[b"d"])) for _, fields in entries]

    async def _follow(self) -> None:
        async for seq, event in self._events():
            self.told.append((seq, event))
            self.news.set()
            match event.name:
                case "status":
                    await self._status(seq, event.data)
                case "end":
                    self._end(event.data)
                    return
                case _:
                    self.seen.parts[-1].append(event)

    async def _events(self) -> AsyncGenerator[tuple[int, Told]]:
        key, last = keys.log(self.posted), "0-0"
        while True:
            found: Any = await self.house.redis.xread({key: last}, count=500, block=BLOCK_MS)
            entries: Any = found[0][1] if found else []
            for id_, fields in entries:
                last = id_
                name = fields[b"e"].decode()
                yield int(id_.split(b"-")[0]), Told(name, decode(fields[b"d"]))

    async def _status(self, seq: int, told: Mapping[str, Any]) -> None:
        if told["status"] == "running":
            self.seen.parts.append([])
        if told["status"] == "waiting":
            await self._answer(seq)

    async def _answer(self, seq: int) -> None:
        job = (await self.house.client.get(f"/jobs/{self.job_id}")).json()
        asked = job.get("interrupts", [])
        questions = [interrupt["value"] for interrupt in asked]
        self.seen.stops.append(Stopped(questions, job.get("next", [])))
        given = {interrupt["id"]: self.case.answer(interrupt["value"]) for interrupt in asked}
        body: dict[str, Any] = {"values": given} if given else {"after": seq}
        await self._post(f"/jobs/{self.job_id}/resume", body)

    def _end(self, told: Mapping[str, Any]) -> None:
        self.seen.outcome, self.seen.result = told["status"], told.get("result")
        if error := told.get("error"):
            self.seen.error = f"{error['type']} {error['retryable']}"
            self.seen.why = self.house.why(self.posted)

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = await self.house.client.post(path, json=body)
        if answer.status_code != ACCEPTED:
            raise Refused(f"{path}: {answer.status_code} {answer.text[:300]}")
        return answer.json()


class Refused(Exception):
    """The service does not take what LangGraph takes."""
