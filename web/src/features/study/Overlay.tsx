import { type DataSet, isoDate, number, personName, tags, text } from '../../api/dicomJson';
import type { Series, Study } from '../../api/studies';
import type { EdgeLabels } from '../../geometry/orientation';
import { distanceAlong } from '../../geometry/plane';
import type { ViewState } from '../../imaging/stackView';
import type { Frame } from '../../series/frames';
import { nameOfUid } from '../tags/dictionary';

function Lines({ corner, lines }: { corner: string; lines: readonly (string | undefined | false)[] }) {
  return <div className={`overlay overlay-${corner}`}>{lines.filter(Boolean).map((line, index) => <div key={index}>{line}</div>)}</div>;
}

function rounded(value: number): string {
  return Math.abs(value) >= 100 || Number.isInteger(value) ? String(Math.round(value)) : value.toPrecision(3).replace(/\.?0+$/, '');
}

/** "JPEG 2000 Image Compression, lossy": the part of the long name that tells codings apart. */
function coding(transferSyntax: string, dataSet: DataSet): string {
  const [name] = nameOfUid(transferSyntax).split(/[,(]/);
  return [name?.trim(), text(dataSet, tags.LossyImageCompression) === '01' && 'lossy'].filter(Boolean).join(', ');
}

/** What a reader must know of a picture without leaving it: whose it is, what it shows, how it is shown. */
export function Overlay({ study, series, frame, state, framesCount, labels, note }: {
  study: Study | undefined; series: Series; frame: Frame; state: ViewState; framesCount: number;
  labels: EdgeLabels | undefined; note: string;
}) {
  const { dataSet, plane } = frame;
  const thickness = number(dataSet, tags.SliceThickness);
  const born = isoDate(text(dataSet, tags.PatientBirthDate));
  const { window: voi, origin, shown } = state;
  return (
    <div className="overlays" aria-hidden="true">
      <Lines corner="tl" lines={[
        personName(dataSet, tags.PatientName) || 'No name',
        text(dataSet, tags.PatientID),
        [born, text(dataSet, tags.PatientSex), text(dataSet, tags.PatientAge)].filter(Boolean).join('  '),
      ]} />
      <Lines corner="tr" lines={[
        text(dataSet, tags.InstitutionName),
        study?.description || text(dataSet, tags.StudyDescription),
        [isoDate(text(dataSet, tags.StudyDate)), study?.time].filter(Boolean).join('  '),
        [series.number !== undefined && `#${series.number}`, series.description].filter(Boolean).join('  '),
      ]} />
      <Lines corner="bl" lines={[
        voi && !(origin?.drawnByServer ?? false) && `W ${rounded(voi.width)}   L ${rounded(voi.center)}`,
        `Zoom ${Math.round(state.zoom * 100)} %`,
        origin?.drawnByServer && `Drawn by the server: ${origin.reason} cannot be decoded here`,
        origin && !origin.drawnByServer && coding(origin.transferSyntax, dataSet),
      ]} />
      <Lines corner="br" lines={[
        note,
        frame.framesInInstance > 1 && `Instance ${frame.instanceNumber ?? '?'}, frame ${frame.frameNumber}`,
        `${number(dataSet, tags.Columns) ?? '?'} × ${number(dataSet, tags.Rows) ?? '?'}`,
        plane && [`${distanceAlong(plane, plane).toFixed(1)} mm`, thickness && `thickness ${rounded(thickness)} mm`].filter(Boolean).join('   '),
        shown >= 0 && `${shown + 1} / ${framesCount}`,
      ]} />
      {labels && <>
        <span className="edge edge-top">{labels.top}</span>
        <span className="edge edge-right">{labels.right}</span>
        <span className="edge edge-bottom">{labels.bottom}</span>
        <span className="edge edge-left">{labels.left}</span>
      </>}
    </div>
  );
}
