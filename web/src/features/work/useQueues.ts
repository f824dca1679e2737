import { useCallback, useEffect, useState } from 'react';
import { listQueues, type Queue } from '../../api/queues';
import { useServices } from '../../app/services';
import { rateOf, type Sample, withSample } from './rates';
import { type Polled, usePolled } from './usePolled';

const every_ms = 2_000;

export interface QueuesNow {
  polled: Polled<Queue[]>;
  /** By how many messages a second a queue gets deeper; undefined until that is known. */
  rate: (queue: string) => number | undefined;
}

export function useQueues(): QueuesNow {
  const { client } = useServices();
  const polled = usePolled(useCallback((signal: AbortSignal) => listQueues(client, signal), [client]), every_ms);
  const [depths, setDepths] = useState<Readonly<Record<string, Sample[]>>>({});
  const { value, at_ms } = polled;
  useEffect(() => {
    if (!value) return;
    setDepths((before) => Object.fromEntries(value.map(({ name, depth }) =>
      [name, withSample(before[name] ?? [], { at_ms, value: depth })])));
  }, [value, at_ms]);
  return { polled, rate: (queue) => rateOf(depths[queue] ?? []) };
}
