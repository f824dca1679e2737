import { Component, type ReactNode } from 'react';
import { type Problem, problemOf } from '../api/problem';
import { ProblemView } from '../ui/ProblemView';

/** Shows a mistake of our own instead of an empty page. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { problem: Problem | undefined }> {
  override state: { problem: Problem | undefined } = { problem: undefined };
  static getDerivedStateFromError(error: unknown): { problem: Problem } {
    return { problem: problemOf(error) };
  }
  override render(): ReactNode {
    const { problem } = this.state;
    if (!problem) return this.props.children;
    return <main className="centred"><ProblemView problem={problem} onRetry={() => window.location.reload()} /></main>;
  }
}
