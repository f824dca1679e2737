import { describe, expect, it } from 'vitest';
import { type Load, LoadQueue } from './loadQueue';
import type { Rank } from './priority';

/** Loads that end when the test says so, and remember in which order they were started. */
class Loads {
  readonly started: string[] = [];
  readonly aborted: string[] = [];
  private readonly endings = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();

  load(key: string, rank: Rank, distance = 0): Load {
    return {
      key, rank, distance,
      run: (signal) => {
        this.started.push(key);
        return new Promise((resolve, reject) => {
          this.endings.set(key, { resolve, reject });
          signal.addEventListener('abort', () => {
            this.aborted.push(key);
            reject(new Error('aborted'));
          });
        });
      },
    };
  }

  async end(key: string): Promise<void> {
    this.endings.get(key)?.resolve();
    await settled();
  }

  async fail(key: string): Promise<void> {
    this.endings.get(key)?.reject(new Error('broken'));
    await settled();
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await Promise.resolve();
}

describe('LoadQueue', () => {
  it('starts the current image at once although prefetch fills its share', () => {
    const queue = new LoadQueue();
    const loads = new Loads();
    queue.setWants({}, [1, 2, 3, 4, 5].map((n) => loads.load(`p${n}`, 'prefetch', n)));
    expect(loads.started).toEqual(['p1', 'p2', 'p3']);

    queue.setWants({}, [loads.load('c', 'current')]);

    expect(loads.started).toEqual(['p1', 'p2', 'p3', 'c']);
    expect(queue.state()).toEqual({ running: 4, waiting: { current: 0, neighbour: 0, thumbnail: 0, prefetch: 2 } });
  });

  it('goes on by priority when a load ends or fails', async () => {
    const queue = new LoadQueue();
    const loads = new Loads();
    queue.setWants({}, [
      loads.load('p1', 'prefetch', 1), loads.load('p2', 'prefetch', 2), loads.load('p3', 'prefetch', 3),
      loads.load('p9', 'prefetch', 9), loads.load('p4', 'prefetch', 4),
    ]);
    await loads.end('p2');
    expect(loads.started.at(-1)).toBe('p4');
    await loads.fail('p1');
    expect(loads.started.at(-1)).toBe('p9');
  });

  it('stops and forgets what nobody wants any more', async () => {
    const queue = new LoadQueue();
    const loads = new Loads();
    const owner = {};
    queue.setWants(owner, [1, 2, 3, 4].map((n) => loads.load(`a${n}`, 'prefetch', n)));

    queue.setWants(owner, [loads.load('b1', 'current'), loads.load('a3', 'prefetch')]);
    await settled();

    expect(loads.aborted).toEqual(['a1', 'a2']);
    expect(loads.started).toEqual(['a1', 'a2', 'a3', 'b1']);
  });

  it('loads a thing once when two want it, and keeps it while one does', () => {
    const queue = new LoadQueue();
    const loads = new Loads();
    const list = {};
    const strip = {};
    queue.setWants(list, [loads.load('t', 'thumbnail')]);
    queue.setWants(strip, [loads.load('t', 'thumbnail')]);
    queue.setWants(list, []);

    expect(loads.started).toEqual(['t']);
    expect(loads.aborted).toEqual([]);
  });

  it('does not load again what has ended, until it was dropped and asked for anew', async () => {
    const queue = new LoadQueue();
    const loads = new Loads();
    const owner = {};
    queue.setWants(owner, [loads.load('c', 'current')]);
    await loads.end('c');
    queue.setWants(owner, [loads.load('c', 'prefetch')]);
    expect(loads.started).toEqual(['c']);

    queue.setWants(owner, []);
    queue.setWants(owner, [loads.load('c', 'current')]);
    expect(loads.started).toEqual(['c', 'c']);
  });

  it('starts an aborted load again when it is wanted again', async () => {
    const queue = new LoadQueue();
    const loads = new Loads();
    const owner = {};
    queue.setWants(owner, [loads.load('c', 'current')]);
    queue.setWants(owner, []);
    queue.setWants(owner, [loads.load('c', 'current')]);
    await settled();

    expect(loads.started).toEqual(['c', 'c']);
  });

  it('takes the most urgent of two wishes for one thing', async () => {
    const queue = new LoadQueue();
    const loads = new Loads();
    queue.setWants({}, [1, 2, 3].map((n) => loads.load(`p${n}`, 'prefetch', n)));
    queue.setWants({}, [loads.load('x', 'prefetch', 9)]);
    expect(loads.started).not.toContain('x');
    queue.setWants({}, [loads.load('x', 'current')]);
    expect(loads.started).toContain('x');
  });
});
