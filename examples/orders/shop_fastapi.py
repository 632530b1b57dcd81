"""The same shop with FastAPI and SQLAlchemy: `uvicorn shop_fastapi:app`."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import stock
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, StreamingResponse
from invoices import Invoice
from pydantic import BaseModel
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from haulage import AsyncClient, submit_in

HERE = Path(__file__).parent
url = make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+psycopg")
engine = create_async_engine(url)
sessions = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    """The shop's tables."""


class Order(Base):
    """One article that somebody has ordered."""

    __tablename__ = "shop_orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    article: Mapped[str]


class NewOrder(BaseModel):
    """What a customer sends."""

    article: str


class Placed(BaseModel):
    """The order's number, and the job that sends its invoice."""

    order: int
    job: UUID


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """The tables, and a client of Haulage's API for as long as the shop is open."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with AsyncClient() as app.state.haulage:
        yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.post("/orders", status_code=201)
async def place_order(new: NewOrder) -> Placed:
    """Store the order and submit its invoice, or neither."""
    try:
        async with sessions.begin() as session:
            order = Order(article=new.article)
            session.add(order)
            await session.flush()
            invoice = Invoice(order=order.id, article=new.article)
            job_id = await submit_in(session, "send_invoice", invoice)
            stock.take(new.article)
    except stock.OutOfStock:
        raise HTTPException(409, f"There is no {new.article} left.") from None
    return Placed(order=order.id, job=job_id)


@app.get("/jobs/{job_id}/progress")
async def progress(job_id: UUID, request: Request) -> StreamingResponse:
    """The job's events for a browser, which comes back with the last id when a line breaks."""
    after = int(request.headers.get("last-event-id", 0))
    stream = app.state.haulage.stream(job_id, after=after)

    async def lines() -> AsyncIterator[str]:
        async for event in stream:
            data = json.dumps(event.data)
            yield f"id: {event.id}\nevent: {event.event}\ndata: {data}\n\n"

    return StreamingResponse(
        lines(), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )


@app.get("/")
async def page() -> FileResponse:
    """The page that shows it."""
    return FileResponse(HERE / "progress.html")
