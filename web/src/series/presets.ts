/** Window centre and width, in the units of the modality (HU in CT). PS3.3 section C.11.2.1.2. */
export interface Window {
  center: number;
  width: number;
}

export interface Preset extends Window {
  name: string;
}

/** The usual windows of CT reading. */
export const ctPresets: readonly Preset[] = [
  { name: 'Brain', center: 40, width: 80 },
  { name: 'Subdural', center: 75, width: 215 },
  { name: 'Soft tissue', center: 40, width: 400 },
  { name: 'Lung', center: -600, width: 1500 },
  { name: 'Bone', center: 480, width: 2500 },
  { name: 'Liver', center: 60, width: 160 },
];

/** Values at or below `lower` are black, at or above `upper` white. The linear function of C.11.2.1.2 reaches its ends half
 *  a unit below and above, which is why one is subtracted from the width. */
export function windowToRange({ center, width }: Window): { lower: number; upper: number } {
  return { lower: center - 0.5 - (width - 1) / 2, upper: center - 0.5 + (width - 1) / 2 };
}

export function rangeToWindow(lower: number, upper: number): Window {
  return { center: (lower + upper + 1) / 2, width: upper - lower + 1 };
}
