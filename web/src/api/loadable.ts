import type { Problem } from './problem';

/** Something that comes from elsewhere. A screen shows each of the three. */
export type Loadable<T> =
  | { state: 'loading' }
  | { state: 'failed'; problem: Problem }
  | { state: 'ready'; value: T };

export const loading = { state: 'loading' } as const;
export function ready<T>(value: T): Loadable<T> {
  return { state: 'ready', value };
}
export function failed<T>(problem: Problem): Loadable<T> {
  return { state: 'failed', problem };
}
