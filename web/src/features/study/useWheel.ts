import { type RefObject, useEffect, useLayoutEffect, useRef } from 'react';

/** A notch of a wheel is some 100 pixels; a trackpad sends many small ones, of which this many make a step. */
const pixelsPerStep = 40;

/** Calls `onSteps` with whole steps of the wheel over `element`. */
export function useWheel(element: RefObject<HTMLElement | null>, onSteps: (steps: number) => void): void {
  const latest = useRef(onSteps);
  // Before the next event, not after the next paint: two keys may come within one frame.
  useLayoutEffect(() => {
    latest.current = onSteps;
  });
  useEffect(() => {
    const place = element.current;
    if (!place) return undefined;
    let rest = 0;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * pixelsPerStep;
      if (Math.abs(pixels) >= pixelsPerStep) {
        rest = 0;
        latest.current(Math.sign(pixels));
        return;
      }
      rest += pixels;
      const steps = Math.trunc(rest / pixelsPerStep);
      rest -= steps * pixelsPerStep;
      if (steps !== 0) latest.current(steps);
    };
    // Not passive, which React would make it: the page must not scroll with the stack.
    place.addEventListener('wheel', onWheel, { passive: false });
    return () => place.removeEventListener('wheel', onWheel);
  }, [element]);
}
