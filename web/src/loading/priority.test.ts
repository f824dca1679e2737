import { describe, expect, it } from 'vitest';
import { pickNext, planStack, type Want } from './priority';

const want = (key: string, rank: Want['rank'], distance = 0): Want => ({ key, rank, distance });

describe('pickNext', () => {
  it('takes the current image before neighbours, thumbnails and prefetch', () => {
    const waiting = [want('p', 'prefetch'), want('t', 'thumbnail'), want('n', 'neighbour'), want('c', 'current', 99)];
    expect(pickNext(waiting, 0)?.key).toBe('c');
    expect(pickNext(waiting.slice(0, 3), 0)?.key).toBe('n');
    expect(pickNext(waiting.slice(0, 2), 0)?.key).toBe('t');
  });

  it('takes the nearer of two of one rank', () => {
    expect(pickNext([want('far', 'prefetch', 8), want('near', 'prefetch', 3)], 0)?.key).toBe('near');
  });

  it('keeps connections free for what is more urgent', () => {
    expect(pickNext([want('p', 'prefetch')], 3)).toBeUndefined();
    expect(pickNext([want('t', 'thumbnail')], 3)?.key).toBe('t');
    expect(pickNext([want('t', 'thumbnail')], 4)).toBeUndefined();
    expect(pickNext([want('n', 'neighbour')], 5)).toBeUndefined();
    expect(pickNext([want('c', 'current')], 5)?.key).toBe('c');
    expect(pickNext([want('c', 'current')], 6)).toBeUndefined();
  });
});

describe('planStack', () => {
  const order = (...args: Parameters<typeof planStack>) => planStack(...args).map(({ index }) => index);

  it('goes outwards from the current frame, first where the person scrolls to', () => {
    expect(order(5, 10, 1, 2, 100)).toEqual([5, 6, 4, 7, 3, 8, 2, 9, 1, 0]);
    expect(order(5, 10, -1, 2, 100)).toEqual([5, 4, 6, 3, 7, 2, 8, 1, 9, 0]);
  });

  it('calls the next ones neighbours and the rest prefetch', () => {
    expect(planStack(0, 4, 1, 2, 100).map(({ rank }) => rank)).toEqual(['current', 'neighbour', 'neighbour', 'prefetch']);
  });

  it('ends at the ends of the stack and at the memory that is allowed', () => {
    expect(order(0, 3, -1, 2, 100)).toEqual([0, 1, 2]);
    expect(order(50, 100, 1, 2, 4)).toEqual([50, 51, 49, 52]);
    expect(order(0, 0, 1, 2, 4)).toEqual([]);
  });
});
