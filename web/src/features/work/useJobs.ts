import { useCallback, useEffect, useState } from 'react';
import { follow } from '../../api/eventStream';
import { isOver, type Job, jobEventsPath, listJobs } from '../../api/jobs';
import { useServices } from '../../app/services';
import { type Polled, useInSight, usePolled } from './usePolled';

const every_ms = 3_000;
const listed = 50;
/** A browser has six connections to a server, for all of its tabs: of the other jobs the list tells, a little later. */
const streams_max = 2;

/** The jobs as the list has them, or as their streams have told since. */
export function latestJobs(list: readonly Job[], told: Readonly<Record<string, Job>>): Job[] {
  return list.map((job) => {
    const newer = told[job.id];
    return newer && newer.version >= job.version ? newer : job;
  });
}

/** Which jobs are worth a stream. */
export function streamed(list: readonly Job[]): string[] {
  return list.filter(({ state }) => state === 'running').slice(0, streams_max).map(({ id }) => id);
}

function parseJob(data: string): Job | undefined {
  try {
    const job = JSON.parse(data) as Job;
    return typeof job.id === 'string' && typeof job.progress === 'object' ? job : undefined;
  } catch {
    return undefined;
  }
}

export function useJobs(): { polled: Polled<Job[]>; jobs: Job[] | undefined } {
  const { client } = useServices();
  const polled = usePolled(useCallback((signal: AbortSignal) => listJobs(client, listed, signal), [client]), every_ms);
  const [told, setTold] = useState<Readonly<Record<string, Job>>>({});
  const inSight = useInSight();
  const { value, refresh } = polled;
  const ids = inSight && value ? streamed(value).join(',') : '';
  useEffect(() => {
    if (!ids) return undefined;
    const stops = ids.split(',').map((id) => {
      const stop = follow(jobEventsPath(id), 'progress', {
        onEvent: (data) => {
          const job = parseJob(data);
          if (!job) return;
          setTold((before) => ({ ...before, [job.id]: job }));
          if (isOver(job)) {
            // The browser would open the stream of a job that has ended again and again.
            stop();
            refresh();
          }
        },
        // The list goes on telling.
        onState: () => {},
      });
      return stop;
    });
    return () => stops.forEach((stop) => stop());
  }, [ids, refresh]);
  return { polled, jobs: value && latestJobs(value, told) };
}
