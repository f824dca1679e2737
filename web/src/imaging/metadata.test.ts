import { describe, expect, it } from 'vitest';
import type { DataSet } from '../api/dicomJson';
import { seriesContents } from '../series/frames';
import { metadataModule } from './metadata';

const of = (tag: string, vr: string, ...Value: unknown[]): DataSet => ({ [tag]: { vr, Value } });
const image: DataSet = {
  ...of('00080018', 'UI', '1.2'), ...of('00280002', 'US', 1), ...of('00280004', 'CS', 'MONOCHROME2'), ...of('00280010', 'US', 2),
  ...of('00280011', 'US', 3), ...of('00280100', 'US', 16), ...of('00280101', 'US', 12), '7FE00010': { vr: 'OW', BulkDataURI: 'x' },
};
function frames(dataSet: DataSet) {
  return seriesContents('1', '2', [dataSet]).frames;
}
function ask(type: string, dataSet: DataSet, frameNumber = 1, drawnByServer = false): unknown {
  const frame = frames(dataSet).find((one) => one.frameNumber === frameNumber);
  if (!frame) throw new Error(`no frame ${frameNumber}`);
  return metadataModule(type, frame, drawnByServer);
}

describe('metadataModule', () => {
  it('fills in what a file may leave out', () => {
    expect(ask('imagePixelModule', image)).toMatchObject({ highBit: 11, planarConfiguration: 0, pixelRepresentation: 0 });
    expect(ask('modalityLutModule', image)).toEqual({ rescaleSlope: 1, rescaleIntercept: 0 });
    expect(ask('imagePlaneModule', image)).toMatchObject({ rowPixelSpacing: 1, columnPixelSpacing: 1, usingDefaultValues: true });
  });

  it('takes no window of width 0, which PS3.3 C.11.2.1.2 forbids', () => {
    const window = (width: number) => ({ ...image, ...of('00281050', 'DS', '40'), ...of('00281051', 'DS', width) });
    expect(ask('voiLutModule', window(400))).toEqual({ windowCenter: [40], windowWidth: [400] });
    expect(ask('voiLutModule', window(0))).toBeUndefined();
    expect(ask('voiLutModule', image)).toBeUndefined();
  });

  it('takes the functional groups of the frame before those that all share', () => {
    const sequence = (item: DataSet) => ({ vr: 'SQ', Value: [item] });
    const voi = (center: number) => ({ '00289132': sequence({ ...of('00281050', 'DS', center), ...of('00281051', 'DS', 10) }) });
    const enhanced: DataSet = {
      ...image, ...of('00280008', 'IS', 2),
      ...of('52009229', 'SQ', { ...voi(7), '00289110': sequence(of('00280030', 'DS', 0.5, 0.25)),
        '00289145': sequence({ ...of('00281053', 'DS', 2), ...of('00281052', 'DS', -8) }) }),
      ...of('52009230', 'SQ', {}, voi(9)),
    };
    expect(ask('voiLutModule', enhanced, 1)).toEqual({ windowCenter: [7], windowWidth: [10] });
    expect(ask('voiLutModule', enhanced, 2)).toEqual({ windowCenter: [9], windowWidth: [10] });
    expect(ask('modalityLutModule', enhanced, 2)).toEqual({ rescaleSlope: 2, rescaleIntercept: -8 });
    expect(ask('imagePlaneModule', enhanced, 1)).toMatchObject({ rowPixelSpacing: 0.5, columnPixelSpacing: 0.25 });
  });

  it('tells of 8 bit colour when the server has drawn the frame', () => {
    expect(ask('imagePixelModule', image, 1, true)).toMatchObject({ samplesPerPixel: 3, bitsAllocated: 8, rows: 2, columns: 3 });
    expect(ask('modalityLutModule', { ...image, ...of('00281053', 'DS', 5) }, 1, true)).toEqual({ rescaleSlope: 1, rescaleIntercept: 0 });
  });
});
