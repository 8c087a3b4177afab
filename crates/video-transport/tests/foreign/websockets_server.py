"""The package `websockets` as a peer.

Plays the cases that it is told on its standard input, and reports on its standard output. Its
first line is the port.
"""

import asyncio
import json
import sys

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

PLAN = json.loads(sys.stdin.readline())
SEEN = set()
SMALL = '{"type":"custom","n":1}'
AROUND = '{"type":"custom","text":"ü"}'.encode()


def event_of(size):
    head, tail = '{"type":"custom","x":"', '"}'
    return head + "x" * (size - len(head) - len(tail)) + tail


async def ping(socket, data):
    await (await socket.ping(data))


async def fragments(socket, size, parts):
    data = event_of(size).encode()
    step = -(-size // parts)
    pieces = (data[at : at + step] for at in range(0, size, step))
    await socket.send(pieces, text=True)


async def around(socket):
    cut = AROUND.index(0xC3) + 1

    async def pieces():
        yield AROUND[: cut - 1]
        await ping(socket, b"first")
        yield AROUND[cut - 1 : cut]
        yield b""
        await ping(socket, b"")
        yield AROUND[cut:]

    await socket.send(pieces(), text=True)


async def close(socket, code=None, reason=""):
    if code is None:
        async with socket.send_context():
            socket.protocol.send_close()
    else:
        await socket.close(code, reason)


async def leave(socket):
    socket.transport.abort()


async def nothing(_socket, _size):
    pass


VERBS = {
    "say": lambda socket: socket.send(SMALL),
    "binary": lambda socket: socket.send(SMALL.encode()),
    "large": lambda socket, size: socket.send(event_of(size)),
    "fragments": fragments,
    "around": around,
    "ping": lambda socket, size: ping(socket, b"p" * size),
    "pong": lambda socket: socket.pong(b"unasked"),
    "close": close,
    "leave": leave,
    "limit": nothing,
}


async def play(socket):
    name = socket.request.path.split("?")[0].strip("/")
    steps = [] if name in SEEN else PLAN[name]
    SEEN.add(name)
    for verb, *operands in steps:
        if verb == "limit":
            socket.protocol.max_message_size = operands[0]
    try:
        await socket.recv()
        me = {"id": "jane"}
        ok = {"type": "connection.ok", "connection_id": "websockets", "me": me}
        await socket.send(json.dumps(ok))
        for verb, *operands in steps:
            await VERBS[verb](socket, *operands)
        await socket.send('{"type":"done"}')
    except ConnectionClosed:
        pass
    await socket.wait_closed()
    said = socket.protocol.close_rcvd
    print(json.dumps({"case": name, "code": said and int(said.code)}), flush=True)


async def main():
    # It compresses for whoever asks.
    async with serve(play, "127.0.0.1", 0, compression="deflate") as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        # Ends with whoever started it.
        await asyncio.to_thread(sys.stdin.read)


asyncio.run(main())
