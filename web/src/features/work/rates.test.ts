import { describe, expect, it } from 'vitest';
import { rateOf, rateWindow_ms, type Sample, withSample } from './rates';

const samples = (...values: [number, number][]): Sample[] => values.map(([at_s, value]) => ({ at_ms: at_s * 1000, value }));

describe('the rate of a queue', () => {
  it('is the change a second between the ends of the window', () => {
    expect(rateOf(samples([0, 10], [2, 4], [10, 30]))).toBe(2);
    expect(rateOf(samples([0, 30], [10, 10]))).toBe(-2);
    expect(rateOf(samples([0, 5], [10, 5]))).toBe(0);
  });

  it('is not known from one sample, nor from two that are nearly the same', () => {
    expect(rateOf([])).toBeUndefined();
    expect(rateOf(samples([0, 1]))).toBeUndefined();
    expect(rateOf(samples([0, 1], [0.5, 2]))).toBeUndefined();
  });

  it('forgets what lies before the window, but for the sample that begins it', () => {
    let kept: Sample[] = [];
    for (let at_s = 0; at_s <= 120; at_s += 2) kept = withSample(kept, { at_ms: at_s * 1000, value: at_s });
    expect(kept.at(-1)?.at_ms).toBe(120_000);
    expect(kept[0]?.at_ms).toBe(120_000 - rateWindow_ms);
    expect(kept).toHaveLength(16);
    expect(rateOf(kept)).toBe(1);
  });

  it('goes on after a pause with the last sample before it', () => {
    const kept = withSample(samples([0, 0], [2, 0], [4, 0]), { at_ms: 104_000, value: 50 });
    expect(kept).toHaveLength(2);
    expect(rateOf(kept)).toBe(0.5);
  });
});
