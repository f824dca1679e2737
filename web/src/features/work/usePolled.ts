import { useCallback, useEffect, useState } from 'react';
import { type Problem, problemOf } from '../../api/problem';

/** What is asked for again and again. What was known stays when asking fails, with the problem beside it. */
export interface Polled<T> {
  value: T | undefined;
  /** When `value` came; ms since 1970. */
  at_ms: number;
  problem: Problem | undefined;
  refresh: () => void;
}

/** Whether asking again by itself could help. */
const isFinal = ({ status }: Problem) => status === 401 || status === 403 || status === 404;

/** Asks at once, when `load` changes (wrap it in useCallback), and `every_ms` after each answer, while the page is in sight. */
export function usePolled<T>(load: (signal: AbortSignal) => Promise<T>, every_ms: number | undefined): Polled<T> {
  const [result, setResult] = useState<{ load: unknown; value: T | undefined; at_ms: number; problem: Problem | undefined }>();
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asking = false;
    let isOver = false;
    const ask = async () => {
      clearTimeout(timer);
      asking = true;
      try {
        const value = await load(abort.signal);
        if (abort.signal.aborted) return;
        setResult({ load, value, at_ms: Date.now(), problem: undefined });
      } catch (error) {
        if (abort.signal.aborted) return;
        const problem = problemOf(error);
        isOver = isFinal(problem);
        setResult((before) => before?.load === load ? { ...before, problem } : { load, value: undefined, at_ms: 0, problem });
      }
      asking = false;
      if (every_ms !== undefined && !isOver && !document.hidden) timer = setTimeout(() => void ask(), every_ms);
    };
    const onVisibility = () => {
      if (document.hidden) clearTimeout(timer);
      else if (!asking && !isOver && every_ms !== undefined) void ask();
    };
    void ask();
    document.addEventListener('visibilitychange', onVisibility);
    return () => {
      abort.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onVisibility);
    };
  }, [load, every_ms, attempt]);
  const current = result?.load === load ? result : undefined;
  return {
    value: current?.value, at_ms: current?.at_ms ?? 0, problem: current?.problem,
    refresh: useCallback(() => setAttempt((before) => before + 1), []),
  };
}

/** False while the page is in a tab behind others: then it holds no streams open, of which a browser has few. */
export function useInSight(): boolean {
  const [inSight, setInSight] = useState(!document.hidden);
  useEffect(() => {
    const onVisibility = () => setInSight(!document.hidden);
    document.addEventListener('visibilitychange', onVisibility);
    return () => document.removeEventListener('visibilitychange', onVisibility);
  }, []);
  return inSight;
}
