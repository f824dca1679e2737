import type { Client } from '../api/client';
import { problemOf } from '../api/problem';
import type { LoadQueue } from './loadQueue';

/** An object URL of a picture, or that there is none. */
export type Thumbnail = { state: 'loading' } | { state: 'ready'; url: string } | { state: 'none'; reason: string };

/** Small pictures, fetched through the load queue and kept while the page is open. */
export class Thumbnails {
  private readonly known = new Map<string, Thumbnail>();

  constructor(
    private readonly client: Client,
    private readonly queue: LoadQueue,
    /** About 10 KB each. */
    private readonly countMax = 2_000,
  ) {}

  get(path: string): Thumbnail | undefined {
    return this.known.get(path);
  }

  /** Asks for a thumbnail while it is in sight. Returns how to stop asking. */
  want(path: string, distance: number, onReady: (thumbnail: Thumbnail) => void): () => void {
    const owner = {};
    this.queue.setWants(owner, [{
      key: path, rank: 'thumbnail', distance,
      run: async (signal) => {
        const thumbnail = await this.fetch(path, signal);
        if (!signal.aborted) onReady(thumbnail);
      },
    }]);
    return () => this.queue.setWants(owner, []);
  }

  clear(): void {
    for (const thumbnail of this.known.values()) if (thumbnail.state === 'ready') URL.revokeObjectURL(thumbnail.url);
    this.known.clear();
  }

  private async fetch(path: string, signal: AbortSignal): Promise<Thumbnail> {
    let thumbnail: Thumbnail;
    try {
      const response = await this.client.request(path, { accept: 'image/jpeg, image/png', signal });
      thumbnail = { state: 'ready', url: URL.createObjectURL(await response.blob()) };
    } catch (error) {
      const problem = problemOf(error);
      thumbnail = { state: 'none', reason: problem.detail || problem.title };
      // 4xx is an answer about this picture; anything else may be better next time.
      if (problem.status < 400 || problem.status >= 500 || problem.status === 401) return thumbnail;
    }
    if (signal.aborted) {
      if (thumbnail.state === 'ready') URL.revokeObjectURL(thumbnail.url);
      return thumbnail;
    }
    this.known.set(path, thumbnail);
    for (const [oldest, old] of this.known) {
      if (this.known.size <= this.countMax) break;
      if (old.state === 'ready') URL.revokeObjectURL(old.url);
      this.known.delete(oldest);
    }
    return thumbnail;
  }
}
