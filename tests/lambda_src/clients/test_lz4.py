"""LZ4 frames are unpacked as the library does it, whatever they hold; what is none is refused."""

import lz4.frame
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_src.clients.lz4 import unpack

#: Bytes that repeat themselves, near and far, as a topic's records do.
REPEATED = st.lists(st.tuples(st.binary(max_size=40), st.integers(1, 400)), max_size=12).map(
    lambda parts: b"".join(part * count for part, count in parts)
)


@given(
    REPEATED | st.binary(max_size=3000),
    st.booleans(),
    st.booleans(),
    st.sampled_from([0, 3, 12]),
)
def test_what_the_library_packs_is_unpacked(content: bytes, linked: bool, checked: bool, level: int) -> None:
    frame = lz4.frame.compress(
        content,
        block_linked=linked,
        block_checksum=checked,
        content_checksum=checked,
        store_size=checked,
        compression_level=level,
        block_size=lz4.frame.BLOCKSIZE_MAX64KB,
    )
    assert unpack(frame) == content


def test_a_frame_of_many_blocks_is_unpacked_quickly_enough_to_be_read() -> None:
    content = b'{"schema":{"type":"struct"},"payload":{"ID":%d}}' * 20_000
    assert unpack(lz4.frame.compress(content, block_linked=False)) == content


@given(st.binary(max_size=60), st.integers(0, 400))
def test_what_is_cut_off_or_is_no_frame_is_an_error_and_never_another_text(start: bytes, cut: int) -> None:
    frame = lz4.frame.compress(b"0123456789" * 50)
    for text in (start, frame[: min(cut, len(frame) - 8)]):
        if text != frame:
            with pytest.raises((ValueError, IndexError)):
                unpack(text)
