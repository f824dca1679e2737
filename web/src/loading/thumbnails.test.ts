import { describe, expect, it } from 'vitest';
import { Client } from '../api/client';
import { LoadQueue } from './loadQueue';
import { once } from './once';
import { type Thumbnail, Thumbnails } from './thumbnails';

function thumbnailsOf(answer: () => Response, countMax?: number) {
  const client = new Client(() => undefined, async () => answer());
  const thumbnails = new Thumbnails(client, new LoadQueue(), countMax);
  const get = (path: string) => new Promise<Thumbnail>((resolve) => thumbnails.want(path, 0, resolve));
  return { thumbnails, get };
}

describe('Thumbnails', () => {
  it('keeps a picture for the next time', async () => {
    const { thumbnails, get } = thumbnailsOf(() => new Response('jpeg'));
    expect((await get('/a')).state).toBe('ready');
    expect(thumbnails.get('/a')?.state).toBe('ready');
  });

  it('remembers that there is no picture, and why', async () => {
    const { thumbnails, get } = thumbnailsOf(() => new Response('{"title":"No frames","detail":"a report"}', { status: 404 }));
    expect(await get('/a')).toEqual({ state: 'none', reason: 'a report' });
    expect(thumbnails.get('/a')?.state).toBe('none');
  });

  it('does not remember what may be better next time', async () => {
    const { thumbnails, get } = thumbnailsOf(() => new Response('', { status: 503 }));
    expect((await get('/a')).state).toBe('none');
    expect(thumbnails.get('/a')).toBeUndefined();
  });

  it('forgets the oldest when there are too many', async () => {
    const { thumbnails, get } = thumbnailsOf(() => new Response('jpeg'), 2);
    for (const path of ['/a', '/b', '/c']) await get(path);
    expect(thumbnails.get('/a')).toBeUndefined();
    expect(thumbnails.get('/c')?.state).toBe('ready');
  });
});

describe('once', () => {
  it('makes a thing once, and again only after it failed', async () => {
    let made = 0;
    const get = once(async () => {
      made += 1;
      if (made === 1) throw new Error('the chunk did not load');
      return made;
    });
    await expect(get()).rejects.toThrow('chunk');
    expect(await get()).toBe(2);
    expect(await get()).toBe(2);
  });
});
