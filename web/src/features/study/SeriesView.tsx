import { useEffect, useRef, useState } from 'react';
import { number, tags, text } from '../../api/dicomJson';
import type { Series, Study } from '../../api/studies';
import { useKeys } from '../../app/hooks';
import { edgeLabels, edgeLabelsOfProjection, type EdgeLabels, turnLabels } from '../../geometry/orientation';
import type { DragTool } from '../../imaging/stackView';
import { type Frame, frameRate, patientOrientation } from '../../series/frames';
import { ctPresets } from '../../series/presets';
import { ProblemView } from '../../ui/ProblemView';
import { LoadStatus } from './LoadStatus';
import { Overlay } from './Overlay';
import { Scrubber } from './Scrubber';
import { Toolbar } from './Toolbar';
import { usePlaying } from './usePlaying';
import { useStackView } from './useStackView';
import { useWheel } from './useWheel';

function labelsOf(frame: Frame | undefined): EdgeLabels | undefined {
  if (!frame) return undefined;
  return frame.plane ? edgeLabels(frame.plane) : edgeLabelsOfProjection(patientOrientation(frame.dataSet));
}

/** The pictures of a series: a viewport, its tools, and where in the stack we are. */
export function SeriesView({ frames, study, series, onFrame, note }: {
  frames: readonly Frame[]; study: Study | undefined; series: Series; onFrame: (frame: Frame) => void; note: string;
}) {
  const place = useRef<HTMLDivElement>(null);
  const { view, state } = useStackView(place, frames);
  const [tool, setTool] = useState<DragTool>('window');
  const index = state?.index ?? 0;
  const shownFrame = frames[state && state.shown >= 0 ? state.shown : index];
  const modality = series.modality || text(frames[0]?.dataSet ?? {}, tags.Modality);
  const presets = modality === 'CT' ? ctPresets : [];
  const playing = usePlaying(view, state, frames.length, frames[0] ? frameRate(frames[0].dataSet) : 10);

  useEffect(() => {
    const frame = frames[index];
    if (frame) onFrame(frame);
  }, [frames, index, onFrame]);

  const goTo = (to: number) => {
    playing.stop();
    view?.goTo(to);
  };
  const choose = (next: DragTool) => {
    setTool(next);
    view?.setDragTool(next);
  };
  const turnBy = (quarterTurns: 0 | 1, mirror: boolean) => {
    if (!state) return;
    const { turn } = state;
    view?.turn({ quarterTurns: ((turn.quarterTurns + quarterTurns) % 4) as 0 | 1 | 2 | 3, mirrored: turn.mirrored !== mirror });
  };
  useWheel(place, (steps) => goTo((view?.snapshot().index ?? 0) + steps));
  useKeys({
    ArrowDown: () => goTo(index + 1), ArrowRight: () => goTo(index + 1),
    ArrowUp: () => goTo(index - 1), ArrowLeft: () => goTo(index - 1),
    'Shift+ArrowDown': () => goTo(index + 10), 'Shift+ArrowUp': () => goTo(index - 10),
    PageDown: () => goTo(index + 10), PageUp: () => goTo(index - 10),
    Home: () => goTo(0), End: () => goTo(frames.length - 1),
    ' ': playing.toggle,
    w: () => choose('window'), p: () => choose('pan'), z: () => choose('zoom'),
    i: () => view?.invert(), r: () => turnBy(1, false), f: () => turnBy(0, true),
    a: () => view?.setFullRange(), 0: () => view?.reset(),
    '+': () => view?.zoomBy(1.25), '=': () => view?.zoomBy(1.25), '-': () => view?.zoomBy(0.8),
    ...Object.fromEntries(presets.map((preset, at) => [String(at + 1), () => view?.setWindow(preset)])),
  });

  const labels = labelsOf(shownFrame);
  const waiting = state !== undefined && state.shown !== state.index && !state.problem;
  return (
    <main className="series-view">
      <Toolbar tool={tool} onTool={choose} presets={presets} onPreset={(preset) => view?.setWindow(preset)}
        onFullRange={() => view?.setFullRange()} inverted={state?.inverted ?? false} onInvert={() => view?.invert()}
        onRotate={() => turnBy(1, false)} onFlip={() => turnBy(0, true)} onReset={() => view?.reset()}
        playing={frames.length > 1 ? playing : undefined} />
      <div className="viewport-frame">
        <div className="viewport" ref={place} data-testid="viewport" data-index={index} data-shown={state?.shown ?? -1}
          data-url={shownFrame?.url}
          data-renders={state?.renderCount ?? 0} data-loaded={state?.loaded.filter(Boolean).length ?? 0}
          onContextMenu={(event) => event.preventDefault()} />
        {state && shownFrame && (
          <Overlay study={study} series={series} frame={shownFrame} state={state} framesCount={frames.length}
            labels={labels && turnLabels(labels, state.turn)} note={note} />
        )}
        {waiting && <div className="viewport-waiting" role="status">Loading…</div>}
        {state?.problem && <div className="viewport-problem"><ProblemView problem={state.problem} onRetry={() => view?.retry()} /></div>}
        {frames.length > 1 && <Scrubber count={frames.length} index={index} loaded={state?.loaded ?? []} onGoTo={goTo} />}
      </div>
      <LoadStatus loaded={state?.loaded ?? []} sliceCount={number(frames[0]?.dataSet ?? {}, tags.NumberOfFrames) ? 'frames' : 'slices'} />
    </main>
  );
}
