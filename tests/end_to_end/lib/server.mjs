// A server of ours on a library of its own, for one script: started, waited for, stopped.
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const binary = process.env.LARMOR_BINARY ?? new URL('../../../build/dev/bin/larmor', import.meta.url).pathname;

/** Waits for the line that says where the server listens; what it prints later is dropped. */
function baseUrl(server) {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: server.stdout });
    lines.on('line', (line) => {
      const found = /serves .* at (http:\/\/\S+)/.exec(line);
      if (found) resolve(found[1].replace(/\/$/, ''));
    });
    server.on('exit', (code) => reject(new Error(`larmor serve ended with ${code}`)));
  });
}

/** { url, token, library, stop }: the token has the given role; `options` are more of `larmor serve`, `environment` what it finds in its environment. */
export async function startServer({ role = 'writer', library, options = [], environment = {} } = {}) {
  const folder = library ?? join(mkdtempSync(join(tmpdir(), 'larmor-e2e-')), 'library');
  const token = execFileSync(binary, ['token', 'create', '--role', role, '--library', folder], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
  const server = spawn(binary, ['serve', '--library', folder, '--port', '0', '--log-level', 'warning', ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
  const url = await baseUrl(server);
  const ended = new Promise((resolve) => server.on('exit', resolve));
  return {
    url,
    token,
    library: folder,
    async stop() {
      server.kill('SIGTERM');
      const code = await ended;
      if (!library) rmSync(join(folder, '..'), { recursive: true });
      return code;
    },
  };
}
