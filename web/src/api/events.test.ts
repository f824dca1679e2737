import { describe, expect, it } from 'vitest';
import { eventsPath, type LogEvent, parseEvent, shortSubject, withEvents } from './events';
import { type EventSourceMaker, follow } from './eventStream';

const event = (place: number): LogEvent => ({
  id: `e${place}`, source: 's', type: 'Image Set Created', time: '2026-01-02T03:04:05Z', larmorposition: `1-${place}`, data: {},
});

describe('the log of events', () => {
  it('is asked for in whole seconds, as the server takes them', () => {
    expect(eventsPath(new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678)))).toBe('/v1/events?since=2026-01-02T03:04:05Z');
    expect(eventsPath(undefined)).toBe('/v1/events');
  });

  it('is shown with the newest first, and not without end', () => {
    expect(withEvents([event(2), event(1)], [event(3), event(4)], 3).map(({ id }) => id)).toEqual(['e4', 'e3', 'e2']);
  });

  it('names what an event is of by the end of its name', () => {
    expect(shortSubject({ ...event(1), subject: 'arn:aws:medical-imaging:local:0:datastore/d/imageset/77' })).toBe('imageset/77');
    expect(shortSubject(event(1))).toBe('s');
  });

  it('has nothing of what is no event', () => {
    expect(parseEvent(JSON.stringify(event(1)))?.id).toBe('e1');
    expect(parseEvent('{"type":"x"}')).toBeUndefined();
    expect(parseEvent('{')).toBeUndefined();
  });
});

/** An EventSource whose server is the test. */
class FakeSource extends EventTarget {
  readyState = 0;
  close() {
    this.readyState = 2;
  }
  send(type: string, data: string) {
    this.dispatchEvent(new MessageEvent(type, { data }));
  }
  fail(readyState: number) {
    this.readyState = readyState;
    this.dispatchEvent(new Event('error'));
  }
}

describe('a stream', () => {
  it('hands on events of its type and says how it is doing', () => {
    const source = new FakeSource();
    const seen: string[] = [];
    const stop = follow('/x', 'progress', {
      onEvent: (data) => seen.push(data),
      onState: (state) => seen.push(state),
      onOther: { gone: (data) => seen.push(`gone ${data}`) },
    }, (() => source) as unknown as EventSourceMaker);
    source.dispatchEvent(new Event('open'));
    source.send('progress', '1');
    source.send('message', 'of another type');
    source.fail(0);
    source.send('gone', '{}');
    source.fail(2);
    expect(seen).toEqual(['open', '1', 'lost', 'gone {}', 'closed']);
    stop();
    expect(source.readyState).toBe(2);
  });
});
