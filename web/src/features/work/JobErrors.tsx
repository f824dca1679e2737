import { useCallback } from 'react';
import { type Job, listJobErrors } from '../../api/jobs';
import { useLoadable } from '../../app/hooks';
import { useServices } from '../../app/services';
import { ProblemView } from '../../ui/ProblemView';
import { PanelSkeleton } from './Panel';
import { count } from './words';

/** What went wrong with which item. Asked for when it is looked at: names of files are in it, so that looking goes on record. */
export function JobErrors({ job }: { job: Job }) {
  const { client } = useServices();
  const [errors, retry] = useLoadable(useCallback((signal: AbortSignal) => listJobErrors(client, job.id, signal), [client, job.id]));
  if (errors.state === 'loading') return <PanelSkeleton rows={2} />;
  if (errors.state === 'failed') return <ProblemView problem={errors.problem} onRetry={retry} compact />;
  return (
    <ul className="item-errors" tabIndex={0} aria-label={`Errors of ${job.kind} ${job.id}`}>
      {errors.value.map(({ number, item, code, message }) => (
        <li key={number}><span className="item-name">{item}</span> <span className="chip chip-bad">{code}</span> {message}</li>
      ))}
      {job.item_errors > errors.value.length && (
        <li className="queue-minor">The first {count(errors.value.length)} of {count(job.item_errors)} are shown.</li>
      )}
    </ul>
  );
}
