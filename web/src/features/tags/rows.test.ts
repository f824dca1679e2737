import { describe, expect, it } from 'vitest';
import type { DataSet } from '../../api/dicomJson';
import { formatValue, tagRows } from './rows';

const keywords: Record<string, string> = { '00100010': 'PatientName', '00081140': 'ReferencedImageSequence', '00081155': 'ReferencedSOPInstanceUID' };
const dictionary = (tag: string) => keywords[tag];
const item = (uid: string): DataSet => ({ '00081155': { vr: 'UI', Value: [uid] } });
const dataSet: DataSet = {
  '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Doe^John' }] },
  '00081140': { vr: 'SQ', Value: [item('1.2'), item('3.4')] },
  '00091001': { vr: 'UN', InlineBinary: 'AAEC' },
};

describe('tagRows', () => {
  it('lists tags in their order, items inside their sequence', () => {
    const rows = tagRows(dataSet, dictionary, '', new Set());
    expect(rows.map(({ depth, tag }) => `${depth} ${tag}`)).toEqual([
      '0 (0008,1140)', '1 Item 1', '2 (0008,1155)', '1 Item 2', '2 (0008,1155)', '0 (0009,1001)', '0 (0010,0010)',
    ]);
    expect(rows.map(({ keyword }) => keyword)).toContain('private');
  });

  it('closes a sequence that was toggled, and keeps long ones closed at first', () => {
    expect(tagRows(dataSet, dictionary, '', new Set(['00081140']))).toHaveLength(3);
    const long: DataSet = { '00081140': { vr: 'SQ', Value: Array.from({ length: 50 }, (_, n) => item(`${n}`)) } };
    expect(tagRows(long, dictionary, '', new Set())).toHaveLength(1);
    expect(tagRows(long, dictionary, '', new Set(['00081140']))).toHaveLength(101);
  });

  it('finds by tag, keyword and value, with what leads there', () => {
    expect(tagRows(dataSet, dictionary, 'patientn', new Set()).map(({ keyword }) => keyword)).toEqual(['PatientName']);
    expect(tagRows(dataSet, dictionary, '0010,0010', new Set())).toHaveLength(1);
    expect(tagRows(dataSet, dictionary, '00100010', new Set())).toHaveLength(1);
    expect(tagRows(dataSet, dictionary, '3.4', new Set()).map(({ path }) => path))
      .toEqual(['00081140', '00081140[1]', '00081140[1].00081155']);
    expect(tagRows(dataSet, dictionary, 'nothing like it', new Set())).toEqual([]);
  });
});

describe('formatValue', () => {
  it('says how much there is of what is not text', () => {
    expect(formatValue({ vr: 'OB', InlineBinary: 'AAEC' })).toBe('3 bytes');
    expect(formatValue({ vr: 'OB', InlineBinary: 'AAE=' })).toBe('2 bytes');
    expect(formatValue({ vr: 'OW', BulkDataURI: 'x' })).toBe('kept apart as bulk data');
    expect(formatValue({ vr: 'DS', Value: [0.5, null, 2] })).toBe('0.5 \\  \\ 2');
    expect(formatValue({ vr: 'US', Value: Array.from({ length: 500 }, () => 1) })).toMatch(/… \(500 values\)$/);
  });
});
