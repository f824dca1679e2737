import { useCallback, useEffect, useState } from 'react';
import { listTargets, type Target } from '../../api/targets';
import { useServices } from '../../app/services';
import { rateOf, type Sample, withSample } from '../work/rates';
import { type Polled, usePolled } from '../work/usePolled';
import { sequenceOf } from './progress';

const every_ms = 2_000;

export interface TargetsNow {
  polled: Polled<Target[]>;
  /** How many events a second are applied; undefined until that is known. */
  rate: (target: string) => number | undefined;
}

export function useTargets(): TargetsNow {
  const { client } = useServices();
  const polled = usePolled(useCallback((signal: AbortSignal) => listTargets(client, signal), [client]), every_ms);
  const [applied, setApplied] = useState<Readonly<Record<string, Sample[]>>>({});
  const { value, at_ms } = polled;
  useEffect(() => {
    if (!value) return;
    setApplied((before) => Object.fromEntries(value.flatMap(({ name, sequence }) => sequence === null
      ? [] : [[name, withSample(before[name] ?? [], { at_ms, value: sequenceOf(sequence) })]])));
  }, [value, at_ms]);
  return { polled, rate: (target) => rateOf(applied[target] ?? []) };
}
