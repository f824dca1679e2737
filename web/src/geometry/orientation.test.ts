import { describe, expect, it } from 'vitest';
import { directionLabel, edgeLabels, edgeLabelsOfProjection, turnLabels } from './orientation';
import { planeOf } from './plane';

const axial = planeOf([0, 0, 0], [1, 0, 0, 0, 1, 0])!;

describe('edge labels', () => {
  it("has the patient's left at the right edge of an axial image seen from the feet", () => {
    expect(edgeLabels(axial)).toEqual({ top: 'A', right: 'L', bottom: 'P', left: 'R' });
  });

  it('has the head on top of a coronal and a sagittal image', () => {
    expect(edgeLabels(planeOf([0, 0, 0], [1, 0, 0, 0, 0, -1])!)).toEqual({ top: 'H', right: 'L', bottom: 'F', left: 'R' });
    expect(edgeLabels(planeOf([0, 0, 0], [0, 1, 0, 0, 0, -1])!)).toEqual({ top: 'H', right: 'P', bottom: 'F', left: 'A' });
  });

  it('names the strongest part of an oblique direction first and leaves out what is too small', () => {
    expect(directionLabel([0.8, -0.6, 0])).toBe('LA');
    expect(directionLabel([0.04, 0.02, -0.99])).toBe('F');
  });

  it('reads PatientOrientation of projections, and nothing from values that are none', () => {
    expect(edgeLabelsOfProjection(['L', 'FP'])).toEqual({ top: 'HA', right: 'L', bottom: 'FP', left: 'R' });
    expect(edgeLabelsOfProjection(['L', ''])).toBeUndefined();
    expect(edgeLabelsOfProjection(['L', 'UNKNOWN'])).toBeUndefined();
    expect(edgeLabelsOfProjection([])).toBeUndefined();
  });

  it('turns with the image', () => {
    const labels = edgeLabels(axial);
    expect(turnLabels(labels, { quarterTurns: 1, mirrored: false })).toEqual({ top: 'R', right: 'A', bottom: 'L', left: 'P' });
    expect(turnLabels(labels, { quarterTurns: 0, mirrored: true })).toEqual({ top: 'A', right: 'R', bottom: 'P', left: 'L' });
    expect(turnLabels(labels, { quarterTurns: 2, mirrored: true })).toEqual({ top: 'P', right: 'L', bottom: 'A', left: 'R' });
  });
});
