import { useCallback, useEffect, useState } from 'react';
import { listQueues, type Queue } from '../../api/queues';
import { useServices } from '../../app/services';
import { rateOf, type Sample, withSample } from './rates';
import { type Polled, usePolled } from './usePolled';

const every_ms = 2_000;

/** What was ever sent to a queue, and what of it is there no more. */
interface History {
  sent: Sample[];
  gone: Sample[];
}

export interface QueueRates {
  /** What is sent. */
  in: number;
  /** What is done, given up or purged. */
  out: number;
}

export interface QueuesNow {
  polled: Polled<Queue[]>;
  /** Messages a second; undefined until they are known. */
  rates: (queue: string) => QueueRates | undefined;
}

export function useQueues(): QueuesNow {
  const { client } = useServices();
  const polled = usePolled(useCallback((signal: AbortSignal) => listQueues(client, signal), [client]), every_ms);
  const [histories, setHistories] = useState<Readonly<Record<string, History>>>({});
  const { value, at_ms } = polled;
  useEffect(() => {
    if (!value) return;
    setHistories((before) => Object.fromEntries(value.map(({ name, sent, depth }) => [name, {
      sent: withSample(before[name]?.sent ?? [], { at_ms, value: sent }),
      gone: withSample(before[name]?.gone ?? [], { at_ms, value: sent - depth }),
    }])));
  }, [value, at_ms]);
  const rates = (queue: string): QueueRates | undefined => {
    const history = histories[queue];
    const sent = history && rateOf(history.sent);
    const gone = history && rateOf(history.gone);
    return sent === undefined || gone === undefined ? undefined : { in: sent, out: gone };
  };
  return { polled, rates };
}
