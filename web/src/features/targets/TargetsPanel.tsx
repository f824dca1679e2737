import { useState } from 'react';
import { type Problem, problemOf } from '../../api/problem';
import { checkTarget, type Target } from '../../api/targets';
import { useServices } from '../../app/services';
import { ProblemView } from '../../ui/ProblemView';
import { Panel, PanelNote, PanelProblem, PanelSkeleton } from '../work/Panel';
import { clockTime, count, duration } from '../work/words';
import { checkText, eventsBehind, speed } from './progress';
import type { TargetsNow } from './useTargets';

/** What somebody has to know of it beside its numbers. */
function note(target: Target): string | undefined {
  if (!target.fed) return 'No rule feeds it: what is left in its queue is all that it gets.';
  if (target.held_by) return `Dead letter ${target.held_by} holds it: what it is about is not applied.`;
  if (!target.kept_here) return 'This server does not keep it: its queue grows unless a worker does.';
  return undefined;
}

function Check({ target, onAsked }: { target: Target; onAsked: () => void }) {
  const { client } = useServices();
  const [failure, setFailure] = useState<Problem>();
  const [asking, setAsking] = useState(false);
  const { last_check: last } = target;
  const { text, isBad } = checkText(last);
  const isRunning = last?.state === 'running' || last?.state === 'queued';
  const ask = async () => {
    setAsking(true);
    setFailure(undefined);
    try {
      await checkTarget(client, target.name, false);
      onAsked();
    } catch (error) {
      setFailure(problemOf(error));
    }
    setAsking(false);
  };
  return (
    <div className="target-checked">
      <span className={isBad ? 'queue-dead' : undefined}>{text}</span>
      {last && <span className="queue-minor">{clockTime(last.at, new Date())} · job {last.job}</span>}
      {target.kept_here && (
        <button type="button" className="button button-small target-check" disabled={asking || isRunning} onClick={() => void ask()}
          aria-label={`Check ${target.name}`} title="Compare it with the catalog, row by row">Check</button>
      )}
      {failure && <ProblemView problem={failure} compact />}
    </div>
  );
}

function TargetRow({ target, rate, onChanged, onQueue }: {
  target: Target; rate: number | undefined; onChanged: () => void; onQueue: (queue: string) => void;
}) {
  const behind = eventsBehind(target);
  const said = note(target);
  return (
    <tr className="queue" data-target={target.name}>
      <th scope="row">
        <button type="button" className="queue-name" onClick={() => onQueue(target.queue)} title={`Show the queue ${target.queue}`}>{target.name}</button>
        {target.sequence && <span className="queue-minor number" title="Every event up to it is applied">at {target.sequence}</span>}
        {said && <p className={target.held_by || !target.fed ? 'target-note target-note-bad' : 'target-note'}>{said}</p>}
      </th>
      <td className="number" data-label="Behind">
        <span className="queue-depth">{behind === undefined ? '–' : `${count(behind)} ${behind === 1 ? 'event' : 'events'}`}</span>
        {target.lag > 0 && <span className="queue-minor">{count(target.lag)} to apply</span>}
      </td>
      <td className="number" data-label="For">{target.lag === 0 ? '–' : duration(target.lag_s)}</td>
      <td className="number" data-label="Applied" title="Events a second, over the last 30 s">{target.fed ? speed(rate) : '–'}</td>
      <td className={target.dead > 0 ? 'number queue-dead' : 'number'} data-label="Dead">{count(target.dead)}</td>
      <td className="number target-last" data-label="Last check"><Check target={target} onAsked={onChanged} /></td>
    </tr>
  );
}

export function TargetsPanel({ targets, onQueue }: { targets: TargetsNow; onQueue: (queue: string) => void }) {
  const { value, problem, refresh } = targets.polled;
  const late = value?.filter((target) => eventsBehind(target) !== 0).length ?? 0;
  return (
    <Panel title="Targets" className="targets" summary={value && value.length > 0 && (late > 0 ? `${count(late)} behind` : 'up to date')}>
      {problem && (
        <PanelProblem problem={problem} onRetry={refresh} denied="The index is shown to the roles admin and monitor."
          missing="This server has no index." />
      )}
      {!value && !problem && <PanelSkeleton rows={3} />}
      {value?.length === 0 && (
        <PanelNote>Nothing is indexed: a server that is started with <code>--index-mysql</code>, for one, keeps the tables of a database equal to the catalog.</PanelNote>
      )}
      {value && value.length > 0 && (
        <table className="queue-table target-table">
          <thead>
            <tr>
              <th scope="col">Target</th><th scope="col">Behind</th><th scope="col">For</th><th scope="col">Applied</th><th scope="col">Dead</th>
              <th scope="col">Last check</th>
            </tr>
          </thead>
          <tbody>
            {value.map((target) => (
              <TargetRow key={target.name} target={target} rate={targets.rate(target.name)} onChanged={refresh} onQueue={onQueue} />
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
