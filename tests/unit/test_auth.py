import base64
import hashlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.api.auth.keys import OPEN_TENANT, Keyring, TicketOffice
from tailrace.api.errors import TicketsUnavailable, Unauthorized
from tailrace.shared.jobs import JobId, new_job_id

JOB = JobId("0197a2b4-0000-7000-8000-00000000000a")
OTHER = JobId("0197a2b4-0000-7000-8000-00000000000b")
OFFICE = TicketOffice(b"a secret of sixteen bytes", ttl_s=60)


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


KEYS = Keyring({digest("key-of-ann"): "ann", digest("key-of-bob"): "bob"})


def test_a_key_names_its_tenant():
    assert KEYS.tenant("Bearer key-of-ann", frozenset()) == "ann"
    assert KEYS.tenant("bearer  key-of-bob ", frozenset({"after"})) == "bob"


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Bearer key-of-an",
        "Bearer key-of-ann2",
        f"Bearer {digest('key-of-ann')}",
        "Basic key-of-ann",
        "key-of-ann",
        "Bearer é",
    ],
)
def test_no_key_or_a_wrong_one_is_refused(authorization: str | None):
    with pytest.raises(Unauthorized):
        KEYS.tenant(authorization, frozenset())


@pytest.mark.parametrize("name", ["api_key", "apikey", "api-key", "key", "token", "access_token"])
def test_a_key_in_the_url_is_refused_even_beside_a_good_one(name: str):
    with pytest.raises(Unauthorized):
        KEYS.tenant("Bearer key-of-ann", frozenset({name}))


def test_without_keys_everyone_is_the_same_tenant():
    assert Keyring({}).tenant(None, frozenset()) == OPEN_TENANT
    assert Keyring({}).tenant("Bearer anything", frozenset({"key"})) == OPEN_TENANT


@given(st.text())
def test_any_authorization_is_a_tenant_or_refused(text: str):
    with pytest.raises(Unauthorized):
        KEYS.tenant(text, frozenset())


@pytest.mark.parametrize("tenant", ["default", "a.b-c_d", "T" * 64])
def test_a_ticket_opens_its_job_in_its_tenants_name(tenant: str):
    assert OFFICE.tenant(OFFICE.issue(JOB, tenant), JOB) == tenant


def test_a_ticket_opens_no_other_job():
    with pytest.raises(Unauthorized):
        OFFICE.tenant(OFFICE.issue(JOB, "ann"), OTHER)


def test_a_ticket_of_another_secret_is_forged():
    forged = TicketOffice(b"another secret, just as long", 60).issue(JOB, "ann")
    with pytest.raises(Unauthorized):
        OFFICE.tenant(forged, JOB)


def test_a_ticket_expires():
    late = TicketOffice(OFFICE.secret, ttl_s=-1).issue(JOB, "ann")
    with pytest.raises(Unauthorized):
        OFFICE.tenant(late, JOB)


def test_a_ticket_lives_for_its_whole_time(monkeypatch: pytest.MonkeyPatch):
    office = TicketOffice(OFFICE.secret, ttl_s=1)
    monkeypatch.setattr("time.time", lambda: 1000.9)
    ticket = office.issue(JOB, "ann")
    monkeypatch.setattr("time.time", lambda: 1001.9)
    assert office.tenant(ticket, JOB) == "ann"


def test_nobody_can_prolong_a_ticket_or_give_it_to_another_tenant():
    expiry, tenant, mac = OFFICE.issue(JOB, "ann").split(".")
    bob = base64.urlsafe_b64encode(b"bob").decode()
    for forged in (f"{int(expiry) + 1}.{tenant}.{mac}", f"{expiry}.{bob}.{mac}"):
        with pytest.raises(Unauthorized):
            OFFICE.tenant(forged, JOB)


def test_without_a_secret_tickets_are_neither_made_nor_taken():
    office = TicketOffice(None, 60)
    with pytest.raises(TicketsUnavailable):
        office.issue(JOB, "ann")
    with pytest.raises(Unauthorized):
        office.tenant(OFFICE.issue(JOB, "ann"), JOB)


LATER = int(time.time()) + 60


@given(
    st.text()
    | st.from_regex(r"[0-9]{1,12}\.[A-Za-z0-9_-]{0,8}\.[A-Za-z0-9_-]{43}", fullmatch=True)
    | st.sampled_from(
        [f"{LATER}.YW5u.é", f"{LATER}.!!!.x", "9" * 5000 + ".YW5u.x", f"{LATER}._w.x"]
    )
)
def test_any_other_text_is_no_ticket(text: str):
    with pytest.raises(Unauthorized):
        OFFICE.tenant(text, new_job_id())
