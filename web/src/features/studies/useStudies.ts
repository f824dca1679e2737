import { useCallback, useEffect, useRef, useState } from 'react';
import type { Client } from '../../api/client';
import { type Problem, problemOf } from '../../api/problem';
import { listStudies, type Study, type StudyQuery } from '../../api/studies';

export const pageSize = 50;

export interface StudyList {
  studies: readonly Study[];
  /** `more`: the last page was full, so there may be another one. */
  state: 'loading' | 'more' | 'complete' | 'failed';
  problem: Problem | undefined;
  /** The studies still answer the query before this one. */
  stale: boolean;
}

/** A study that comes in meanwhile shifts the pages, and some archives list a study once for each patient in it:
 *  what is seen twice is shown once. */
export function unseen(known: readonly Study[], page: readonly Study[]): Study[] {
  const uids = new Set(known.map(({ uid }) => uid));
  return page.filter(({ uid }) => !uids.has(uid) && uids.add(uid));
}

/** The studies that match, page by page. */
export function useStudies(client: Client, query: StudyQuery): { list: StudyList; loadMore: () => void; retry: () => void } {
  const [list, setList] = useState<StudyList>({ studies: [], state: 'loading', problem: undefined, stale: false });
  const running = useRef<AbortController>(undefined);

  const load = useCallback(async (known: readonly Study[]) => {
    running.current?.abort();
    const abort = new AbortController();
    running.current = abort;
    const fresh = known.length === 0;
    setList((old) => ({ ...old, state: 'loading', problem: undefined, stale: fresh && old.studies.length > 0 }));
    try {
      const page = await listStudies(client, query, known.length, pageSize, abort.signal);
      if (abort.signal.aborted) return;
      const added = unseen(known, page);
      setList({
        studies: [...known, ...added], problem: undefined, stale: false,
        state: page.length < pageSize || added.length === 0 ? 'complete' : 'more',
      });
    } catch (error) {
      if (abort.signal.aborted) return;
      setList((old) => ({ studies: fresh ? [] : old.studies, state: 'failed', problem: problemOf(error), stale: false }));
    }
  }, [client, query]);

  useEffect(() => {
    void load([]);
    return () => running.current?.abort();
  }, [load]);

  const { studies, state } = list;
  return {
    list,
    loadMore: useCallback(() => { if (state === 'more') void load(studies); }, [load, state, studies]),
    retry: useCallback(() => void load(studies), [load, studies]),
  };
}
