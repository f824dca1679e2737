import { describe, expect, it } from 'vitest';
import { clockTime, duration, rate, untilEmpty } from './words';

describe('words for numbers', () => {
  it('say durations in one unit', () => {
    expect([0, 1.4, 89, 90, 300, 5_400, 7_200, 200_000].map(duration)).toEqual(
      ['0 s', '1 s', '89 s', '2 min', '5 min', '2 h', '2 h', '2 d']);
  });

  it('say rates, and slow ones a minute', () => {
    expect([undefined, 0, 3.21, 0.5, 1234.5, 0.02].map(rate)).toEqual(['…', '–', '3.2/s', '0.5/s', '1,235/s', '1.2/min']);
  });

  it('say when a queue is empty only where it gets shorter', () => {
    expect(untilEmpty(600, -2)).toBe('empty in about 5 min');
    expect(untilEmpty(600, 2)).toBeUndefined();
    expect(untilEmpty(0, -2)).toBeUndefined();
    expect(untilEmpty(600, undefined)).toBeUndefined();
  });

  it('name the day of a time where it is another one', () => {
    const now = new Date(2026, 0, 2, 12);
    expect(clockTime(new Date(2026, 0, 2, 3, 4, 5).toISOString(), now)).toBe('03:04:05');
    expect(clockTime(new Date(2026, 0, 1, 3, 4, 5).toISOString(), now)).toBe('2026-01-01 03:04:05');
    expect(clockTime('never', now)).toBe('never');
  });
});
