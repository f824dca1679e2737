import { describe, expect, it } from 'vitest';
import { dateBound } from './dates';

describe('dateBound', () => {
  it('takes a year or a month for all its days', () => {
    expect(dateBound('2004', 'first')).toBe('20040101');
    expect(dateBound('2004', 'last')).toBe('20041231');
    expect(dateBound('2004-2', 'last')).toBe('20040229');
    expect(dateBound('1900-02', 'last')).toBe('19000228');
  });

  it('reads a day in the ways people write it', () => {
    for (const written of ['2004-03-09', '20040309', '2004.3.9', ' 2004/03/09 ']) expect(dateBound(written, 'first')).toBe('20040309');
  });

  it('knows what is no date', () => {
    for (const written of ['x', '20', '2004-13', '2004-02-30', '2004-00-01', '09.03.2004']) expect(dateBound(written, 'first')).toBeUndefined();
    expect(dateBound('', 'first')).toBe('');
  });
});
