import type { Queue } from '../../api/queues';
import { Panel, PanelNote, PanelProblem, PanelSkeleton } from './Panel';
import type { QueueRates, QueuesNow } from './useQueues';
import { count, duration, rate as rateText, untilEmpty } from './words';

function Kind({ queue }: { queue: Queue }) {
  if (queue.internal) return <span className="chip" title="The program itself works on it">internal</span>;
  return queue.fifo ? <span className="chip" title="In the order of sending within a group">FIFO</span> : null;
}

function QueueRow({ queue, rates, selected, onSelect }: {
  queue: Queue; rates: QueueRates | undefined; selected: boolean; onSelect: (name: string) => void;
}) {
  const empty = untilEmpty(queue.depth, rates && rates.in - rates.out);
  return (
    <tr className={selected ? 'queue is-selected' : 'queue'} data-queue={queue.name}>
      <th scope="row">
        <button type="button" className="queue-name" aria-pressed={selected} onClick={() => onSelect(queue.name)}
          title={`Show the dead letters of ${queue.name}`}>{queue.name}</button>
        <Kind queue={queue} />
      </th>
      <td className="number" data-label="Depth">
        <span className="queue-depth">{count(queue.depth)}</span>
        <span className="queue-minor">
          {[queue.waiting > 0 && `${count(queue.waiting)} waiting`, queue.delayed > 0 && `${count(queue.delayed)} delayed`,
            queue.in_flight > 0 && `${count(queue.in_flight)} in flight`].filter(Boolean).join(' · ')}
        </span>
      </td>
      <td className="number" data-label="Oldest">{queue.oldest_age_s === null ? '–' : duration(queue.oldest_age_s)}</td>
      <td className="number" data-label="In">
        <span title="What is sent, over the last 30 s">{rateText(rates?.in)}</span>
      </td>
      <td className="number" data-label="Out">
        <span title="What is done, given up or purged, over the last 30 s">{rateText(rates?.out)}</span>
        {empty && <span className="queue-minor">{empty}</span>}
      </td>
      <td className={queue.dead > 0 ? 'number queue-dead' : 'number'} data-label="Dead">{count(queue.dead)}</td>
    </tr>
  );
}

export function QueuesPanel({ queues, selected, onSelect }: {
  queues: QueuesNow; selected: string | undefined; onSelect: (name: string) => void;
}) {
  const { value, problem, refresh } = queues.polled;
  const dead = value?.reduce((sum, queue) => sum + queue.dead, 0) ?? 0;
  const depth = value?.reduce((sum, queue) => sum + queue.depth, 0) ?? 0;
  return (
    <Panel title="Queues" className="queues" summary={value && `${count(depth)} messages${dead > 0 ? `, ${count(dead)} dead` : ''}`}>
      {problem && <PanelProblem problem={problem} onRetry={refresh} denied="Queues are shown to the roles admin and monitor." />}
      {!value && !problem && <PanelSkeleton rows={3} />}
      {value?.length === 0 && <PanelNote>There are no queues yet. A rule that sends to one makes it.</PanelNote>}
      {value && value.length > 0 && (
        <table className="queue-table">
          <thead>
            <tr><th scope="col">Name</th><th scope="col">Depth</th><th scope="col">Oldest</th><th scope="col">In</th><th scope="col">Out</th><th scope="col">Dead</th></tr>
          </thead>
          <tbody>
            {value.map((queue) => (
              <QueueRow key={queue.name} queue={queue} rates={queues.rates(queue.name)} selected={queue.name === selected} onSelect={onSelect} />
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
