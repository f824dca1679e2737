import { rangeToWindow, type Window } from './presets';

/** More values than this do not move a percentile that anybody could see. */
const samplesMax = 65_536;

/** A window for pictures whose file gives none: from the 0.5th to the 99.5th percentile, as the server draws thumbnails,
 *  so that a few hot pixels do not leave the rest in the dark. A picture of one value tells nothing: it gets what its bits
 *  `canHold`. */
export function autoWindow(values: ArrayLike<number>, canHold: { lower: number; upper: number }): Window {
  const step = Math.max(1, Math.ceil(values.length / samplesMax));
  const sample = new Float64Array(Math.ceil(values.length / step));
  for (let at = 0; at < sample.length; at += 1) sample[at] = values[at * step] ?? 0;
  sample.sort();
  const last = sample.length - 1;
  const at = (fraction: number) => sample[Math.floor(fraction * last)] ?? 0;
  let [lower, upper] = [at(0.005), at(0.995)];
  // A mask has both on one of its values.
  if (lower === upper) [lower, upper] = [at(0), at(1)];
  return lower < upper ? rangeToWindow(lower, upper) : rangeToWindow(canHold.lower, canHold.upper);
}
