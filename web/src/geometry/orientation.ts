import type { ImagePlane } from './plane';
import type { Vector } from './vector';

/** What stands at the edges of an image: R/L, A/P, H/F, two or three letters when oblique (PS3.3 C.7.6.1.1.1). */
export interface EdgeLabels {
  top: string;
  right: string;
  bottom: string;
  left: string;
}

/** How an image was turned on the screen: mirrored left to right first, then turned clockwise. */
export interface Turn {
  quarterTurns: 0 | 1 | 2 | 3;
  mirrored: boolean;
}

const letters = [['L', 'R'], ['P', 'A'], ['H', 'F']] as const;

/** The letters of a direction, the strongest first; parts below sin(2.9 degrees) are not worth a letter. */
export function directionLabel(direction: Vector): string {
  return letters
    .map(([positive, negative], axis) => {
      const part = direction[axis as 0 | 1 | 2];
      return { letter: part >= 0 ? positive : negative, size: Math.abs(part) };
    })
    .filter(({ size }) => size > 0.05)
    .toSorted((a, b) => b.size - a.size)
    .map(({ letter }) => letter)
    .join('');
}

const opposites: Readonly<Record<string, string>> = { L: 'R', R: 'L', A: 'P', P: 'A', H: 'F', F: 'H' };
function opposite(label: string): string {
  return Array.from(label, (letter) => opposites[letter] ?? letter).join('');
}

export function edgeLabels(plane: ImagePlane): EdgeLabels {
  return labelsOf(directionLabel(plane.row), directionLabel(plane.column));
}

/** From PatientOrientation, for projections, which have no plane. Values like "A" and "FR"; nothing if either is empty. */
export function edgeLabelsOfProjection(patientOrientation: readonly string[]): EdgeLabels | undefined {
  const [right, bottom] = patientOrientation;
  if (!right || !bottom || !/^[LRAPHF]{1,3}$/.test(right) || !/^[LRAPHF]{1,3}$/.test(bottom)) return undefined;
  return labelsOf(right, bottom);
}

function labelsOf(right: string, bottom: string): EdgeLabels {
  return { top: opposite(bottom), right, bottom, left: opposite(right) };
}

export function turnLabels(labels: EdgeLabels, turn: Turn): EdgeLabels {
  let { top, right, bottom, left } = labels;
  if (turn.mirrored) [left, right] = [right, left];
  for (let quarter = 0; quarter < turn.quarterTurns; quarter += 1) [top, right, bottom, left] = [left, top, right, bottom];
  return { top, right, bottom, left };
}
