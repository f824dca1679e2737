import { noAnswer, ProblemError, readProblem } from './problem';

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'DELETE';
  accept?: string;
  json?: unknown;
  signal?: AbortSignal;
  timeout_ms?: number;
}

/** Talks to the server this page came from, with the session cookie. Every failure is a ProblemError,
 *  except that of the caller's own `signal`. */
export class Client {
  constructor(
    /** Called once for each answer 401, so that the page can show that it is signed out. */
    private readonly onSignedOut: () => void,
    private readonly fetcher: typeof fetch = (input, init) => fetch(input, init),
  ) {}

  async request(path: string, options: RequestOptions = {}): Promise<Response> {
    const timeout = AbortSignal.timeout(options.timeout_ms ?? 60_000);
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    let response: Response;
    try {
      response = await this.fetcher(path, {
        method: options.method ?? 'GET',
        credentials: 'same-origin',
        signal,
        headers: {
          Accept: options.accept ?? 'application/json',
          ...(options.json === undefined ? {} : { 'Content-Type': 'application/json' }),
        },
        ...(options.json === undefined ? {} : { body: JSON.stringify(options.json) }),
      });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new ProblemError(noAnswer(error));
    }
    if (response.ok) return response;
    const body = await response.text().catch(() => '');
    if (response.status === 401) this.onSignedOut();
    throw new ProblemError(
      readProblem(response.status, response.statusText, body, response.headers.get('X-Request-Id') ?? undefined),
    );
  }

  async json<T>(path: string, options: RequestOptions = {}): Promise<T> {
    const response = await this.request(path, options);
    try {
      return (await response.json()) as T;
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new ProblemError({
        title: 'The answer was cut short or is no JSON',
        detail: path.split('?')[0] ?? path,
        status: response.status,
      });
    }
  }
}
