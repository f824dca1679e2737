import { type RefObject, use, useEffect, useId, useState, useSyncExternalStore } from 'react';
import { useServices } from '../../app/services';
import type { StackView, ViewState } from '../../imaging/stackView';
import type { Frame } from '../../series/frames';

const noState = (): undefined => undefined;
const noSubscription = () => noState;

/** A viewport in `element` for as long as the component shows these frames. Suspends until Cornerstone3D is here. */
export function useStackView(element: RefObject<HTMLDivElement | null>, frames: readonly Frame[]): {
  view: StackView | undefined; state: ViewState | undefined;
} {
  const imaging = use(useServices().imaging());
  const id = useId();
  const [view, setView] = useState<StackView>();
  useEffect(() => {
    const place = element.current;
    if (!place) return undefined;
    const made = imaging.show(place, frames, id, Math.floor((frames.length - 1) / 2));
    setView(made);
    return () => {
      setView(undefined);
      made.dispose();
    };
  }, [imaging, element, frames, id]);
  const state = useSyncExternalStore<ViewState | undefined>(view?.subscribe ?? noSubscription, view?.snapshot ?? noState);
  return { view, state };
}
