"""Which form of an answer a caller takes (RFC 9110, section 12.5.1)."""

from starlette.requests import Request

from api.refusals import NotAcceptable


def require(request: Request, form: str) -> None:
    """Refuse a caller that does not take the one form that we have; weights do not matter then.

    Raises:
        NotAcceptable: its `Accept` names other forms only.
    """
    accept = ",".join(request.headers.getlist("accept")) or "*/*"
    ranges = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    if not ranges & {form, form.partition("/")[0] + "/*", "*/*"}:
        raise NotAcceptable(f"This is served as {form} only.")
