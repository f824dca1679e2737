import type { Client } from './client';

/** A queue with its settings and counts, as the server names them. */
export interface Queue {
  name: string;
  /** The program's own: nobody else sends to it or receives from it. */
  internal: boolean;
  fifo: boolean;
  visibility_timeout_s: number;
  receive_count_max: number;
  deduplication_window_s: number;
  depth_max: number;
  waiting: number;
  delayed: number;
  in_flight: number;
  /** Dead letters: what failed too often, or for good. */
  dead: number;
  /** Since the queue was made; a redriven dead letter counts again. */
  sent: number;
  depth: number;
  /** null where there is no message. */
  oldest_age_s: number | null;
}

export interface DeadLetter {
  id: string;
  reason: string;
  last_error: string;
  /** ISO 8601, as the next. */
  sent_at: string;
  dead_at: string;
  receive_count: number;
  start_count: number;
  schema_version: number;
  priority: number;
  message_group?: string;
}
/** With its body: text, or base64 where it is none. */
export type WholeDeadLetter = DeadLetter & ({ body: string } | { body_base64: string });

export interface DeadLetters {
  dead_letters: DeadLetter[];
  /** There where more may follow. */
  next?: string;
}

export const deadLettersMax = 1000;

const path = (queue: string) => `/v1/queues/${encodeURIComponent(queue)}`;

export async function listQueues(client: Client, signal: AbortSignal): Promise<Queue[]> {
  return (await client.json<{ queues: Queue[] }>('/v1/queues', { signal })).queues;
}

export function listDeadLetters(client: Client, queue: string, limit: number, signal: AbortSignal): Promise<DeadLetters> {
  return client.json<DeadLetters>(`${path(queue)}/dead-letters?limit=${limit}`, { signal });
}

export function getDeadLetter(client: Client, queue: string, id: string, signal: AbortSignal): Promise<WholeDeadLetter> {
  return client.json<WholeDeadLetter>(`${path(queue)}/dead-letters/${encodeURIComponent(id)}`, { signal });
}

/** Sends dead letters anew; gives how many. All of many takes its time. */
export async function redrive(client: Client, queue: string, what: { ids: string[] } | { all: true }): Promise<number> {
  const answer = await client.json<{ redriven: number }>(`${path(queue)}/redrive`,
    { method: 'POST', json: what, timeout_ms: 600_000 });
  return answer.redriven;
}
