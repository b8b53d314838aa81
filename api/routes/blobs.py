"""A job's large values, as its events refer to them."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tailrace.api.dependencies import ServicesDep, find_job, reader
from tailrace.shared.errors import BlobNotFound
from tailrace.shared.log_store.blobs.blob_store import Blob

router = APIRouter()

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,9}")
_ENDINGS: Final = {
    "application/json": "json",
    "application/pdf": "pdf",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "image/gif": "gif",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "text/plain": "txt",
    "video/mp4": "mp4",
}
"""Types served as they are, none of which a browser would run. All others are served as bytes."""
_BYTES: Final = "application/octet-stream"

Reader = Annotated[str, Depends(reader)]


@router.api_route("/jobs/{job_id}/blobs/{number}", methods=["GET", "HEAD"])
async def get_blob(
    request: Request, services: ServicesDep, tenant: Reader, job_id: str, number: str
) -> Response:
    """The blob's bytes, as they were in the event."""
    job = await find_job(services, job_id, tenant)
    if not _NUMBER.fullmatch(number):
        raise BlobNotFound
    blob = await services.blobs.find(job.id, int(number))
    headers = _headers(blob)
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    headers["Content-Length"] = str(blob.size)
    if request.method == "HEAD":
        return Response(headers=headers)
    return StreamingResponse(services.blobs.pieces(job.id, blob), headers=headers)


def _headers(blob: Blob) -> dict[str, str]:
    ending = _ENDINGS.get(blob.media_type)
    media_type = blob.media_type if ending else _BYTES
    charset = "; charset=utf-8" if media_type == "text/plain" else ""
    return {
        "Content-Type": media_type + charset,
        "Content-Disposition": f'attachment; filename="blob-{blob.number}.{ending or "bin"}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, max-age=3600, immutable",
        "ETag": f'"{blob.sha256}"',
    }
