import { useCallback, useEffect, useRef, useState } from 'react';
import { follow } from '../../api/eventStream';
import { eventsPath, type LogEvent, parseEvent, probeEvents, withEvents } from '../../api/events';
import { type Problem, problemOf } from '../../api/problem';
import { useServices } from '../../app/services';
import { useInSight } from './usePolled';

export const eventsShown_max = 200;
/** Events may come by thousands a second: the list is drawn anew a few times a second at most. */
const draw_ms = 150;

export type LogState = 'connecting' | 'open' | 'lost' | 'failed';
export interface EventLog {
  state: LogState;
  problem: Problem | undefined;
  events: LogEvent[];
  /** Of all that came, also those that are no longer shown. */
  seen: number;
  /** Some events were dropped from the log before they came here. */
  gap: boolean;
  /** From `since` on, or from now; also after a failure. */
  restart: (since?: Date) => void;
}

/** Follows the log of events while the page is in sight; what is missed behind other tabs is fetched when it is back. */
export function useEventLog(): EventLog {
  const { client } = useServices();
  const [start, setStart] = useState<{ since: Date | undefined; fresh: number }>({ since: undefined, fresh: 0 });
  const [state, setState] = useState<LogState>('connecting');
  const [problem, setProblem] = useState<Problem>();
  const [events, setEvents] = useState<LogEvent[]>([]);
  const [seen, setSeen] = useState(0);
  const [gap, setGap] = useState(false);
  const position = useRef<string>(undefined);
  const inSight = useInSight();

  useEffect(() => {
    if (!inSight) return undefined;
    const abort = new AbortController();
    let waiting: LogEvent[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const draw = () => {
      timer = undefined;
      const added = waiting;
      waiting = [];
      setEvents((before) => withEvents(before, added, eventsShown_max));
      setSeen((before) => before + added.length);
    };
    const goOnFromNow = () => {
      position.current = undefined;
      setGap(true);
      setStart(({ fresh }) => ({ since: undefined, fresh: fresh + 1 }));
    };
    const findOutWhy = async () => {
      try {
        await probeEvents(client, abort.signal);
        // It would open now: what it refused was where we wanted to go on.
        if (!abort.signal.aborted) goOnFromNow();
      } catch (error) {
        if (abort.signal.aborted) return;
        setProblem(problemOf(error));
        setState('failed');
      }
    };
    const path = position.current ? `/v1/events?after=${encodeURIComponent(position.current)}` : eventsPath(start.since);
    const stop = follow(path, 'message', {
      onEvent: (data) => {
        const event = parseEvent(data);
        if (!event) return;
        position.current = event.larmorposition;
        waiting.push(event);
        timer ??= setTimeout(draw, draw_ms);
      },
      onState: (next) => {
        if (next === 'closed') void findOutWhy();
        else setState(next);
      },
      onOther: { gone: goOnFromNow },
    });
    return () => {
      stop();
      abort.abort();
      clearTimeout(timer);
      if (waiting.length > 0) draw();
    };
  }, [client, start, inSight]);

  const restart = useCallback((since?: Date) => {
    position.current = undefined;
    setEvents([]);
    setSeen(0);
    setGap(false);
    setProblem(undefined);
    setState('connecting');
    setStart(({ fresh }) => ({ since, fresh: fresh + 1 }));
  }, []);
  return { state, problem, events, seen, gap, restart };
}
