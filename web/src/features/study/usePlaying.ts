import { useCallback, useEffect, useRef, useState } from 'react';
import type { StackView, ViewState } from '../../imaging/stackView';

export interface Playing {
  on: boolean;
  rate: number;
  setRate: (framesPerSecond: number) => void;
  toggle: () => void;
  stop: () => void;
}

/** Plays a stack in a loop. A frame that is not there yet is waited for: a heart must not skip a beat. */
export function usePlaying(view: StackView | undefined, state: ViewState | undefined, count: number, fileRate: number): Playing {
  const [on, setOn] = useState(false);
  const [rate, setRate] = useState(fileRate);
  const shown = state?.shown ?? -1;
  const due = useRef(0);

  useEffect(() => {
    if (!on || !view || count < 2 || shown !== view.snapshot().index) return undefined;
    const now = performance.now();
    // Behind by more than a frame: start counting anew instead of rushing.
    due.current = due.current + 1000 / rate < now ? now + 1000 / rate : due.current + 1000 / rate;
    const timer = setTimeout(() => view.goTo((shown + 1) % count), Math.max(0, due.current - now));
    return () => clearTimeout(timer);
  }, [on, view, shown, count, rate]);

  return {
    on, rate, setRate,
    toggle: useCallback(() => setOn((playing) => !playing), []),
    stop: useCallback(() => setOn(false), []),
  };
}
