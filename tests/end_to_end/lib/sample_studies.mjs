// One study for each of some modalities, of real files, and what dcmjs reads in them.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const dcmjs = createRequire(import.meta.url)('dcmjs');
dcmjs.log.setLevel('error');

const shared = new URL('../../../../shared/data/dicom/', import.meta.url).pathname;
const debian = '/usr/lib/python3/dist-packages/pydicom/data/test_files/';

// Where ../shared is missing, Debian's files stand in for what they can.
const places = {
  CT: { shared: ['series/ct-head-tilted-58'], debian: ['CT_small.dcm'] },
  MR: { shared: ['series/mr-brain-mprage-175'], debian: ['MR_small.dcm'] },
  US: { shared: ['modality/us/examples_ybr_color.dcm'], debian: ['ExplVR_BigEnd.dcm'] },
  PT: { shared: ['modality/pt/1.dcm'] },
  SEG: { shared: ['modality/seg/ct_image.dcm', 'modality/seg/seg_image_ct_binary_single_frame.dcm'] },
};

function filesBelow(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => filesBelow(join(path, name)));
}

function readAttributes(path) {
  const bytes = readFileSync(path);
  const { dict } = dcmjs.data.DicomMessage.readFile(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  return (tag) => dict[tag]?.Value?.[0];
}

/** `middle` is the SOP instance in the middle of the first series, `coloured` whether its pixels are. */
function describe(files) {
  const series = new Map();
  for (const value of files.map(readAttributes)) {
    const uid = value('0020000E');
    const one = series.get(uid) ?? {
      study: value('0020000D'), modality: value('00080060'), description: value('0008103E') ?? '', number: value('00200011'),
      patientId: value('00100020'), samples: value('00280002'), instances: 0, frames: 0, members: [],
    };
    one.instances += 1;
    one.frames += Number(value('00280008') ?? 1);
    one.members.push({ number: Number(value('00200013') ?? 0), uid: value('00080018') });
    series.set(uid, one);
  }
  const all = [...series.values()];
  const members = all[0].members.sort((a, b) => a.number - b.number);
  return {
    files, series: all, patientId: all[0].patientId,
    middle: members[Math.floor(members.length / 2)].uid, coloured: Number(all[0].samples) === 3,
  };
}

/** By modality; those that no file is there for are missing. */
export function sampleStudies() {
  const place = existsSync(shared) ? 'shared' : 'debian';
  const folder = { shared, debian }[place];
  return Object.fromEntries(Object.entries(places).filter(([, names]) => names[place]).map(([modality, names]) =>
    [modality, describe(names[place].flatMap((name) => filesBelow(join(folder, name))))]));
}
