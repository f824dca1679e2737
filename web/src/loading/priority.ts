/** What a person waits for, most urgent first. */
export const ranks = ['current', 'neighbour', 'thumbnail', 'prefetch'] as const;
export type Rank = (typeof ranks)[number];

/** Something that a part of the page would like to have loaded. */
export interface Want {
  /** Names the thing: two wants with one key are loaded once. */
  key: string;
  rank: Rank;
  /** Among equals of rank, nearer first: slices from the current one, rows from the top. */
  distance: number;
}

function rankIndex(rank: Rank): number {
  return ranks.indexOf(rank);
}

export function compareWants(a: Want, b: Want): number {
  return rankIndex(a.rank) - rankIndex(b.rank) || a.distance - b.distance || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}

/** How many loads may run at once so that this rank may start one more. Browsers open six connections to a
 *  server: prefetch leaves three of them free and thumbnails two, so that a click never waits for a guess. */
export const runningMax: Readonly<Record<Rank, number>> = { current: 6, neighbour: 5, thumbnail: 4, prefetch: 3 };

/** The want to start now, if any may start. */
export function pickNext<T extends Want>(waiting: Iterable<T>, runningCount: number): T | undefined {
  let best: T | undefined;
  for (const want of waiting) if (!best || compareWants(want, best) < 0) best = want;
  return best && runningCount < runningMax[best.rank] ? best : undefined;
}

export interface Plan {
  index: number;
  rank: Rank;
  distance: number;
}

/** In which order the frames of a stack should come when `current` is looked at: itself, `neighboursCount` on either
 *  side, then the rest outwards, `framesMax` in all. The side that the person scrolls to comes first. */
export function planStack(
  current: number, count: number, direction: 1 | -1, neighboursCount: number, framesMax: number,
): Plan[] {
  if (count <= 0) return [];
  const plan: Plan[] = [{ index: current, rank: 'current', distance: 0 }];
  for (let step = 1; step < count && plan.length < framesMax; step += 1) {
    const rank = step <= neighboursCount ? 'neighbour' : 'prefetch';
    for (const [index, behind] of [[current + step * direction, 0], [current - step * direction, 1]] as const) {
      if (index < 0 || index >= count || plan.length >= framesMax) continue;
      plan.push({ index, rank, distance: step * 2 + behind });
    }
  }
  return plan;
}
