import type { Client } from './client';

/** A CloudEvents 1.0 event of the log. */
export interface LogEvent {
  id: string;
  source: string;
  type: string;
  subject?: string;
  /** ISO 8601. */
  time: string;
  /** Its place in the log. */
  larmorposition: string;
  data: unknown;
}

export function eventsPath(since: Date | undefined): string {
  if (!since) return '/v1/events';
  // Whole seconds are what the server takes.
  return `/v1/events?since=${since.toISOString().replace(/\.\d+Z$/, 'Z')}`;
}

/** Why the stream was closed: a browser does not tell what the server answered. Ends well where it would open now. */
export async function probeEvents(client: Client, signal: AbortSignal): Promise<void> {
  const response = await client.request('/v1/events', { accept: 'text/event-stream', signal });
  await response.body?.cancel();
}

/** Of what an event is, as short as a person can still compare it: the end of a long name such as an ARN. */
export function shortSubject({ subject, source }: LogEvent): string {
  return subject ? subject.split('/').slice(-2).join('/') : source;
}

/** Nothing for what is no event. */
export function parseEvent(data: string): LogEvent | undefined {
  try {
    const event = JSON.parse(data) as LogEvent;
    return typeof event.type === 'string' && typeof event.larmorposition === 'string' ? event : undefined;
  } catch {
    return undefined;
  }
}

/** The newest first, at most `count_max`: what falls out is still in the log. */
export function withEvents(events: readonly LogEvent[], added: readonly LogEvent[], count_max: number): LogEvent[] {
  return [...added.toReversed(), ...events].slice(0, count_max);
}
