import { describe, expect, it } from 'vitest';
import { type Orderable, orderAlongNormal, orderFrames } from './order';
import { planeOf } from './plane';

const axial = [1, 0, 0, 0, 1, 0];
const sagittal = [0, 1, 0, 0, 0, -1];

function frame(position: number[], instanceNumber: number, orientation = axial): Orderable & { name: string } {
  return { plane: planeOf(position, orientation), instanceNumber, frameNumber: 1, name: `${instanceNumber}` };
}
const names = (frames: { name: string }[]) => frames.map(({ name }) => name);

describe('orderAlongNormal', () => {
  it('orders axial slices from feet to head, whatever their numbers', () => {
    const slices = [10, -5, 2.5].map((z) => ({ plane: planeOf([0, 0, z], axial)!, z }));
    expect(orderAlongNormal(slices).map(({ z }) => z)).toEqual([-5, 2.5, 10]);
  });

  it('measures along the normal, not along z, when the gantry is tilted', () => {
    // Tilted by 20 degrees about x; the second slice lies further along the normal though its z is smaller.
    const tilt = (20 * Math.PI) / 180;
    const orientation = [1, 0, 0, 0, Math.cos(tilt), Math.sin(tilt)];
    // The normal is (0, -sin 20, cos 20): by hand, the first lies at 10 cos 20 = 9.40 mm,
    // the second at 30 sin 20 + 5 cos 20 = 10.26 + 4.70 = 14.96 mm.
    const slices = [
      { plane: planeOf([0, -30, 5], orientation)!, name: 'far' },
      { plane: planeOf([0, 0, 10], orientation)!, name: 'near' },
    ];
    expect(names(orderAlongNormal(slices))).toEqual(['near', 'far']);
  });

  it('takes no slices for no slices', () => {
    expect(orderAlongNormal([])).toEqual([]);
  });
});

describe('orderFrames', () => {
  it('ignores InstanceNumber where planes are known', () => {
    expect(names(orderFrames([frame([0, 0, 0], 3), frame([0, 0, 5], 2), frame([0, 0, 10], 1)]))).toEqual(['3', '2', '1']);
  });

  it('falls back to InstanceNumber where one plane is missing', () => {
    const without = { plane: undefined, instanceNumber: 2, frameNumber: 1, name: '2' };
    expect(names(orderFrames([frame([0, 0, 0], 3), without, frame([0, 0, 9], 1)]))).toEqual(['1', '2', '3']);
  });

  it('orders frames of one instance by their number, and those without InstanceNumber last', () => {
    const of = (instanceNumber: number | undefined, frameNumber: number) =>
      ({ plane: undefined, instanceNumber, frameNumber, name: `${instanceNumber}/${frameNumber}` });
    expect(names(orderFrames([of(undefined, 1), of(1, 2), of(1, 10), of(1, 1)])))
      .toEqual(['1/1', '1/2', '1/10', 'undefined/1']);
  });

  it('shows a 4D series volume by volume', () => {
    const frames = [
      frame([0, 0, 0], 1), frame([0, 0, 5], 2), // first volume
      frame([0, 0, 0], 3), frame([0, 0, 5], 4), // second volume
    ];
    expect(names(orderFrames(frames))).toEqual(['1', '2', '3', '4']);
  });

  it('keeps parallel slices together in a series of mixed orientation', () => {
    const frames = [
      frame([0, 0, 0], 1), frame([7, 0, 0], 2, sagittal), frame([0, 0, 5], 3), frame([-7, 0, 0], 4, sagittal),
    ];
    // The sagittal normal is (-1, 0, 0): x falls along it.
    expect(names(orderFrames(frames))).toEqual(['1', '3', '2', '4']);
  });
});

describe('planeOf', () => {
  it('refuses what spans no plane', () => {
    expect(planeOf([0, 0, 0], [0, 0, 0, 0, 0, 0])).toBeUndefined();
    expect(planeOf([0, 0, 0], [1, 0, 0, 1, 0, 0])).toBeUndefined();
    expect(planeOf([0, 0], axial)).toBeUndefined();
    expect(planeOf([0, 0, 0], [1, 0, 0])).toBeUndefined();
  });
});
