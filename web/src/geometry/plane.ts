import { cross, dot, length, type Vector } from './vector';

/** Where a frame lies in the patient (PS3.3 section C.7.6.2). */
export interface ImagePlane {
  /** Centre of the first pixel, mm. */
  position: Vector;
  /** Unit vectors along a row (to the right of the image) and along a column (downwards). */
  row: Vector;
  column: Vector;
}

export function normalOf(plane: ImagePlane): Vector {
  return cross(plane.row, plane.column);
}

/** Builds a plane from ImagePositionPatient and ImageOrientationPatient; nothing if they span no plane. */
export function planeOf(position: readonly number[], orientation: readonly number[]): ImagePlane | undefined {
  const [px, py, pz] = position;
  const [rx, ry, rz, cx, cy, cz] = orientation;
  if (px === undefined || py === undefined || pz === undefined || rx === undefined || ry === undefined ||
      rz === undefined || cx === undefined || cy === undefined || cz === undefined) return undefined;
  const plane: ImagePlane = { position: [px, py, pz], row: [rx, ry, rz], column: [cx, cy, cz] };
  // Unit vectors give a normal of length 1; files with zeros or a repeated vector exist and have no normal.
  return Math.abs(length(normalOf(plane)) - 1) < 0.05 ? plane : undefined;
}

/** Two planes face the same way when their normals and rows differ by less than about 1.8 degrees. */
export function isParallel(a: ImagePlane, b: ImagePlane): boolean {
  const cosMin = 0.9995;
  return dot(normalOf(a), normalOf(b)) > cosMin && dot(a.row, b.row) > cosMin;
}

/** Signed distance from the origin along the normal of `reference`, mm. */
export function distanceAlong(reference: ImagePlane, plane: ImagePlane): number {
  return dot(plane.position, normalOf(reference));
}
