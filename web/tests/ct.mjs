// Two CT series with known values, written by hand: what the page shows of them can be computed.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const ct = {
  study: '2.25.1001',
  series: '2.25.1002',
  slices: 24,
  size: 64,
  patient: 'Phantom^Scroll',
  /** HU inside the square in the middle of the slice at place `k` from the feet, from 0; around it is air. */
  valueAt: (k) => -100 + 20 * k,
  air: -1000,
  window: { center: 40, width: 400 },
};

/** A mask whose files give no window: its middle slice holds one value only, the other two are white on their left half. */
export const mask = { study: ct.study, series: '2.25.1003', slices: 3 };

const long = new Set(['OB', 'OW', 'UN', 'SQ', 'UT']);

function element(group, id, vr, value) {
  const pad = vr === 'UI' || vr === 'OB' ? '\0' : ' ';
  let bytes = typeof value === 'string' ? Buffer.from(value.length % 2 ? value + pad : value, 'latin1') : value;
  if (typeof value === 'number') {
    bytes = Buffer.alloc(vr === 'UL' ? 4 : 2);
    if (vr === 'UL') bytes.writeUInt32LE(value);
    else bytes.writeUInt16LE(value & 0xffff);
  }
  const head = Buffer.alloc(long.has(vr) ? 12 : 8);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(id, 2);
  head.write(vr, 4, 'latin1');
  if (long.has(vr)) head.writeUInt32LE(bytes.length, 8);
  else head.writeUInt16LE(bytes.length, 6);
  return Buffer.concat([head, bytes]);
}

/** A slice at place `k` from the feet; numbered from the head, as many scanners do. `valueAt(x, y)` in HU. */
function slice({ series, k, slices, description, valueAt, window }) {
  const { size } = ct;
  const pixels = Buffer.alloc(size * size * 2);
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) pixels.writeUInt16LE(valueAt(x, y) + 1024, 2 * (y * size + x));
  }
  const sopClass = '1.2.840.10008.5.1.4.1.1.2';
  const sopInstance = `${series}000${String(k).padStart(3, '0')}`;
  const meta = Buffer.concat([
    element(0x0002, 0x0001, 'OB', Buffer.from([0, 1])),
    element(0x0002, 0x0002, 'UI', sopClass),
    element(0x0002, 0x0003, 'UI', sopInstance),
    element(0x0002, 0x0010, 'UI', '1.2.840.10008.1.2.1'),
    element(0x0002, 0x0012, 'UI', '2.25.1'),
  ]);
  return Buffer.concat([
    Buffer.alloc(128), Buffer.from('DICM'), element(0x0002, 0x0000, 'UL', meta.length), meta,
    element(0x0008, 0x0016, 'UI', sopClass),
    element(0x0008, 0x0018, 'UI', sopInstance),
    element(0x0008, 0x0020, 'DA', '20240229'),
    element(0x0008, 0x0030, 'TM', '101500'),
    element(0x0008, 0x0050, 'SH', 'ACC42'),
    element(0x0008, 0x0060, 'CS', 'CT'),
    element(0x0008, 0x1030, 'LO', 'Scroll phantom'),
    element(0x0008, 0x103e, 'LO', description),
    element(0x0010, 0x0010, 'PN', ct.patient),
    element(0x0010, 0x0020, 'LO', 'SCROLL-1'),
    element(0x0010, 0x0040, 'CS', 'O'),
    element(0x0018, 0x0050, 'DS', '2.5'),
    element(0x0020, 0x000d, 'UI', ct.study),
    element(0x0020, 0x000e, 'UI', series),
    element(0x0020, 0x0011, 'IS', series.slice(-1)),
    element(0x0020, 0x0013, 'IS', String(slices - k)),
    element(0x0020, 0x0032, 'DS', `-32\\-32\\${2.5 * k}`),
    element(0x0020, 0x0037, 'DS', '1\\0\\0\\0\\1\\0'),
    element(0x0028, 0x0002, 'US', 1),
    element(0x0028, 0x0004, 'CS', 'MONOCHROME2'),
    element(0x0028, 0x0010, 'US', size),
    element(0x0028, 0x0011, 'US', size),
    element(0x0028, 0x0030, 'DS', '1\\1'),
    element(0x0028, 0x0100, 'US', 16),
    element(0x0028, 0x0101, 'US', 12),
    element(0x0028, 0x0102, 'US', 11),
    element(0x0028, 0x0103, 'US', 0),
    ...(window ? [element(0x0028, 0x1050, 'DS', String(window.center)), element(0x0028, 0x1051, 'DS', String(window.width))] : []),
    element(0x0028, 0x1052, 'DS', '-1024'),
    element(0x0028, 0x1053, 'DS', '1'),
    element(0x7fe0, 0x0010, 'OW', pixels),
  ]);
}

export function writeSeries(folder) {
  mkdirSync(folder, { recursive: true });
  const inside = (place) => place >= ct.size / 4 && place < (3 * ct.size) / 4;
  for (let k = 0; k < ct.slices; k += 1) {
    writeFileSync(join(folder, `stairs-${k}.dcm`), slice({
      series: ct.series, slices: ct.slices, k, description: 'Stairs of HU', window: ct.window,
      valueAt: (x, y) => (inside(x) && inside(y) ? ct.valueAt(k) : ct.air),
    }));
  }
  for (let k = 0; k < mask.slices; k += 1) {
    writeFileSync(join(folder, `mask-${k}.dcm`), slice({
      series: mask.series, slices: mask.slices, k, description: 'Mask',
      valueAt: (x) => (k === 1 || x < ct.size / 2 ? 3071 : -1024),
    }));
  }
}

/** The grey that a window makes of a value: PS3.3 section C.11.2.1.2.1. */
export function grey(value, { center, width }) {
  const place = (value - (center - 0.5)) / (width - 1) + 0.5;
  return Math.round(255 * Math.min(1, Math.max(0, place)));
}
