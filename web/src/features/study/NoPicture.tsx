import { useState } from 'react';
import { type DataSet, number, tags, text } from '../../api/dicomJson';
import { type PictureKind, pictureKind } from '../../series/picture';
import { Icon, type IconName } from '../../ui/Icon';
import { nameOfUid } from '../tags/dictionary';
import TagList from '../tags/TagList';

const kinds: Readonly<Record<PictureKind, { icon: IconName; title: string; detail: string }>> = {
  picture: { icon: 'image', title: 'A picture', detail: '' },
  video: { icon: 'video', title: 'A video', detail: 'This page does not play video. It is stored and can be retrieved as it is.' },
  report: { icon: 'report', title: 'A report, not a picture', detail: 'Its content is in the tags below.' },
  document: { icon: 'report', title: 'A document, not a picture', detail: 'It is stored and can be retrieved as it is.' },
  waveform: { icon: 'waveform', title: 'A waveform, not a picture', detail: 'Its channels are described in the tags below.' },
  other: { icon: 'image', title: 'There is no picture in this object', detail: 'What it says is in the tags below.' },
};

/** A series without pictures says what it is instead, with all that can be read in it. */
export function NoPicture({ instances }: { instances: readonly DataSet[] }) {
  const [index, setIndex] = useState(0);
  const dataSet = instances[index];
  if (!dataSet) {
    return <main className="centred"><div className="nothing"><h2>This series is empty</h2><p>It may have been deleted.</p></div></main>;
  }
  const { icon, title, detail } = kinds[pictureKind(dataSet)];
  return (
    <main className="no-picture">
      <header className="no-picture-head">
        <Icon name={icon} size={36} />
        <div>
          <h2>{title}</h2>
          <p>{nameOfUid(text(dataSet, tags.SOPClassUID))}{text(dataSet, tags.DocumentTitle) && `: ${text(dataSet, tags.DocumentTitle)}`}. {detail}</p>
        </div>
        {instances.length > 1 && (
          <label className="field">
            <span>Instance</span>
            <select value={index} onChange={(event) => setIndex(Number(event.target.value))}>
              {instances.map((one, at) => (
                <option key={text(one, tags.SOPInstanceUID)} value={at}>{number(one, tags.InstanceNumber) ?? at + 1} ({at + 1} of {instances.length})</option>
              ))}
            </select>
          </label>
        )}
      </header>
      <TagList dataSet={dataSet} title="Tags" />
    </main>
  );
}
