import { describe, expect, it } from 'vitest';
import type { Job, JobState } from '../../api/jobs';
import { latestJobs, streamed } from './useJobs';

const job = (id: string, state: JobState, done = 0): Job => ({
  id, kind: 'import', state, version: done, cancel_requested: false, created_by: 'a', created_at: '2026-01-02T03:04:05Z', item_errors: 0,
  progress: { done, total: 10, unit: 'files', rate: null, seconds_left: null },
});

describe('jobs', () => {
  it('are as their streams told last, until the list knows more', () => {
    const list = [job('1', 'running', 2), job('2', 'running', 5), job('3', 'succeeded', 10), job('4', 'running', 1)];
    const told = { 1: job('1', 'running', 4), 2: job('2', 'running', 4), 3: job('3', 'running', 9), 4: job('4', 'failed', 1) };
    expect(latestJobs(list, told).map(({ id, state, progress }) => `${id} ${state} ${progress.done}`)).toEqual(
      ['1 running 4', '2 running 5', '3 succeeded 10', '4 failed 1']);
  });

  it('have a stream while they run, and never more than the browser can spare', () => {
    expect(streamed([job('1', 'queued'), job('2', 'running'), job('3', 'failed'), job('4', 'running'), job('5', 'running')])).toEqual(['2', '4']);
  });
});
