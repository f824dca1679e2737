// Starts and stops the server under test, as a person would from a shell.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The binary to test: LARMOR_BINARY, else the newest place where `./dev build` puts it. */
export function findBinary() {
  const said = process.env.LARMOR_BINARY ?? process.env.LARMOR_BIN;
  const places = said ? [said] : ['ci', 'dev', 'release'].flatMap((preset) => [`${root}build/${preset}/bin/larmor`, `${root}build/${preset}/larmor`]);
  const found = places.find((place) => existsSync(place));
  if (!found) throw new Error(`no larmor binary: looked for ${places.join(', ')}; run ./dev build`);
  return found;
}

export function run(binary, args) {
  const done = spawnSync(binary, args, { encoding: 'utf8', timeout: 120_000 });
  if (done.error) throw done.error;
  return { code: done.status, out: done.stdout, err: done.stderr };
}

/** A port that nobody listens on. Not left to the server, which names its cookie after the port that it was asked for. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** Serves until stop(). */
export async function serve(binary, library, port) {
  const child = spawn(binary, ['serve', '--library', library, '--port', String(port), '--web', `${root}web/dist`],
    { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = [];
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
  let stopping = false;
  const ended = new Promise((resolve) => child.on('exit', (code, signal) => {
    if (!stopping) said.push(`larmor serve ended by itself: ${signal ?? `exit code ${code}`}`);
    resolve(signal ?? code);
  }));
  const link = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no sign-in link within 30 s:\n${said.join('\n')}`)), 30_000);
    ended.then((code) => reject(new Error(`larmor serve ended with ${code}:\n${said.join('\n')}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(line);
      const match = /(https?:\/\/\S+\/signin\S+)/.exec(line);
      if (match) {
        clearTimeout(timer);
        resolve(match[1]);
      }
    });
  });
  return {
    link, origin: new URL(link).origin, port, said,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    async stop() {
      stopping = true;
      child.kill('SIGTERM');
      await ended;
    },
  };
}
