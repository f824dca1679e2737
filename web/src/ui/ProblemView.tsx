import type { Problem } from '../api/problem';
import { Icon } from './Icon';

/** An error state: what happened, what to do, and how to find it in the server's log. */
export function ProblemView({ problem, onRetry, compact = false }: { problem: Problem; onRetry?: () => void; compact?: boolean }) {
  return (
    <div className={compact ? 'problem problem-compact' : 'problem'} role="alert">
      <Icon name="warning" size={compact ? 18 : 28} />
      <div className="problem-text">
        <h2>{problem.title}</h2>
        {problem.detail && <p>{problem.detail}</p>}
        {(problem.status > 0 || problem.requestId) && (
          <p className="problem-reference">
            {problem.status > 0 && <>status {problem.status}</>}
            {problem.status > 0 && problem.requestId && ' · '}
            {problem.requestId && <>request <code>{problem.requestId}</code></>}
          </p>
        )}
      </div>
      {onRetry && <button type="button" className="button" onClick={onRetry}>Try again</button>}
    </div>
  );
}
