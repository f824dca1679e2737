const pattern = /^(\d{4})(?:[-./]?(\d{1,2}))?(?:[-./]?(\d{1,2}))?$/;

/** The first or last day that a person means by "2004", "2004-3", "2004-03-09" or "20040309", as DA; undefined when it is no date.
 *  Empty text asks for nothing, and is returned as it is. */
export function dateBound(written: string, end: 'first' | 'last'): string | undefined {
  const trimmed = written.trim();
  if (trimmed === '') return '';
  const match = pattern.exec(trimmed);
  if (!match) return undefined;
  const year = Number(match[1]);
  const month = match[2] === undefined ? (end === 'first' ? 1 : 12) : Number(match[2]);
  if (month < 1 || month > 12) return undefined;
  // Day 0 of the next month is the last of this one. setUTCFullYear, since Date.UTC takes the years 0 to 99 for 1900 to 1999.
  const last = new Date(0);
  last.setUTCFullYear(year, month, 0);
  const day = match[3] === undefined ? (end === 'first' ? 1 : last.getUTCDate()) : Number(match[3]);
  if (day < 1 || day > last.getUTCDate()) return undefined;
  return `${match[1]}${String(month).padStart(2, '0')}${String(day).padStart(2, '0')}`;
}
