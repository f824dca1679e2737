import type { Client } from './client';

export interface CheckResult {
  studies: number;
  /** Tables of studies that differed. */
  drift: number;
  /** Studies that were written anew. */
  repaired: number;
  /** Studies that changed each time that they were looked at. */
  unsettled: number;
}

export interface LastCheck {
  job: string;
  state: 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';
  /** ISO 8601: when it ended, or was asked for. */
  at: string;
  result: CheckResult | null;
}

/** A store that is kept equal to the catalog, as the server names it. */
export interface Target {
  name: string;
  queue: string;
  /** A rule sends it events. */
  fed: boolean;
  /** The server that answers applies them; workers beside it may too. */
  kept_here: boolean;
  /** Messages that are not applied yet. */
  lag: number;
  lag_s: number;
  dead: number;
  /** EPOCH-SEQUENCE: every event up to it is applied. null where no rule feeds it. */
  sequence: string | null;
  /** The newest event. */
  log: string;
  /** The dead letter that holds the sequence. */
  held_by: string | null;
  last_check: LastCheck | null;
}

export async function listTargets(client: Client, signal: AbortSignal): Promise<Target[]> {
  return (await client.json<{ targets: Target[] }>('/v1/index', { signal })).targets;
}

export async function checkTarget(client: Client, name: string, repair: boolean): Promise<void> {
  await client.json(`/v1/index/${encodeURIComponent(name)}/check?repair=${repair}`, { method: 'POST' });
}
