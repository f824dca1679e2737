import { type ReactNode, useId } from 'react';
import type { Problem } from '../../api/problem';
import { ProblemView } from '../../ui/ProblemView';

/** A part of the page with a heading and, beside it, what can be done with the whole of it. */
export function Panel({ title, summary, actions, className, children }: {
  title: string; summary?: ReactNode; actions?: ReactNode; className?: string; children: ReactNode;
}) {
  const heading = useId();
  return (
    <section className={className ? `panel ${className}` : 'panel'} aria-labelledby={heading}>
      <header className="panel-head">
        <h2 id={heading}>{title}</h2>
        {summary && <span className="panel-summary">{summary}</span>}
        <span className="bar-space" />
        {actions && <span className="panel-acts">{actions}</span>}
      </header>
      {children}
    </section>
  );
}

/** What a panel shows in place of its content. */
export function PanelNote({ children }: { children: ReactNode }) {
  return <p className="panel-note">{children}</p>;
}

export function PanelSkeleton({ rows }: { rows: number }) {
  return (
    <div className="panel-skeleton" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => <span key={row} />)}
    </div>
  );
}

/** A refusal is nothing that trying again mends: it is said without an alarm. */
export function PanelProblem({ problem, onRetry, denied, missing }: {
  problem: Problem; onRetry: () => void; denied: string; missing?: string;
}) {
  if (problem.status === 403) return <PanelNote>{denied}</PanelNote>;
  if (problem.status === 404 && missing) return <PanelNote>{missing}</PanelNote>;
  return <ProblemView problem={problem} onRetry={onRetry} compact />;
}
