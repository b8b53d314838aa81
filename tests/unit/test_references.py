"""How large an event is with what it refers to."""

from tailrace.shared.log_store.blobs.references import full_size


def test_the_full_size_counts_what_is_referred_to() -> None:
    reference = b'{"$blob":{"n":1,"url":"/jobs/j/blobs/1","bytes":1000,"media_type":"text/plain"}}'
    assert full_size(b"[1,2]") == 5
    assert full_size(b"[%b,%b]" % (reference, reference)) == 2000 + 2 * len(reference) + 3
