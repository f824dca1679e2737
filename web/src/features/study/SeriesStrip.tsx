import { useEffect, useRef } from 'react';
import { type Series, urls } from '../../api/studies';
import { ThumbnailImage } from '../../ui/ThumbnailImage';

/** The series of a study, as pictures to choose from. */
export function SeriesStrip({ study, series, current, onShow }: {
  study: string; series: readonly Series[]; current: string; onShow: (series: Series) => void;
}) {
  const chosen = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    chosen.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [current]);
  return (
    <nav className="strip" aria-label="Series">
      {series.map((one, index) => (
        <button key={one.uid} type="button" className="series" data-uid={one.uid} aria-current={one.uid === current}
          onClick={(event) => { onShow(one); event.currentTarget.blur(); }} {...(one.uid === current ? { ref: chosen } : {})}>
          <ThumbnailImage path={urls.seriesThumbnail(study, one.uid)} modality={one.modality} distance={index} />
          <span className="series-text">
            <span className="series-head">
              <span className="chip">{one.modality || '?'}</span>
              <span className="number">{one.instanceCount === undefined ? '' : `${one.instanceCount.toLocaleString('en')}`}</span>
            </span>
            <span className="series-name">{one.description || one.bodyPart || 'No description'}</span>
            <span className="study-minor">{one.number === undefined ? '' : `Series ${one.number}`}</span>
          </span>
        </button>
      ))}
    </nav>
  );
}
