import type { LastCheck, Target } from '../../api/targets';
import { count } from '../work/words';

/** How the numbers of this page come about and are said. All pure. */

/** The number of an event in a position: `1-42`. */
export const sequenceOf = (position: string): number => Number(position.slice(position.indexOf('-') + 1));

/** Events that are not all applied yet; undefined where the target gets none. */
export function eventsBehind({ sequence, log }: Target): number | undefined {
  return sequence === null ? undefined : Math.max(0, sequenceOf(log) - sequenceOf(sequence));
}

/** "41.5/s" of events that were applied; nothing yet for what is not known. */
export function speed(perSecond: number | undefined): string {
  if (perSecond === undefined) return '…';
  const size = Math.max(0, perSecond);
  if (size === 0) return 'idle';
  return size >= 10 ? `${count(Math.round(size))}/s` : `${size.toFixed(1)}/s`;
}

/** What a check came to, and whether somebody should look. */
export function checkText(check: LastCheck | null): { text: string; isBad: boolean } {
  if (!check) return { text: 'never', isBad: false };
  const { state, result } = check;
  if (state === 'queued' || state === 'running') {
    return { text: result ? `running, ${count(result.studies)} studies` : 'running', isBad: false };
  }
  if (state === 'failed') return { text: 'failed', isBad: true };
  if (state === 'cancelled' || !result) return { text: state, isBad: false };
  if (result.unsettled > 0) return { text: `${count(result.unsettled)} not settled`, isBad: true };
  if (result.drift === 0) return { text: `equal, ${count(result.studies)} studies`, isBad: false };
  const tables = `${count(result.drift)} ${result.drift === 1 ? 'table' : 'tables'}`;
  if (result.repaired > 0) return { text: `${tables} differed, repaired`, isBad: false };
  return { text: `${tables} ${result.drift === 1 ? 'differs' : 'differ'}`, isBad: true };
}
