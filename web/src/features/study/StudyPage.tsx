import { useCallback, useEffect, useMemo, useState } from 'react';
import { type DataSet, tags, text } from '../../api/dicomJson';
import { getStudy, listInstanceMetadata, listSeries, type Series, type Study } from '../../api/studies';
import { type Navigate, useKeys, useLoadable } from '../../app/hooks';
import type { Route } from '../../app/route';
import { useServices } from '../../app/services';
import { type Frame, seriesContents } from '../../series/frames';
import { Bar } from '../../ui/Bar';
import { Icon } from '../../ui/Icon';
import { ProblemView } from '../../ui/ProblemView';
import TagList from '../tags/TagList';
import { NoPicture } from './NoPicture';
import { SeriesStrip } from './SeriesStrip';
import { SeriesView } from './SeriesView';

const pictureless = new Set(['SR', 'KO', 'PR', 'DOC', 'ECG', 'RTPLAN', 'RTSTRUCT', 'REG']);

/** The first series that has pictures, if any. */
function firstToShow(series: readonly Series[]): Series | undefined {
  return series.find(({ modality }) => !pictureless.has(modality)) ?? series[0];
}

export default function StudyPage({ route, navigate, onHelp }: {
  route: Route & { screen: 'study' }; navigate: Navigate; onHelp: () => void;
}) {
  const { client } = useServices();
  const uid = route.study;
  const [study] = useLoadable(useCallback((signal: AbortSignal) => getStudy(client, uid, signal), [client, uid]));
  const [series, reloadSeries] = useLoadable(useCallback((signal: AbortSignal) => listSeries(client, uid, signal), [client, uid]));
  const [tagsShown, setTagsShown] = useState(false);
  const [frame, setFrame] = useState<Frame>();

  const list = series.state === 'ready' ? series.value : [];
  const current = list.find((one) => one.uid === route.series) ?? firstToShow(list);
  const show = (next: Series | undefined) => {
    if (next && next.uid !== current?.uid) navigate({ ...route, series: next.uid }, 'replace');
  };
  const step = (by: 1 | -1) => show(list[list.findIndex((one) => one.uid === current?.uid) + by]);
  const leave = () => navigate({ screen: 'studies', query: route.query });

  const title = study.state === 'ready' && study.value ? study.value.patientName || study.value.patientId || 'Study' : 'Study';
  useEffect(() => {
    document.title = `${title} · Larmor`;
  }, [title]);
  useKeys({
    '[': () => step(-1),
    ']': () => step(1),
    Escape: leave,
    t: () => setTagsShown((shown) => !shown),
  });

  return (
    <div className="study-page">
      <Bar onHelp={onHelp}>
        <button type="button" className="icon-button" onClick={leave} title="Back to the studies (Esc)" aria-label="Back to the studies"><Icon name="back" /></button>
        <StudyTitle study={study.state === 'ready' ? study.value : undefined} />
        <button type="button" className="button" aria-pressed={tagsShown && frame !== undefined} disabled={!frame} onClick={() => setTagsShown(!tagsShown)} title="Tags (T)">
          <Icon name="tags" />Tags
        </button>
      </Bar>
      {series.state === 'failed' && <main className="centred"><ProblemView problem={series.problem} onRetry={reloadSeries} /></main>}
      {series.state === 'loading' && <main className="centred waiting" aria-busy="true">Loading the series…</main>}
      {series.state === 'ready' && !current && (
        <main className="centred"><div className="nothing"><h2>This study has no series</h2><p>It may have been deleted.</p></div></main>
      )}
      {series.state === 'ready' && current && (
        <div className={tagsShown && frame ? 'study-body has-tags' : 'study-body'}>
          <SeriesStrip study={uid} series={list} current={current.uid} onShow={show} />
          <div className="pane" data-series={current.uid}>
            <SeriesPane key={current.uid} study={study.state === 'ready' ? study.value : undefined} studyUid={uid} series={current} onFrame={setFrame} />
          </div>
          {tagsShown && frame && (
            <aside className="tags-panel"><TagList dataSet={frame.dataSet} title={`Instance ${frame.instanceNumber ?? frame.sopInstanceUid}`} /></aside>
          )}
        </div>
      )}
    </div>
  );
}

function StudyTitle({ study }: { study: Study | undefined }) {
  if (!study) return <span className="study-title" />;
  const about = [study.patientId, study.sex, study.birthDate && `born ${study.birthDate}`].filter(Boolean).join(' · ');
  return (
    <span className="study-title">
      <strong>{study.patientName || 'No name'}</strong>
      <span className="study-minor">{about}</span>
      <span className="study-title-study">{[study.description, study.date].filter(Boolean).join(' · ')}</span>
    </span>
  );
}

/** The chosen series: its pictures, or what it holds instead. */
function SeriesPane({ study, studyUid, series, onFrame }: {
  study: Study | undefined; studyUid: string; series: Series; onFrame: (frame: Frame | undefined) => void;
}) {
  const { client } = useServices();
  const [instances, reload] = useLoadable(useCallback(
    (signal: AbortSignal) => listInstanceMetadata(client, studyUid, series.uid, signal), [client, studyUid, series.uid]));
  const found = instances.state === 'ready' ? instances.value : undefined;
  const contents = useMemo(() => found && seriesContents(studyUid, series.uid, found), [found, studyUid, series.uid]);
  useEffect(() => {
    if (contents && contents.frames.length === 0) onFrame(undefined);
  }, [contents, onFrame]);

  if (instances.state === 'failed') {
    return <main className="centred"><ProblemView problem={instances.problem} onRetry={reload} /></main>;
  }
  if (!contents) return <main className="centred waiting" aria-busy="true">Loading what the series holds…</main>;
  if (contents.frames.length === 0) return <NoPicture instances={contents.others} />;
  return <SeriesView frames={contents.frames} study={study} series={series} onFrame={onFrame} note={noteOf(contents.others)} />;
}

function noteOf(others: readonly DataSet[]): string {
  if (others.length === 0) return '';
  const kinds = new Set(others.map((dataSet) => text(dataSet, tags.Modality)));
  return `and ${others.length} without a picture (${[...kinds].filter(Boolean).join(', ')})`;
}
