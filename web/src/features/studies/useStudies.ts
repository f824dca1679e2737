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
      // A study that came in meanwhile shifts the pages: the one that is seen twice is shown once.
      const uids = new Set(known.map(({ uid }) => uid));
      const added = page.filter(({ uid }) => !uids.has(uid));
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
