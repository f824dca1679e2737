import type { Client } from './client';

export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

export interface JobProgress {
  done: number;
  /** null while nobody knows. */
  total: number | null;
  unit: string;
  /** Of `unit` a second. */
  rate: number | null;
  seconds_left: number | null;
}

export interface Job {
  id: string;
  kind: string;
  state: JobState;
  cancel_requested: boolean;
  /** Rises with each change. */
  version: number;
  created_by: string;
  /** ISO 8601; the others where it has happened. */
  created_at: string;
  started_at?: string | null;
  ended_at?: string | null;
  expires_at?: string | null;
  progress: JobProgress;
  /** Items that failed while the job went on. */
  item_errors: number;
  error?: { code: string; message: string } | null;
}

/** What went wrong with one item, in the order in which it happened. */
export interface JobItemError {
  number: number;
  item: string;
  code: string;
  message: string;
}

const errorsListed = 100;

const path = (id: string) => `/v1/jobs/${encodeURIComponent(id)}`;

/** The newest first. */
export async function listJobs(client: Client, limit: number, signal: AbortSignal): Promise<Job[]> {
  return (await client.json<{ jobs: Job[] }>(`/v1/jobs?limit=${limit}`, { signal })).jobs;
}

export async function cancelJob(client: Client, id: string): Promise<void> {
  await client.request(`${path(id)}/cancel`, { method: 'POST' });
}

/** The first of them. */
export async function listJobErrors(client: Client, id: string, signal: AbortSignal): Promise<JobItemError[]> {
  return (await client.json<{ errors: JobItemError[] }>(`${path(id)}/errors?limit=${errorsListed}`, { signal })).errors;
}

/** Server-sent events `progress`, each with the whole job. */
export const jobEventsPath = (id: string) => `${path(id)}/events`;

export const isOver = ({ state }: Job): boolean => state !== 'queued' && state !== 'running';
