import { type MouseEvent, useEffect, useState } from 'react';
import { type Navigate, useKeys } from '../../app/hooks';
import { formatRoute, type Route } from '../../app/route';
import { Bar } from '../../ui/Bar';
import { Icon } from '../../ui/Icon';
import { DeadLettersPanel } from './DeadLettersPanel';
import { EventsPanel } from './EventsPanel';
import { JobsPanel } from './JobsPanel';
import { QueuesPanel } from './QueuesPanel';
import { useQueues } from './useQueues';

/** What the server works on: queues, what failed in them, jobs, and what happens. */
export default function WorkPage({ route, navigate, onHelp }: {
  route: Extract<Route, { screen: 'work' }>; navigate: Navigate; onHelp: () => void;
}) {
  const queues = useQueues();
  useEffect(() => {
    document.title = 'Work · Larmor';
  }, []);
  const back = () => navigate({ screen: 'studies', query: route.query });
  const index: Route = { screen: 'index', query: route.query };
  const openIndex = (event: MouseEvent) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    navigate(index);
  };
  useKeys({ Escape: back, i: () => navigate(index) });

  const all = queues.polled.value;
  // The one that wants somebody's eyes when the page is opened, until a person chooses. It stays when its last dead letter
  // is sent anew: nobody wants another queue under the hand at that moment.
  const [first, setFirst] = useState<string>();
  if (all && all.length > 0 && first === undefined) setFirst((all.find(({ dead }) => dead > 0) ?? all[0])?.name);
  const shown = all?.find(({ name }) => name === route.queue) ?? all?.find(({ name }) => name === first);
  const select = (queue: string) => navigate({ ...route, queue }, 'replace');
  useEffect(() => {
    // In one column the dead letters may be far below the queue that was chosen.
    if (route.queue && window.matchMedia('(max-width: 900px)').matches) {
      document.querySelector('.letters')?.scrollIntoView({ block: 'nearest' });
    }
  }, [route.queue]);
  return (
    <div className="work">
      <Bar onHelp={onHelp}>
        <button type="button" className="icon-button" onClick={back} title="Studies (Esc)" aria-label="Back to the studies"><Icon name="back" /></button>
        <h1 className="work-title">Work</h1>
        <a className="button work-link" href={formatRoute(index)} onClick={openIndex} title="Stores that are kept equal to the catalog (i)">Index</a>
      </Bar>
      <main className="work-panels">
        <div className="work-column">
          <QueuesPanel queues={queues} selected={shown?.name} onSelect={select} />
          {shown && <DeadLettersPanel key={shown.name} queue={shown} onRedriven={queues.polled.refresh} />}
        </div>
        <div className="work-column">
          <JobsPanel />
          <EventsPanel />
        </div>
      </main>
    </div>
  );
}
