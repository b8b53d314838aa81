import pytest

from tailrace.shared.redis import keys
from tests.support.script_watch import Checker

JOB = keys.JobId("01890a5d-ac96-774b-bcce-b302099a8057")
SHA = "0" * 40


def call(*declared: str) -> str:
    named = "".join(f' "{key}"' for key in declared)
    return f'1700000000.1 [0 unix:/s] "EVALSHA" "{SHA}" "{len(declared)}"{named} "argument"'


def inside(*command: str) -> str:
    return "1700000000.2 [0 lua]" + "".join(f' "{word}"' for word in command)


def faults(*lines: str) -> list[str]:
    checker = Checker()
    return [fault for line in lines for fault in checker.faults(line)]


def test_a_script_that_keeps_to_its_keys_is_fine() -> None:
    commands = [
        inside("HSET", keys.job(JOB), "a", "b"),
        inside("TIME"),
        inside("del", keys.log(JOB)),
    ]
    assert faults(call(keys.job(JOB), keys.log(JOB)), *commands) == []


@pytest.mark.parametrize(
    "cheat",
    [
        inside("GET", keys.log(JOB)),
        inside("DEL", keys.job(JOB), keys.log(JOB)),
        inside("RPUSH", keys.TOKENS, "1"),
    ],
)
def test_a_script_that_touches_a_key_that_its_call_does_not_name_is_found(cheat: str) -> None:
    assert len(faults(call(keys.job(JOB)), cheat)) == 1


def test_a_key_that_an_earlier_call_named_is_not_the_next_ones() -> None:
    lines = [call(keys.job(JOB)), call(keys.log(JOB)), inside("GET", keys.job(JOB))]
    assert len(faults(*lines)) == 1


def test_a_script_that_is_sent_whole_is_read_past_its_text() -> None:
    text = r'1700000000.1 [0 127.0.0.1:1] "eval" "return \"0\" \n" "1" "' + keys.job(JOB) + '"'
    assert faults(text, inside("GET", keys.job(JOB))) == []
    assert len(faults(text, inside("GET", keys.log(JOB)))) == 1


def test_a_key_that_the_table_does_not_have_is_found() -> None:
    assert faults(call("tailrace:notes")) == ["tailrace:notes is not in the table of keys"]


@pytest.mark.parametrize(
    "key",
    [
        *keys.of_job(JOB).values(),
        *keys.of_queued(JOB).values(),
        *keys.OF_CATALOGUE.values(),
        *keys.of_items(b"t").values(),
        keys.inbox("w"),
        keys.idempotency("t", "k"),
    ],
)
def test_every_key_of_ours_is_in_the_table(key: str) -> None:
    assert faults(call(key)) == []
