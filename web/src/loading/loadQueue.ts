import { compareWants, pickNext, type Rank, ranks, type Want } from './priority';

export interface Load extends Want {
  /** Does the work. A rejection is the loader's to report; the queue goes on with the next. */
  run: (signal: AbortSignal) => Promise<void>;
}

/** What the queue is doing, by rank: shown on the study page. */
export interface QueueState {
  running: number;
  waiting: Readonly<Record<Rank, number>>;
}

interface Running {
  rank: Rank;
  abort: AbortController;
}

/** Decides what is loaded next, for the whole page. Each part of the page (an owner) says what it wants, in full and as
 *  often as it likes; what nobody wants any more is not started, and stopped when it runs.
 *  A load that has ended, well or not, is not started again until its owner has dropped it and asks anew. */
export class LoadQueue {
  private readonly wants = new Map<object, Map<string, Load>>();
  private readonly running = new Map<string, Running>();
  private readonly done = new WeakMap<object, Set<string>>();
  private readonly listeners = new Set<(state: QueueState) => void>();
  private pumping = false;

  /** Replaces all that `owner` wants. */
  setWants(owner: object, loads: readonly Load[]): void {
    const wanted = new Map<string, Load>();
    for (const load of loads) wanted.set(load.key, load);
    const done = this.done.get(owner);
    if (done) for (const key of done) if (!wanted.has(key)) done.delete(key);
    if (wanted.size > 0) this.wants.set(owner, wanted);
    else this.wants.delete(owner);
    this.stopUnwanted();
    this.pump();
  }

  subscribe(listener: (state: QueueState) => void): () => void {
    this.listeners.add(listener);
    listener(this.state());
    return () => this.listeners.delete(listener);
  }

  state(): QueueState {
    const waiting: Record<Rank, number> = { current: 0, neighbour: 0, thumbnail: 0, prefetch: 0 };
    for (const load of this.waiting().values()) waiting[load.rank] += 1;
    return { running: this.running.size, waiting };
  }

  /** Each key once, at the best place that any owner gives it. */
  private waiting(): Map<string, Load> {
    const waiting = new Map<string, Load>();
    for (const [owner, loads] of this.wants) {
      const done = this.done.get(owner);
      for (const load of loads.values()) {
        if (done?.has(load.key) || this.running.has(load.key)) continue;
        const known = waiting.get(load.key);
        if (!known || compareWants(load, known) < 0) waiting.set(load.key, load);
      }
    }
    return waiting;
  }

  private stopUnwanted(): void {
    for (const [key, { abort }] of this.running) {
      let wanted = false;
      for (const loads of this.wants.values()) wanted ||= loads.has(key);
      if (!wanted) abort.abort();
    }
  }

  private pump(): void {
    // setWants may be called from inside run(): one loop is enough.
    if (this.pumping) return;
    this.pumping = true;
    for (;;) {
      const next = pickNext(this.waiting().values(), this.running.size);
      if (!next) break;
      this.start(next);
    }
    this.pumping = false;
    const state = this.state();
    for (const listener of this.listeners) listener(state);
  }

  private start(load: Load): void {
    const abort = new AbortController();
    this.running.set(load.key, { rank: load.rank, abort });
    const ended = () => {
      this.running.delete(load.key);
      // An aborted load was unwanted when it was stopped, and may be wanted again by now.
      if (!abort.signal.aborted) {
        for (const [owner, loads] of this.wants) {
          if (!loads.has(load.key)) continue;
          const done = this.done.get(owner) ?? new Set();
          this.done.set(owner, done.add(load.key));
        }
      }
      this.pump();
    };
    load.run(abort.signal).then(ended, ended);
  }
}

export function waitingCount(state: QueueState): number {
  return ranks.reduce((sum, rank) => sum + state.waiting[rank], 0);
}
