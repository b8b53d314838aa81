"""The names that providers give their errors, and what each means."""

import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal

_QUOTA: Final = "quota"
_CONTEXT: Final = "context"
_MEANINGS: Final[Mapping[int | Literal["quota", "context"], str]] = {
    _QUOTA: "insufficientquota quotaexceeded servicequotaexceeded billing billingnotactive"
    " billinghardlimitreached paymentrequired insufficientbalance insufficientcredits"
    " insufficientfunds creditsexhausted",
    _CONTEXT: "contextlengthexceeded exceedcontextsize contextwindowexceeded stringabovemaxlength"
    " contextoverflow modelcontextwindowexceeded",
    400: "invalidrequest badrequest validation invalidargument invalidprompt contentfilter"
    " contentpolicyviolation failedprecondition unprocessableentity",
    401: "authentication invalidapikey unauthorized unauthenticated invalidauthentication"
    " expiredtoken unrecognizedclient invalidclienttokenid missingauthenticationtoken",
    403: "permission permissiondenied accessdenied forbidden",
    404: "notfound modelnotfound resourcenotfound deploymentnotfound",
    429: "ratelimit ratelimitexceeded ratelimitreached toomanyrequests throttling throttled"
    " requestlimitexceeded resourceexhausted tokensratelimitexceeded",
    500: "server internalserver internal internalfailure api modelstream upstream",
    503: "overloaded engineoverloaded serviceunavailable unavailable modelnotready",
    504: "timeout requesttimeout modeltimeout gatewaytimeout deadlineexceeded",
}
"""Numbers are the HTTP status that a name stands for."""
_MEANING_OF: Final = {name: key for key, names in _MEANINGS.items() for name in names.split()}


def means_quota(names: Iterable[str]) -> bool:
    """Whether the account's quota is used up: waiting does not help, even if the status is 429."""
    return any(_meaning(name) == _QUOTA for name in names)


def means_context_overflow(names: Iterable[str]) -> bool:
    """Whether the prompt is longer than the model accepts."""
    return any(_meaning(name) == _CONTEXT for name in names)


def status_of(names: Iterable[str]) -> int | None:
    """The HTTP status that the first known name stands for."""
    meanings = map(_meaning, names)
    return next((status for status in meanings if isinstance(status, int)), None)


def _meaning(name: str) -> int | str | None:
    """`rate_limit_error`, `RateLimitError` and `RATE_LIMIT` are the same name."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return _MEANING_OF.get(plain.removesuffix("exception").removesuffix("error"))
