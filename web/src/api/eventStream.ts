/** How a stream of server-sent events is doing. The browser comes back by itself from `lost`, with the id of the last
 *  event that it had; `closed` is for good: the server answered with an error. */
export type StreamState = 'open' | 'lost' | 'closed';

export interface StreamHandlers {
  onEvent: (data: string) => void;
  onState: (state: StreamState) => void;
  /** Of events of other types than `type`. */
  onOther?: Readonly<Record<string, (data: string) => void>>;
}

/** What of EventSource is used: tests have one of their own. */
export type EventSourceMaker = (path: string) => Pick<EventSource, 'addEventListener' | 'close' | 'readyState'>;

/** Follows events of a type until the function that it gives is called. */
export function follow(
  path: string, type: string, handlers: StreamHandlers, make: EventSourceMaker = (address) => new EventSource(address),
): () => void {
  const source = make(path);
  const on = (name: string, act: (data: string) => void) =>
    source.addEventListener(name, (event) => {
      if (event instanceof MessageEvent) act(String(event.data));
    });
  source.addEventListener('open', () => handlers.onState('open'));
  source.addEventListener('error', () => handlers.onState(source.readyState === 2 ? 'closed' : 'lost'));
  on(type, handlers.onEvent);
  for (const [name, act] of Object.entries(handlers.onOther ?? {})) on(name, act);
  return () => source.close();
}
