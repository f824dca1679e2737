import { useState } from 'react';
import { cancelJob, isOver, type Job } from '../../api/jobs';
import { type Problem, problemOf } from '../../api/problem';
import { useServices } from '../../app/services';
import { ProblemView } from '../../ui/ProblemView';
import { JobErrors } from './JobErrors';
import { Panel, PanelNote, PanelProblem, PanelSkeleton } from './Panel';
import { useJobs } from './useJobs';
import { clockTime, count, duration } from './words';

function progressText({ state, progress }: Job): string {
  const { done, total, unit, rate, seconds_left } = progress;
  const parts = [total === null ? `${count(done)} ${unit}` : `${count(done)} of ${count(total)} ${unit}`];
  if (state === 'running') {
    if (rate !== null) parts.push(`${rate >= 10 ? count(Math.round(rate)) : rate.toFixed(1)} ${unit}/s`);
    if (seconds_left !== null) parts.push(`${duration(seconds_left)} left`);
  }
  return parts.join(' · ');
}

function JobRow({ job, onCancelled }: { job: Job; onCancelled: () => void }) {
  const { client } = useServices();
  const [failure, setFailure] = useState<Problem>();
  const [asked, setAsked] = useState(false);
  const [open, setOpen] = useState(false);
  const stopping = !isOver(job) && (job.cancel_requested || asked);
  const cancel = async () => {
    setAsked(true);
    setFailure(undefined);
    try {
      await cancelJob(client, job.id);
      onCancelled();
    } catch (error) {
      setAsked(false);
      setFailure(problemOf(error));
    }
  };
  const { done, total } = job.progress;
  return (
    <li className="job" data-job={job.id} data-state={job.state}>
      <div className="job-head">
        <span className="job-kind">{job.kind}</span>
        <span className={`chip job-state job-state-${job.state}`}>{stopping ? 'stopping' : job.state}</span>
        <span className="queue-minor number">{clockTime(job.started_at ?? job.created_at, new Date())} · {job.id}</span>
        <span className="bar-space" />
        {!isOver(job) && (
          <button type="button" className="button button-small" disabled={stopping} onClick={() => void cancel()} aria-label={`Cancel ${job.kind} ${job.id}`}>Cancel</button>
        )}
      </div>
      {job.state === 'running' && (
        <progress aria-label={`Progress of ${job.kind} ${job.id}`} {...(total === null ? {} : { value: done, max: Math.max(total, 1) })} />
      )}
      <p className="queue-minor number">
        {progressText(job)}
        {job.item_errors > 0 && (
          <> · <button type="button" className="job-errors" aria-expanded={open} onClick={() => setOpen(!open)}
            title="Show which, and why">{count(job.item_errors)} failed</button></>
        )}
      </p>
      {open && <JobErrors job={job} />}
      {job.error && <p className="job-error">{job.error.message} <code>{job.error.code}</code></p>}
      {failure && <ProblemView problem={failure} compact />}
    </li>
  );
}

export function JobsPanel() {
  const { polled: { problem, refresh }, jobs } = useJobs();
  const running = jobs?.filter(({ state }) => state === 'running').length ?? 0;
  return (
    <Panel title="Jobs" className="jobs" summary={jobs && (running > 0 ? `${count(running)} running` : 'none running')}>
      {problem && (
        <PanelProblem problem={problem} onRetry={refresh} denied="Jobs are not for this role to see."
          missing="Jobs are not available on this server." />
      )}
      {!jobs && !problem && <PanelSkeleton rows={2} />}
      {jobs?.length === 0 && <PanelNote>No job has run yet: imports and exports of many files show up here.</PanelNote>}
      {jobs && jobs.length > 0 && (
        <ul className="job-list">{jobs.map((job) => <JobRow key={job.id} job={job} onCancelled={refresh} />)}</ul>
      )}
    </Panel>
  );
}
