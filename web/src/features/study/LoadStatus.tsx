import { useEffect, useState } from 'react';
import { useServices } from '../../app/services';
import type { QueueState } from '../../loading/loadQueue';
import { ranks } from '../../loading/priority';

/** What is here and what the load queue does next. */
export function LoadStatus({ loaded, sliceCount }: { loaded: readonly boolean[]; sliceCount: string }) {
  const { queue } = useServices();
  const [state, setState] = useState<QueueState>(() => queue.state());
  useEffect(() => queue.subscribe(setState), [queue]);
  const here = loaded.filter(Boolean).length;
  const waiting = ranks.filter((rank) => state.waiting[rank] > 0).map((rank) => `${rank} ${state.waiting[rank]}`);
  return (
    <footer className="load-status" data-running={state.running}>
      <span className="load-bar"><span style={{ width: `${loaded.length ? (here / loaded.length) * 100 : 0}%` }} /></span>
      <span>{here.toLocaleString('en')} of {loaded.length.toLocaleString('en')} {sliceCount} here</span>
      <span className="load-queue">{state.running > 0 && `loading ${state.running}`}{waiting.length > 0 && ` · waiting: ${waiting.join(', ')}`}</span>
    </footer>
  );
}
