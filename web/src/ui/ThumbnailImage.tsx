import { useEffect, useRef, useState } from 'react';
import { useServices } from '../app/services';
import type { Thumbnail } from '../loading/thumbnails';
import { Icon, type IconName } from './Icon';

const pictureless: Readonly<Record<string, IconName>> = {
  SR: 'report', DOC: 'report', KO: 'report', PR: 'report', ECG: 'waveform', HD: 'waveform', EPS: 'waveform',
};

/** A small picture of a study or series, asked for while it is in sight. */
export function ThumbnailImage({ path, modality, distance }: { path: string; modality: string; distance: number }) {
  const { thumbnails } = useServices();
  const place = useRef<HTMLSpanElement>(null);
  const [loaded, setLoaded] = useState<{ path: string; thumbnail: Thumbnail }>();
  const thumbnail = loaded?.path === path ? loaded.thumbnail : thumbnails.get(path);

  useEffect(() => {
    const element = place.current;
    if (!element || thumbnails.get(path)) return undefined;
    let stop = () => {};
    const observer = new IntersectionObserver((entries) => {
      stop();
      stop = () => {};
      if (entries.some(({ isIntersecting }) => isIntersecting)) {
        stop = thumbnails.want(path, distance, (found) => setLoaded({ path, thumbnail: found }));
      }
    }, { rootMargin: '200px' });
    observer.observe(element);
    return () => {
      observer.disconnect();
      stop();
    };
  }, [path, distance, thumbnails]);

  return (
    <span className="thumbnail" ref={place} data-state={thumbnail?.state ?? 'loading'}>
      {thumbnail?.state === 'ready' && <img src={thumbnail.url} alt="" draggable={false} />}
      {thumbnail?.state === 'none' && (
        <span className="thumbnail-none" title={thumbnail.reason}><Icon name={pictureless[modality] ?? 'image'} size={22} /></span>
      )}
    </span>
  );
}
