/** A number at a time. */
export interface Sample {
  at_ms: number;
  value: number;
}

/** Long enough that two polls in a row do not make a rate jump, short enough to follow what happens. */
export const rateWindow_ms = 30_000;
/** Below this a change of one is no rate. */
const shortest_ms = 1_000;

/** The samples that are not too old, with one that still begins the window, and the new one. */
export function withSample(samples: readonly Sample[], next: Sample): Sample[] {
  const begin = next.at_ms - rateWindow_ms;
  const firstInside = samples.findIndex(({ at_ms }) => at_ms > begin);
  const kept = firstInside < 0 ? samples.slice(-1) : samples.slice(Math.max(0, firstInside - 1));
  return [...kept, next];
}

/** Change a second over the window; undefined until there is something to compare. */
export function rateOf(samples: readonly Sample[]): number | undefined {
  const first = samples[0];
  const last = samples.at(-1);
  if (!first || !last || last.at_ms - first.at_ms < shortest_ms) return undefined;
  return (last.value - first.value) / ((last.at_ms - first.at_ms) / 1000);
}
