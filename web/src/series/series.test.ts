import { describe, expect, it } from 'vitest';
import type { DataSet } from '../api/dicomJson';
import { autoWindow } from './autoWindow';
import { frameRate, planeOfFrame, seriesContents, storableRange } from './frames';
import { signAgrees, syntaxToDecode } from './jpeg';
import { decodesInBrowser, decodesInSyntax, pictureKind } from './picture';
import { ctPresets, rangeToWindow, windowToRange } from './presets';

const ct: DataSet = {
  '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.2'] },
  '00080018': { vr: 'UI', Value: ['1.2.3'] },
  '00280002': { vr: 'US', Value: [1] },
  '00280004': { vr: 'CS', Value: ['MONOCHROME2'] },
  '00280010': { vr: 'US', Value: [4] },
  '00280011': { vr: 'US', Value: [4] },
  '00280100': { vr: 'US', Value: [16] },
  '00280101': { vr: 'US', Value: [12] },
  '00280102': { vr: 'US', Value: [11] },
  '7FE00010': { vr: 'OW', BulkDataURI: 'bulkdata/7FE00010' },
};
const of = (tag: string, vr: string, ...Value: unknown[]): DataSet => ({ [tag]: { vr, Value } });

describe('pictureKind', () => {
  it('knows what can be looked at and what cannot', () => {
    expect(pictureKind(ct)).toBe('picture');
    expect(pictureKind(of('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.88.11'))).toBe('report');
    expect(pictureKind(of('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.104.1'))).toBe('document');
    expect(pictureKind(of('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.9.1.1'))).toBe('waveform');
    expect(pictureKind(of('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.481.5'))).toBe('other');
    const { '7FE00010': _, ...header } = ct;
    expect(pictureKind(header)).toBe('other');
    expect(pictureKind({ ...ct, ...of('00083002', 'UI', '1.2.840.10008.1.2.4.102') })).toBe('video');
  });
});

describe('decodesInBrowser', () => {
  it('takes grey of 8 and 16 bits and colour of 8', () => {
    expect(decodesInBrowser(ct)).toBe(true);
    expect(decodesInBrowser({ ...ct, ...of('00280002', 'US', 3), ...of('00280004', 'CS', 'RGB'),
      ...of('00280100', 'US', 8), ...of('00280101', 'US', 8), ...of('00280102', 'US', 7) })).toBe(true);
  });

  it('leaves palettes, packed bits, wide and shifted samples to the server', () => {
    expect(decodesInBrowser({ ...ct, ...of('00280004', 'CS', 'PALETTE COLOR') })).toBe(false);
    expect(decodesInBrowser({ ...ct, ...of('00280100', 'US', 1) })).toBe(false);
    expect(decodesInBrowser({ ...ct, ...of('00280100', 'US', 32) })).toBe(false);
    expect(decodesInBrowser({ ...ct, ...of('00280102', 'US', 15) })).toBe(false);
    expect(decodesInBrowser({ ...ct, ...of('00280002', 'US', 3) })).toBe(false);
  });

  it('leaves half-width chroma to the server unless a JPEG decoder unpacks it', () => {
    const ybr = { ...ct, ...of('00280004', 'CS', 'YBR_FULL_422') };
    expect(decodesInSyntax(ybr, '1.2.840.10008.1.2.1')).toBe(false);
    expect(decodesInSyntax(ybr, '1.2.840.10008.1.2.4.50')).toBe(true);
  });
});

describe('decodesInSyntax', () => {
  it('leaves JPEG that is said to be RGB to the server', () => {
    const rgb = { ...ct, ...of('00280004', 'CS', 'RGB') };
    expect(decodesInSyntax(rgb, '1.2.840.10008.1.2.4.50')).toBe(false);
    expect(decodesInSyntax(rgb, '1.2.840.10008.1.2.4.70')).toBe(true);
    expect(decodesInSyntax(ct, '1.2.840.10008.1.2.4.50')).toBe(true);
  });
});

describe('syntaxToDecode', () => {
  /** SOI, a table of `tableSize` bytes, the frame header. */
  const jpeg = (marker: number, tableSize: number) =>
    Uint8Array.from([0xff, 0xd8, 0xff, 0xc4, tableSize >> 8, tableSize & 255, ...Array.from({ length: tableSize - 2 }, () => 0xc3), 0xff, 0xff, marker, 0, 11]);

  it('believes the codestream where a file says lossless and holds baseline', () => {
    expect(syntaxToDecode('1.2.840.10008.1.2.4.70', jpeg(0xc0, 30))).toBe('1.2.840.10008.1.2.4.50');
    expect(syntaxToDecode('1.2.840.10008.1.2.4.50', jpeg(0xc1, 300))).toBe('1.2.840.10008.1.2.4.51');
    expect(syntaxToDecode('1.2.840.10008.1.2.4.50', jpeg(0xc3, 30))).toBe('1.2.840.10008.1.2.4.57');
  });

  it('keeps what the file says where it is right, unreadable or no JPEG', () => {
    expect(syntaxToDecode('1.2.840.10008.1.2.4.70', jpeg(0xc3, 30))).toBe('1.2.840.10008.1.2.4.70');
    expect(syntaxToDecode('1.2.840.10008.1.2.4.70', jpeg(0xc2, 30))).toBe('1.2.840.10008.1.2.4.70');
    expect(syntaxToDecode('1.2.840.10008.1.2.4.90', jpeg(0xc0, 30))).toBe('1.2.840.10008.1.2.4.90');
    const whole = jpeg(0xc0, 30);
    for (let size = 0; size < whole.length; size += 1) {
      expect(['1.2.840.10008.1.2.4.70', '1.2.840.10008.1.2.4.50']).toContain(syntaxToDecode('1.2.840.10008.1.2.4.70', whole.subarray(0, size)));
    }
  });
});

describe('signAgrees', () => {
  /** SOC, SIZ and its fields up to Ssiz. */
  const j2k = (ssiz: number) => Uint8Array.from([0xff, 0x4f, 0xff, 0x51, 0, 41, ...Array.from({ length: 36 }, () => 0), ssiz]);

  it('compares the sign of a JPEG 2000 codestream with that of the data set', () => {
    expect(signAgrees(j2k(0x0f), 0)).toBe(true); // 16 bits, unsigned
    expect(signAgrees(j2k(0x8f), 1)).toBe(true);
    expect(signAgrees(j2k(0x0f), 1)).toBe(false);
    expect(signAgrees(j2k(0x8f), 0)).toBe(false);
  });

  it('says nothing of other bytes, nor of a codestream that is cut off', () => {
    expect(signAgrees(Uint8Array.from([0xff, 0xd8]), 1)).toBe(true);
    expect(signAgrees(j2k(0x0f).subarray(0, 42), 1)).toBe(true);
  });
});

describe('seriesContents', () => {
  it('lists each frame of a multi-frame instance with its own address', () => {
    const { frames } = seriesContents('1', '2', [{ ...ct, ...of('00280008', 'IS', 3) }]);
    expect(frames.map(({ url }) => url)).toEqual([1, 2, 3].map((n) => `/dicomweb/studies/1/series/2/instances/1.2.3/frames/${n}`));
  });

  it('keeps what is no picture apart', () => {
    const report = of('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.88.11');
    const contents = seriesContents('1', '2', [ct, report]);
    expect(contents.frames).toHaveLength(1);
    expect(contents.others).toEqual([report]);
  });

  it('reads planes from the functional groups of enhanced objects', () => {
    const group = (z: number) => ({ '00209113': { vr: 'SQ', Value: [of('00200032', 'DS', 0, 0, z)] } });
    const enhanced: DataSet = {
      ...ct,
      ...of('00280008', 'IS', 2),
      ...of('52009229', 'SQ', { '00209116': { vr: 'SQ', Value: [of('00200037', 'DS', 1, 0, 0, 0, 1, 0)] } }),
      ...of('52009230', 'SQ', group(9), group(4)),
    };
    expect(planeOfFrame(enhanced, 2)?.position).toEqual([0, 0, 4]);
    expect(seriesContents('1', '2', [enhanced]).frames.map(({ frameNumber }) => frameNumber)).toEqual([2, 1]);
  });

  it('does not place the frames of a classic multi-frame object on one spot', () => {
    const multi = { ...ct, ...of('00280008', 'IS', 2), ...of('00200032', 'DS', 0, 0, 0), ...of('00200037', 'DS', 1, 0, 0, 0, 1, 0) };
    expect(planeOfFrame(multi, 1)).toBeUndefined();
  });
});

describe('playing and windows', () => {
  it('plays as fast as the file says, within what a screen can show', () => {
    expect(frameRate(of('00181063', 'DS', '40'))).toBe(25);
    expect(frameRate(of('00180040', 'IS', '30'))).toBe(30);
    expect(frameRate(of('00181063', 'DS', '1'))).toBe(60);
    expect(frameRate({})).toBe(10);
    expect(frameRate(of('00181063', 'DS', '0'))).toBe(10);
  });

  it('finds a window that a few extreme values do not spoil', () => {
    const anything = { lower: 0, upper: 1 };
    const values = Array.from({ length: 1000 }, (_, n) => n); // percentiles by hand: 4 and 994
    expect(autoWindow([...values, 1e6], anything)).toEqual(rangeToWindow(5, 995));
    expect(autoWindow(values, anything)).toEqual(rangeToWindow(4, 994));
    expect(autoWindow([0, ...Array.from({ length: 999 }, () => 7)], anything)).toEqual(rangeToWindow(0, 7));
    expect(autoWindow([3, 3, 3], { lower: 0, upper: 255 })).toEqual(rangeToWindow(0, 255));
    expect(autoWindow([], { lower: 0, upper: 255 })).toEqual(rangeToWindow(0, 255));
  });

  it('knows what the bits of a file can hold', () => {
    expect(storableRange(ct)).toEqual({ lower: 0, upper: 4095 });
    expect(storableRange({ ...ct, ...of('00280103', 'US', 1), ...of('00281053', 'DS', 2), ...of('00281052', 'DS', -1000) }))
      .toEqual({ lower: -5096, upper: 3094 });
  });

  it('turns windows into ranges as C.11.2.1.2 does, and back', () => {
    // The standard's own example: c=2048, w=4096 maps 0 to black and 4095 to white.
    expect(windowToRange({ center: 2048, width: 4096 })).toEqual({ lower: 0, upper: 4095 });
    for (const { center, width } of ctPresets) {
      const { lower, upper } = windowToRange({ center, width });
      expect(rangeToWindow(lower, upper)).toEqual({ center, width });
    }
  });
});
