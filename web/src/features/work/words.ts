/** How the numbers of this page are said. All pure. */

export const count = (value: number): string => value.toLocaleString('en');

/** "12 s", "5 min", "3 h", "2 d": one unit is enough to see how bad it is. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 90) return `${whole} s`;
  if (whole < 90 * 60) return `${Math.round(whole / 60)} min`;
  if (whole < 36 * 3600) return `${Math.round(whole / 3600)} h`;
  return `${Math.round(whole / 86_400)} d`;
}

/** "3.2/s"; nothing yet for what is not known. Small rates are shown a minute, so that slow queues are no "0". */
export function rate(perSecond: number | undefined): string {
  if (perSecond === undefined) return '…';
  if (perSecond <= 0) return '–';
  if (perSecond < 0.1) return `${(perSecond * 60).toFixed(1)}/min`;
  return `${perSecond >= 10 ? count(Math.round(perSecond)) : perSecond.toFixed(1)}/s`;
}

/** "in about 5 min" until a queue that gets shorter at this rate is empty. */
export function untilEmpty(depth: number, perSecond: number | undefined): string | undefined {
  if (perSecond === undefined || perSecond >= 0 || depth === 0) return undefined;
  return `empty in about ${duration(depth / -perSecond)}`;
}

/** Time of day, with the day where it is another one. */
export function clockTime(iso: string, now: Date): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  const clock = time.toLocaleTimeString('en-GB');
  return time.toDateString() === now.toDateString() ? clock : `${time.toLocaleDateString('en-CA')} ${clock}`;
}
