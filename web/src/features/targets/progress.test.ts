import { describe, expect, it } from 'vitest';
import type { CheckResult, LastCheck, Target } from '../../api/targets';
import { checkText, eventsBehind, speed } from './progress';

const target: Target = {
  name: 'mysql', queue: 'index-mysql', fed: true, kept_here: true, lag: 0, lag_s: 0, dead: 0, sequence: '1-40', log: '1-42', held_by: null,
  last_check: null,
};
const check = (state: LastCheck['state'], result: Partial<CheckResult> | null): LastCheck =>
  ({ job: '7', state, at: '2026-01-02T03:04:05Z', result: result && { studies: 0, drift: 0, repaired: 0, unsettled: 0, ...result } });

describe('a target', () => {
  it('is behind by the events that are not all applied', () => {
    expect(eventsBehind(target)).toBe(2);
    expect(eventsBehind({ ...target, sequence: '1-42' })).toBe(0);
    expect(eventsBehind({ ...target, sequence: null })).toBeUndefined();
  });

  it('applies so many a second', () => {
    expect(speed(undefined)).toBe('…');
    expect(speed(0)).toBe('idle');
    expect(speed(0.25)).toBe('0.3/s');
    expect(speed(1234.4)).toBe('1,234/s');
    // A rebuild sets it back.
    expect(speed(-3)).toBe('idle');
  });

  it('says what its last check came to', () => {
    expect(checkText(null)).toEqual({ text: 'never', isBad: false });
    expect(checkText(check('running', { studies: 1200 }))).toEqual({ text: 'running, 1,200 studies', isBad: false });
    expect(checkText(check('succeeded', { studies: 3 }))).toEqual({ text: 'equal, 3 studies', isBad: false });
    expect(checkText(check('succeeded', { studies: 3, drift: 1 }))).toEqual({ text: '1 table differs', isBad: true });
    expect(checkText(check('succeeded', { studies: 3, drift: 2, repaired: 1 }))).toEqual({ text: '2 tables differed, repaired', isBad: false });
    expect(checkText(check('succeeded', { studies: 3, unsettled: 1 }))).toEqual({ text: '1 not settled', isBad: true });
    expect(checkText(check('failed', null))).toEqual({ text: 'failed', isBad: true });
  });
});
