/** Millimetres or directions in the patient's space: x to the left, y to the back, z to the head (LPS, PS3.3 C.7.6.2.1.1). */
export type Vector = readonly [number, number, number];

export function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
export function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}
export function length(a: Vector): number {
  return Math.sqrt(dot(a, a));
}
export function toVector(numbers: readonly number[]): Vector | undefined {
  const [x, y, z] = numbers;
  return x === undefined || y === undefined || z === undefined ? undefined : [x, y, z];
}
