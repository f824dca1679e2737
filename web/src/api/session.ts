import type { Client } from './client';

/** Who is signed in. `GET /v1/session`. */
export interface Session {
  name: string;
  role: string;
  /** ISO 8601; absent for a session that does not end. */
  expires?: string | null;
}

export function getSession(client: Client, signal?: AbortSignal): Promise<Session> {
  return client.json<Session>('/v1/session', signal ? { signal } : {});
}

/** Trades a bearer token for a session cookie that scripts cannot read. */
export async function signIn(client: Client, token: string): Promise<void> {
  await client.request('/v1/session', { method: 'POST', json: { token } });
}

export async function signOut(client: Client): Promise<void> {
  await client.request('/v1/session', { method: 'DELETE' });
}
