"""Takes events by HTTP and stores them in Kafka, as a FastAPI service does; one of two ways to wait for it."""

import contextlib
import json
import platform
import sys
from importlib.metadata import version

import orjson
import uvicorn
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI
from pydantic import BaseModel, Field

LIBRARIES = ("fastapi", "uvicorn", "uvloop", "httptools", "pydantic", "aiokafka", "orjson")


class Event(BaseModel):
    device_id: str = Field(min_length=1, max_length=128)
    timestamp: float = Field(ge=946_684_800, lt=4_102_444_800)
    hr: float | None = Field(None, ge=1, le=300)
    steps: int | None = Field(None, ge=0, le=1_000_000_000)
    state: str | None = Field(None, max_length=64)
    sequence: int | None = Field(None, ge=0)


def application(topic, brokers, flushes):
    # The same durability and the same wait for others as ours: acks=all, idempotent, 5 ms.
    producer = None

    @contextlib.asynccontextmanager
    async def lifespan(_app):
        nonlocal producer
        linger = 0 if flushes else 5
        producer = AIOKafkaProducer(
            bootstrap_servers=brokers, acks="all", enable_idempotence=True, linger_ms=linger
        )
        await producer.start()
        yield
        await producer.stop()

    app = FastAPI(lifespan=lifespan)

    @app.get("/healthz")
    async def healthz():
        return {"status": "ok"}

    @app.post("/stream")
    async def stream(event: Event):
        value = orjson.dumps(event.model_dump(exclude_none=True))
        stored = await producer.send(topic, value, key=event.device_id.encode())
        if flushes:
            await producer.flush()
        await stored
        return {"status": "accepted"}

    return app


def main(options):
    versions = {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}
    print(json.dumps({"versions": versions}), flush=True)
    app = application(options["topic"], options["brokers"], options["flushes"])
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=options["port"],
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
