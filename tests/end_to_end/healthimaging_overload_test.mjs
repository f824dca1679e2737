// A server that has more to do than it takes, as the official client of AWS HealthImaging sees it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { startServer } from './lib/server.mjs';
import { runChecks } from './lib/checks.mjs';
import { callsOf, clientOf } from './lib/healthimaging.mjs';

/** Requests that the server has at a time (http/server.h). */
const ACTIVE_MAX = 1024;

const server = await startServer({ role: 'admin', environment: { LARMOR_THREADS: '1' } });
const { hostname, port } = new URL(server.url);

/** A request whose body never comes. */
async function beginRequest() {
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.on('error', () => {});
  socket.write(
    `POST /v1/image-sets/x/edits HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${server.token}\r\n` +
      'Content-Type: application/json\r\nContent-Length: 10\r\n\r\n',
  );
  return socket;
}

/** As many as there may be: whatever comes now is refused. */
async function fill() {
  const waiting = [];
  while (waiting.length < ACTIVE_MAX) {
    waiting.push(...(await Promise.all(Array.from({ length: 64 }, beginRequest))));
  }
  const deadline = Date.now() + 15_000;
  for (;;) {
    const answer = await fetch(`${server.url}/healthz`);
    if (answer.status === 503) {
      assert.equal(answer.headers.get('retry-after'), '1');
      return waiting;
    }
    assert.ok(Date.now() < deadline, 'never full');
  }
}

const code = await runChecks({
  'is throttled by the name that the client knows, which comes again and is served': async () => {
    const impatient = callsOf(clientOf(server, 'reader'));
    const patient = callsOf(clientOf(server, 'reader', { maxAttempts: 8 }));
    await impatient('ListDatastores', {});
    const waiting = await fill();
    await assert.rejects(impatient('ListDatastores', {}), (error) => {
      assert.equal(error.name, 'ThrottlingException');
      assert.equal(error.$metadata.httpStatusCode, 429);
      assert.equal(error.$response.headers['retry-after'], '1');
      return true;
    });
    const served = patient('ListDatastores', {});
    for (const socket of waiting) socket.destroy();
    assert.equal((await served).datastoreSummaries.length, 1);
    await impatient('ListDatastores', {});
  },
});
await server.stop();
process.exit(code);
