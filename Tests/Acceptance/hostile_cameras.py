"""Cameras that break the protocol on purpose, and some that send a sound camera's pictures with bytes turned.

usage: hostile_cameras.py PORT      prints `port N` when it is ready

/sdp/N       describes itself in a way that means nothing
/headers/N   answers with a header that never ends
/body/N      answers with a body that never ends
/cam/N       what the fleet on PORT sends as /cam/N, with bytes turned in every packet of video
"""

import asyncio
import random
import re
import sys

NONSENSE = b"v=0\r\nm=video none RTP/AVP 900\r\na=rtpmap:900 H264/0\r\na=fmtp:900 sprop-parameter-sets=====\r\na=control:://\r\nm=\r\n"
chance = random.Random(7)


async def endless(writer, first, piece):
    """4 MB a second for as long as somebody reads."""
    writer.write(first)
    while True:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(len(piece) / 4e6)


async def answer(kind, head, reader, writer):
    """Says yes to everything until it is asked for its description."""
    while True:
        ok = b"RTSP/1.0 200 OK\r\nCSeq: " + re.search(rb"(?i)cseq: *(\d+)", head).group(1) + b"\r\n"
        sdp = ok + b"Content-Type: application/sdp\r\nContent-Length: "
        if not head.startswith(b"DESCRIBE"):
            writer.write(ok + b"Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n\r\n")
        elif kind == b"headers":
            await endless(writer, ok + b"X-Long: ", b"a" * 65536)
        elif kind == b"body":
            await endless(writer, sdp + b"2000000000\r\n\r\n", b"a=x\r\n" * 13000)
        else:
            writer.write(sdp + str(len(NONSENSE)).encode() + b"\r\n\r\n" + NONSENSE)
        head = await reader.readuntil(b"\r\n\r\n")


def bend(packet):
    """The RTP header and the first bytes of the unit stay, so that it is taken for what it was."""
    bent = bytearray(packet)
    for _ in range(3):
        bent[chance.randrange(16, len(bent))] ^= chance.randrange(1, 256)
    return bytes(bent)


async def forward(head, reader, writer):
    """Stands between a client, which has said `head`, and the sound camera."""
    source, sink = await asyncio.open_connection("127.0.0.1", int(sys.argv[1]))

    async def requests():
        sink.write(head)
        while data := await reader.read(4096):
            sink.write(data)

    async def media():
        while True:
            mark = await source.readexactly(1)
            if mark == b"$":
                prefix = await source.readexactly(3)
                packet = await source.readexactly(int.from_bytes(prefix[1:], "big"))
                writer.write(mark + prefix + (bend(packet) if prefix[0] == 0 and len(packet) > 40 else packet))
            else:
                answered = await source.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: *(\d+)", answered)
                writer.write(mark + answered + (await source.readexactly(int(length.group(1))) if length else b""))
            await writer.drain()

    tasks = [asyncio.create_task(requests()), asyncio.create_task(media())]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    sink.close()


async def serve(reader, writer):
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        kind = re.match(rb"\S+ rtsp://[^/ ]+/(\w+)/\d+", head).group(1)
        await (forward(head, reader, writer) if kind == b"cam" else answer(kind, head, reader, writer))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
        # The client has hung up, which is what it should do.
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print("port", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
