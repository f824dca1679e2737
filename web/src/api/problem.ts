/** What went wrong, as the server said it (RFC 9457), or as we found it when no server answered. */
export interface Problem {
  title: string;
  detail: string;
  /** HTTP status; 0 when no answer came. */
  status: number;
  /** Finds the request in the server's log; absent when no answer came. */
  requestId?: string;
}

export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
    this.name = 'ProblemError';
  }
}

function text(record: Record<string, unknown>, name: string): string | undefined {
  const value = record[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Reads a problem from an answer that is not 2xx. Any body is fine: what is no problem document still has a status. */
export function readProblem(status: number, statusText: string, body: string, requestId?: string): Problem {
  let document: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null) document = parsed as Record<string, unknown>;
  } catch {
    // A proxy in between answers with HTML: the status is all we can trust.
  }
  const id = requestId ?? text(document, 'request_id') ?? text(document, 'requestId');
  return {
    title: text(document, 'title') ?? (statusText || `The server answered ${status}`),
    detail: text(document, 'detail') ?? '',
    status,
    ...(id ? { requestId: id } : {}),
  };
}

export function noAnswer(error: unknown): Problem {
  return {
    title: 'The server does not answer',
    detail: error instanceof Error && error.name === 'TimeoutError'
      ? 'It took too long. Is it very busy?'
      : 'Is it running, and is the network up?',
    status: 0,
  };
}

/** The problem behind anything that was thrown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  return {
    title: 'Something in this page failed',
    detail: error instanceof Error ? error.message : String(error),
    status: 0,
  };
}
