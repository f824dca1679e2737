import { useEffect } from 'react';
import { type Navigate, useKeys } from '../../app/hooks';
import type { Route } from '../../app/route';
import { Bar } from '../../ui/Bar';
import { Icon } from '../../ui/Icon';
import { TargetsPanel } from './TargetsPanel';
import { useTargets } from './useTargets';

/** The stores that are kept equal to the catalog: how far each is, and when that was proved last. */
export default function IndexPage({ route, navigate, onHelp }: {
  route: Extract<Route, { screen: 'index' }>; navigate: Navigate; onHelp: () => void;
}) {
  const targets = useTargets();
  useEffect(() => {
    document.title = 'Index · Larmor';
  }, []);
  const back = () => navigate({ screen: 'work', queue: undefined, query: route.query });
  useKeys({ Escape: back });
  return (
    <div className="work">
      <Bar onHelp={onHelp}>
        <button type="button" className="icon-button" onClick={back} title="Work (Esc)" aria-label="Back to Work"><Icon name="back" /></button>
        <h1 className="work-title">Index</h1>
      </Bar>
      <main className="work-panels index-panels">
        <TargetsPanel targets={targets} onQueue={(queue) => navigate({ screen: 'work', queue, query: route.query })} />
      </main>
    </div>
  );
}
