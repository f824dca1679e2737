import { type DataSet, number, numbers, tags, text, texts } from '../api/dicomJson';
import { urls } from '../api/studies';
import { orderFrames } from '../geometry/order';
import { type ImagePlane, planeOf } from '../geometry/plane';
import { pictureKind } from './picture';
import { functionalGroup } from './functionalGroups';

/** One frame of a series, in the order in which it is shown. */
export interface Frame {
  /** Where the frame is, as stored: names it in caches, too. */
  url: string;
  /** Where the server draws it. */
  renderedUrl: string;
  /** Of the series that it belongs to. */
  seriesUrl: string;
  dataSet: DataSet;
  sopInstanceUid: string;
  instanceNumber: number | undefined;
  /** Within its instance, from 1. */
  frameNumber: number;
  framesInInstance: number;
  plane: ImagePlane | undefined;
}

export interface SeriesContents {
  frames: Frame[];
  /** Instances that are not made of pictures (reports, plans, waveforms, video), in the order of their numbers. */
  others: DataSet[];
}

/** Sorts out what a series holds: pictures in the order for scrolling, and the rest. */
export function seriesContents(studyUid: string, seriesUid: string, instances: readonly DataSet[]): SeriesContents {
  const pictures = instances.filter((dataSet) => pictureKind(dataSet) === 'picture');
  const others = instances.filter((dataSet) => pictureKind(dataSet) !== 'picture');
  return {
    frames: orderFrames(pictures.flatMap((dataSet) => framesOf(studyUid, seriesUid, dataSet))),
    others: others.toSorted((a, b) =>
      (number(a, tags.InstanceNumber) ?? Infinity) - (number(b, tags.InstanceNumber) ?? Infinity) || 0),
  };
}

/** More frames than this in one instance are not listed: the largest whole-slide levels have some 100,000 tiles, and
 *  nobody scrolls through them. */
export const framesMax = 20_000;

function framesOf(studyUid: string, seriesUid: string, dataSet: DataSet): Frame[] {
  const sopInstanceUid = text(dataSet, tags.SOPInstanceUID);
  const base = urls.instance(studyUid, seriesUid, sopInstanceUid);
  const count = Math.min(Math.max(1, Math.trunc(number(dataSet, tags.NumberOfFrames) ?? 1)), framesMax);
  const plane = count === 1 ? planeOfFrame(dataSet, 1) : undefined;
  return Array.from({ length: count }, (_, index): Frame => ({
    url: `${base}/frames/${index + 1}`,
    renderedUrl: `${base}/frames/${index + 1}/rendered`,
    seriesUrl: urls.series(studyUid, seriesUid),
    dataSet,
    sopInstanceUid,
    instanceNumber: number(dataSet, tags.InstanceNumber),
    frameNumber: index + 1,
    framesInInstance: count,
    plane: plane ?? (count > 1 ? planeOfFrame(dataSet, index + 1) : undefined),
  }));
}

export function planeOfFrame(dataSet: DataSet, frameNumber: number): ImagePlane | undefined {
  const position = functionalGroup(dataSet, frameNumber, tags.PlanePositionSequence);
  const orientation = functionalGroup(dataSet, frameNumber, tags.PlaneOrientationSequence);
  // A classic multi-frame object has one position for all its frames, which places none of them.
  if (!position && (number(dataSet, tags.NumberOfFrames) ?? 1) > 1) return undefined;
  return planeOf(
    numbers(position ?? dataSet, tags.ImagePositionPatient),
    numbers(orientation ?? dataSet, tags.ImageOrientationPatient),
  );
}

/** Frames a second that the file recommends for playing, between 1 and 60; 10 where it says nothing. */
export function frameRate(dataSet: DataSet): number {
  const time_ms = number(dataSet, tags.FrameTime);
  const rate = number(dataSet, tags.RecommendedDisplayFrameRate) ?? number(dataSet, tags.CineRate)
    ?? (time_ms ? 1000 / time_ms : undefined);
  return rate && rate > 0 ? Math.min(60, Math.max(1, Math.round(rate))) : 10;
}

/** Bytes that a frame takes once decoded. */
export function decodedSize_bytes(dataSet: DataSet): number {
  const pixels = (number(dataSet, tags.Rows) ?? 0) * (number(dataSet, tags.Columns) ?? 0);
  const samples = number(dataSet, tags.SamplesPerPixel) ?? 1;
  return pixels * samples * Math.max(1, (number(dataSet, tags.BitsAllocated) ?? 8) / 8);
}

/** The least and the greatest value that BitsStored and PixelRepresentation allow, rescaled. */
export function storableRange(dataSet: DataSet): { lower: number; upper: number } {
  const count = 2 ** (number(dataSet, tags.BitsStored) ?? number(dataSet, tags.BitsAllocated) ?? 8);
  const least = number(dataSet, tags.PixelRepresentation) === 1 ? -count / 2 : 0;
  const slope = number(dataSet, tags.RescaleSlope) ?? 1;
  const intercept = number(dataSet, tags.RescaleIntercept) ?? 0;
  const ends = [least, least + count - 1].map((value) => value * slope + intercept);
  return { lower: Math.min(...ends), upper: Math.max(...ends) };
}

export function patientOrientation(dataSet: DataSet): string[] {
  return texts(dataSet, tags.PatientOrientation);
}
