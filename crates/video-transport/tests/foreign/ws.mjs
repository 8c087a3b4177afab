// The package `ws` as a peer: plays the cases that it is told on its standard input, and reports
// on its standard output. Its first line is the port.

import { createServer } from 'node:http';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const { WebSocketServer } = await import(process.argv[2]);
const input = createInterface({ input: process.stdin });
const [line] = await once(input, 'line');
const plan = JSON.parse(line);
const seen = new Set();

// Ends with whoever started it.
input.on('close', () => process.exit());

const SMALL = '{"type":"custom","n":1}';
const AROUND = '{"type":"custom","text":"ü"}';

function eventOf(size) {
  const [head, tail] = ['{"type":"custom","x":"', '"}'];
  return head + 'x'.repeat(size - head.length - tail.length) + tail;
}

async function ping(socket, data) {
  socket.ping(data);
  const [answer] = await once(socket, 'pong');
  if (!answer.equals(Buffer.from(data))) throw new Error('another pong');
}

const part = (socket, bytes, fin) => socket.send(bytes, { binary: false, fin });

const verbs = {
  say: (socket) => socket.send(SMALL),
  binary: (socket) => socket.send(Buffer.from(SMALL)),
  large: (socket, size) => socket.send(eventOf(size)),
  fragments(socket, size, parts) {
    const bytes = Buffer.from(eventOf(size));
    const step = Math.ceil(size / parts);
    for (let at = 0; at < size; at += step) part(socket, bytes.subarray(at, at + step), false);
    part(socket, Buffer.alloc(0), true);
  },
  async around(socket) {
    const bytes = Buffer.from(AROUND);
    const cut = bytes.indexOf(0xc3) + 1;
    part(socket, bytes.subarray(0, cut - 1), false);
    await ping(socket, 'first');
    part(socket, bytes.subarray(cut - 1, cut), false);
    part(socket, Buffer.alloc(0), false);
    await ping(socket, '');
    part(socket, bytes.subarray(cut), true);
  },
  ping: (socket, size) => ping(socket, 'p'.repeat(size)),
  pong: (socket) => socket.pong('unasked'),
  close: (socket, code, reason) => socket.close(code, reason),
  leave: (socket) => socket.terminate(),
  limit() {},
};

async function play(socket, name) {
  const steps = seen.has(name) ? [] : plan[name];
  seen.add(name);
  socket.on('error', () => {});
  socket.on('close', (code) => {
    // Its word for an end without a close frame.
    console.log(JSON.stringify({ case: name, code: code === 1006 ? null : code }));
  });
  await once(socket, 'message');
  socket.send(JSON.stringify({ type: 'connection.ok', connection_id: 'ws', me: { id: 'jane' } }));
  for (const [verb, ...operands] of steps) await verbs[verb](socket, ...operands);
  if (socket.readyState === socket.OPEN) socket.send('{"type":"done"}');
}

const servers = new Map();
const http = createServer();
http.on('upgrade', (request, stream, head) => {
  const name = new URL(request.url, 'http://localhost').pathname.slice(1);
  const limit = seen.has(name) ? undefined : plan[name].find(([verb]) => verb === 'limit')?.[1];
  const maxPayload = limit ?? 100 * 1024 * 1024;
  if (!servers.has(maxPayload)) {
    // It compresses for whoever asks.
    const server = new WebSocketServer({ noServer: true, perMessageDeflate: true, maxPayload });
    servers.set(maxPayload, server);
  }
  servers.get(maxPayload).handleUpgrade(request, stream, head, (socket) => {
    // The client is left without its answer then, and the case fails.
    play(socket, name).catch((error) => console.error(`${name}: ${error.message}`));
  });
});
http.listen(0, '127.0.0.1', () => console.log(http.address().port));
