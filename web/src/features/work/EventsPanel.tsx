import { useState } from 'react';
import { type LogEvent, shortSubject } from '../../api/events';
import { Panel, PanelNote, PanelProblem, PanelSkeleton } from './Panel';
import { eventsShown_max, useEventLog } from './useEventLog';
import { clockTime, count } from './words';

const hour_ms = 3_600_000;

function EventRow({ event }: { event: LogEvent }) {
  return (
    <li className="event" data-position={event.larmorposition}>
      <details>
        <summary>
          <span className="queue-minor number">{clockTime(event.time, new Date())}</span>
          <span className="event-type">{event.type}</span>
          <span className="queue-minor event-subject">{shortSubject(event)}</span>
        </summary>
        <pre className="letter-body" tabIndex={0} aria-label="Event">{JSON.stringify(event, null, 2)}</pre>
      </details>
    </li>
  );
}

export function EventsPanel() {
  const { state, problem, events, seen, gap, restart } = useEventLog();
  const [held, setHeld] = useState<LogEvent[]>();
  const shown = held ?? events;
  const summary = { connecting: 'connecting…', open: held ? 'paused' : 'live', lost: 'connection lost, trying again…', failed: '' }[state];
  return (
    <Panel title="Events" className="events" summary={<span className={`event-state event-state-${state}`} role="status">{summary}</span>}
      actions={state !== 'failed' && (
        <>
          <button type="button" className="button button-small" onClick={() => { setHeld(undefined); restart(new Date(Date.now() - hour_ms)); }}>Last hour</button>
          <button type="button" className="button button-small" aria-pressed={held !== undefined} disabled={shown.length === 0}
            onClick={() => setHeld(held ? undefined : events)}>Pause</button>
        </>
      )}>
      {problem && <PanelProblem problem={problem} onRetry={() => restart()} denied="Events are for roles that may search." />}
      {gap && <PanelNote>Some events are no longer kept: the list goes on with what is new.</PanelNote>}
      {state === 'connecting' && shown.length === 0 && <PanelSkeleton rows={2} />}
      {state !== 'connecting' && state !== 'failed' && shown.length === 0 && (
        <PanelNote>Nothing has happened since you opened this page. What happens is listed here as it does.</PanelNote>
      )}
      {shown.length > 0 && <ul className="event-list">{shown.map((event) => <EventRow key={event.larmorposition} event={event} />)}</ul>}
      {seen > eventsShown_max && <PanelNote>The last {count(eventsShown_max)} of {count(seen)}.</PanelNote>}
    </Panel>
  );
}
