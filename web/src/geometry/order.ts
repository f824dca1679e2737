import { distanceAlong, type ImagePlane, isParallel } from './plane';

/** What ordering needs to know of a frame. */
export interface Orderable {
  plane: ImagePlane | undefined;
  instanceNumber: number | undefined;
  /** Within its instance, from 1. */
  frameNumber: number;
}

/** Orders slices along the normal of the first (mm, LPS: PS3.3 section C.7.6.2.1.1).
 *  Not by InstanceNumber: scanners number in either direction. */
export function orderAlongNormal<T extends { plane: ImagePlane }>(slices: readonly T[]): T[] {
  const [first] = slices;
  if (!first) return [];
  return slices.toSorted((a, b) => distanceAlong(first.plane, a.plane) - distanceAlong(first.plane, b.plane));
}

export function orderByNumber<T extends Orderable>(frames: readonly T[]): T[] {
  return frames.toSorted((a, b) =>
    (a.instanceNumber ?? Infinity) - (b.instanceNumber ?? Infinity) || a.frameNumber - b.frameNumber || 0);
}

/** Positions closer than this are the same slice, measured again (mm): well below any slice distance in use. */
const samePosition_mm = 0.01;

function hasPlane<T extends Orderable>(frame: T): frame is T & { plane: ImagePlane } {
  return frame.plane !== undefined;
}

/** The order in which a person wants to scroll through a series:
 *  - parallel planes together, along their normal;
 *  - slices that were measured several times (4D, several echoes) volume by volume;
 *  - by number where a frame has no plane, since then nothing better is known. */
export function orderFrames<T extends Orderable>(frames: readonly T[]): T[] {
  const numbered = orderByNumber(frames);
  const placed = numbered.filter(hasPlane);
  if (placed.length < numbered.length) return numbered;

  const stacks: (T & { plane: ImagePlane })[][] = [];
  for (const frame of placed) {
    const stack = stacks.find(([first]) => first && isParallel(first.plane, frame.plane));
    if (stack) stack.push(frame);
    else stacks.push([frame]);
  }
  return stacks.flatMap((stack) => volumeByVolume(orderAlongNormal(stack)));
}

/** `sorted` lies along its normal, equal positions in the order of their numbers. */
function volumeByVolume<T extends { plane: ImagePlane }>(sorted: readonly T[]): T[] {
  const [first] = sorted;
  if (!first) return [];
  const volumes: T[][] = [];
  let last = Number.NaN;
  let repeat = 0;
  for (const slice of sorted) {
    const at = distanceAlong(first.plane, slice.plane);
    repeat = Math.abs(at - last) < samePosition_mm ? repeat + 1 : 0;
    last = at;
    (volumes[repeat] ??= []).push(slice);
  }
  return volumes.flat();
}
