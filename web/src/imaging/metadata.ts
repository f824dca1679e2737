import { type DataSet, number, numbers, tags, text } from '../api/dicomJson';
import type { Frame } from '../series/frames';
import { functionalGroup } from '../series/functionalGroups';

/** What Cornerstone3D asks about a frame, by the names of its metadata modules.
 *  `drawnByServer`: the pixels are no longer the file's, but 8 bits as the server drew them. */
export function metadataModule(type: string, frame: Frame, drawnByServer: boolean): unknown {
  const { dataSet } = frame;
  switch (type) {
    case 'imagePixelModule':
      return drawnByServer ? drawnPixels(dataSet) : storedPixels(dataSet);
    case 'imagePlaneModule':
      return imagePlane(frame);
    case 'voiLutModule':
      return drawnByServer ? { windowCenter: [128], windowWidth: [256] } : voiLut(frame);
    case 'modalityLutModule':
      return drawnByServer ? { rescaleSlope: 1, rescaleIntercept: 0 } : modalityLut(frame);
    case 'generalSeriesModule':
      return {
        modality: text(dataSet, tags.Modality),
        seriesInstanceUID: text(dataSet, tags.SeriesInstanceUID),
        studyInstanceUID: text(dataSet, tags.StudyInstanceUID),
        seriesNumber: number(dataSet, tags.SeriesNumber),
        seriesDescription: text(dataSet, tags.SeriesDescription),
      };
    case 'sopCommonModule':
      return { sopClassUID: text(dataSet, tags.SOPClassUID), sopInstanceUID: frame.sopInstanceUid };
    default:
      return undefined;
  }
}

function storedPixels(dataSet: DataSet): object {
  const bitsAllocated = number(dataSet, tags.BitsAllocated) ?? 8;
  const bitsStored = number(dataSet, tags.BitsStored) ?? bitsAllocated;
  return {
    samplesPerPixel: number(dataSet, tags.SamplesPerPixel) ?? 1,
    photometricInterpretation: text(dataSet, tags.PhotometricInterpretation),
    planarConfiguration: number(dataSet, tags.PlanarConfiguration) ?? 0,
    rows: number(dataSet, tags.Rows),
    columns: number(dataSet, tags.Columns),
    bitsAllocated,
    bitsStored,
    highBit: number(dataSet, tags.HighBit) ?? bitsStored - 1,
    pixelRepresentation: number(dataSet, tags.PixelRepresentation) ?? 0,
  };
}

function drawnPixels(dataSet: DataSet): object {
  return {
    samplesPerPixel: 3,
    photometricInterpretation: 'RGB',
    planarConfiguration: 0,
    rows: number(dataSet, tags.Rows),
    columns: number(dataSet, tags.Columns),
    bitsAllocated: 8,
    bitsStored: 8,
    highBit: 7,
    pixelRepresentation: 0,
  };
}

function imagePlane({ dataSet, frameNumber, plane }: Frame): object {
  const measures = functionalGroup(dataSet, frameNumber, tags.PixelMeasuresSequence);
  const [rowSpacing, columnSpacing] = [measures ?? dataSet, dataSet]
    .flatMap((source) => [numbers(source, tags.PixelSpacing), numbers(source, tags.ImagerPixelSpacing)])
    .find((spacing) => spacing.length >= 2 && spacing.every((value) => value > 0)) ?? [];
  const row = plane?.row ?? [1, 0, 0];
  const column = plane?.column ?? [0, 1, 0];
  return {
    frameOfReferenceUID: text(dataSet, tags.FrameOfReferenceUID),
    rows: number(dataSet, tags.Rows),
    columns: number(dataSet, tags.Columns),
    imageOrientationPatient: [...row, ...column],
    rowCosines: row,
    columnCosines: column,
    imagePositionPatient: plane?.position ?? [0, 0, 0],
    sliceThickness: number(dataSet, tags.SliceThickness),
    pixelSpacing: [rowSpacing ?? 1, columnSpacing ?? 1],
    rowPixelSpacing: rowSpacing ?? 1,
    columnPixelSpacing: columnSpacing ?? 1,
    usingDefaultValues: !plane || rowSpacing === undefined,
  };
}

function voiLut({ dataSet, frameNumber }: Frame): object | undefined {
  const source = functionalGroup(dataSet, frameNumber, tags.FrameVOILUTSequence) ?? dataSet;
  const [center] = numbers(source, tags.WindowCenter);
  const [width] = numbers(source, tags.WindowWidth);
  // PS3.3 C.11.2.1.2: a width below 1 is not allowed; the values of the image are then the better window.
  return center === undefined || width === undefined || width < 1
    ? undefined
    : { windowCenter: [center], windowWidth: [width] };
}

function modalityLut({ dataSet, frameNumber }: Frame): object {
  const source = functionalGroup(dataSet, frameNumber, tags.PixelValueTransformationSequence) ?? dataSet;
  const slope = number(source, tags.RescaleSlope);
  return {
    rescaleSlope: slope === undefined || slope === 0 ? 1 : slope,
    rescaleIntercept: number(source, tags.RescaleIntercept) ?? 0,
  };
}
