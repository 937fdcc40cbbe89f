"""LZ4 frames, as Kafka's producers compress with them: unpacked without a library in C.

Formats: lz4/lz4, doc/lz4_Frame_format.md and doc/lz4_Block_format.md. Checksums are passed over: the batch
around a frame has one of its own, which the client has checked.
"""

import kafka.codec
import kafka.record.default_records

_MAGIC = b"\x04\x22\x4d\x18"
#: Flags of the frame's descriptor, which begins the frame with the magic number and ends with a checksum.
_BLOCK_CHECKSUM, _CONTENT_SIZE, _DICTIONARY = 0x10, 0x08, 0x01
_DESCRIPTOR = 7
#: With the mark of the end.
_SHORTEST_FRAME = _DESCRIPTOR + 4
#: The highest bit of a block's size: it is not compressed.
_PLAIN = 0x8000_0000
#: What a length begins with that goes on in the next byte, and the shortest match.
_MORE, _SHORTEST = 15, 4


def install() -> None:
    """Let kafka-python unpack with this, whether or not there is a library: what is tested is what ships."""
    # It asks the first whether it can, then calls the second: neither is a promise (pyproject.toml).
    kafka.codec.has_lz4 = lambda: True
    kafka.record.default_records.lz4_decode = unpack


def unpack(frame: bytes) -> bytes:
    """The content of one frame. Raises `ValueError` for what is none."""
    if frame[:4] != _MAGIC or len(frame) < _SHORTEST_FRAME:
        raise ValueError("no LZ4 frame")
    flags = frame[4]
    if flags & _DICTIONARY:
        raise ValueError("an LZ4 frame with a dictionary")
    at = _DESCRIPTOR + (8 if flags & _CONTENT_SIZE else 0)
    if at + 4 > len(frame):
        raise ValueError("an LZ4 frame that is cut off")
    after = 4 if flags & _BLOCK_CHECKSUM else 0
    content = bytearray()
    while size := int.from_bytes(frame[at : at + 4], "little"):
        at += 4
        length = size & ~_PLAIN
        # A block has the size of the next one behind it, or the mark of the end.
        if at + length + after + 4 > len(frame):
            raise ValueError("an LZ4 frame that is cut off")
        if size & _PLAIN:
            content += frame[at : at + length]
        else:
            _unpack_block(frame, at, at + length, content)
        at += length + after
    return bytes(content)


def _unpack_block(frame: bytes, at: int, end: int, content: bytearray) -> None:
    """Append what a block holds; a match may reach back into the blocks before."""
    while at < end:
        token = frame[at]
        at, literals = _length(frame, at + 1, token >> 4)
        content += frame[at : at + literals]
        at += literals
        if at >= end:
            return
        offset = frame[at] | frame[at + 1] << 8
        at, match = _length(frame, at + 2, token & _MORE)
        match += _SHORTEST
        begin = len(content) - offset
        if offset == 0 or begin < 0:
            raise ValueError("an LZ4 match before the beginning")
        if offset >= match:
            content += content[begin : begin + match]
        else:
            # It repeats what it writes itself.
            pattern = content[begin:]
            content += (pattern * (match // offset + 1))[:match]


def _length(frame: bytes, at: int, length: int) -> tuple[int, int]:
    """Where a length ends, and the length; one of 15 goes on, byte by byte, while they are 255."""
    if length == _MORE:
        while True:
            more = frame[at]
            at += 1
            length += more
            if more != 255:
                break
    return at, length
