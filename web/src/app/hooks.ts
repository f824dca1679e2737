import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { failed, type Loadable, loading, ready } from '../api/loadable';
import { problemOf } from '../api/problem';
import { formatRoute, parseRoute, type Route } from './route';

/** Loads something anew whenever `load` changes (wrap it in useCallback) or `reload` is called. */
export function useLoadable<T>(load: (signal: AbortSignal) => Promise<T>): [Loadable<T>, () => void] {
  const [attempt, setAttempt] = useState(0);
  const [result, setResult] = useState<{ load: unknown; attempt: number; value: Loadable<T> }>();
  useEffect(() => {
    const abort = new AbortController();
    const finish = (value: Loadable<T>) => {
      if (!abort.signal.aborted) setResult({ load, attempt, value });
    };
    load(abort.signal).then((value) => finish(ready(value)), (error: unknown) => finish(failed(problemOf(error))));
    return () => abort.abort();
  }, [load, attempt]);
  // The answer to an earlier question is no answer to this one.
  const value = result && result.load === load && result.attempt === attempt ? result.value : loading;
  return [value, useCallback(() => setAttempt((count) => count + 1), [])];
}

export type Navigate = (route: Route, how?: 'push' | 'replace') => void;

export function useRoute(): [Route, Navigate] {
  const [route, setRoute] = useState(() => parseRoute(window.location.search));
  useEffect(() => {
    const onPopState = () => setRoute(parseRoute(window.location.search));
    window.addEventListener('popstate', onPopState);
    return () => window.removeEventListener('popstate', onPopState);
  }, []);
  const navigate = useCallback<Navigate>((next, how = 'push') => {
    const address = formatRoute(next);
    if (how === 'push') window.history.pushState(null, '', address);
    else window.history.replaceState(null, '', address);
    setRoute(next);
  }, []);
  return [route, navigate];
}

/** The value, once it has not changed for a while. */
export function useDebounced<T>(value: T, delay_ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), delay_ms);
    return () => clearTimeout(timer);
  }, [value, delay_ms]);
  return settled;
}

export type Keys = Readonly<Record<string, (event: KeyboardEvent) => void>>;

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Keys of a screen, by KeyboardEvent.key ("Shift+ArrowUp" with a modifier). Not while the person types, nor under a dialog. */
export function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  // Before the next event, not after the next paint: two keys may come within one frame.
  useLayoutEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target) || document.querySelector('dialog[open]')) return;
      // Enter and Space on a focused button press that button.
      if ((event.key === 'Enter' || event.key === ' ') && event.target instanceof Element && event.target.closest('button, a')) return;
      const named = event.shiftKey && event.key.length > 1 ? `Shift+${event.key}` : event.key;
      const action = latest.current[named] ?? latest.current[named.toLowerCase()];
      if (!action) return;
      event.preventDefault();
      action(event);
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);
}
