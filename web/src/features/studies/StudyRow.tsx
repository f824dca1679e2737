import { memo, type MouseEvent } from 'react';
import { type Study, urls } from '../../api/studies';
import { ThumbnailImage } from '../../ui/ThumbnailImage';

function count(value: number | undefined, one: string, many: string): string {
  return value === undefined ? '' : `${value.toLocaleString('en')} ${value === 1 ? one : many}`;
}

interface StudyRowProps {
  study: Study;
  index: number;
  selected: boolean;
  href: string;
  onOpen: (index: number) => void;
}

/** One study. A link, so that it can be opened in another tab. */
export const StudyRow = memo(function StudyRow({ study, index, selected, href, onOpen }: StudyRowProps) {
  const open = (event: MouseEvent) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    onOpen(index);
  };
  return (
    <a className="study" id={`study-${index}`} role="option" aria-selected={selected} tabIndex={-1} href={href} onClick={open}
      data-uid={study.uid} data-index={index}>
      <ThumbnailImage path={urls.studyThumbnail(study.uid)} modality={study.modalities[0] ?? ''} distance={index} />
      <span className="study-patient">
        <span className="study-name">{study.patientName || <em>No name</em>}</span>
        <span className="study-minor">
          {[study.patientId, study.sex, study.birthDate && `born ${study.birthDate}`].filter(Boolean).join(' · ') || 'no Patient ID'}
        </span>
      </span>
      <span className="study-when">
        <span className="number">{study.date || <em>No date</em>}</span>
        <span className="study-minor number">{study.time}</span>
      </span>
      <span className="study-modalities">
        {study.modalities.map((modality) => <span key={modality} className="chip">{modality}</span>)}
      </span>
      <span className="study-description">{study.description || <em>No description</em>}</span>
      <span className="study-accession number">{study.accession}</span>
      <span className="study-counts">
        <span>{count(study.seriesCount, 'series', 'series')}</span>
        <span className="study-minor">{count(study.instanceCount, 'instance', 'instances')}</span>
      </span>
    </a>
  );
});
