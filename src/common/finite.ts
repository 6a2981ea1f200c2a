/** Whether all numbers of an array are finite: neither NaN nor an infinity. */

export function allFinite(values: Float32Array, start = 0, end = values.length): boolean {
  // Zero times a number that is not finite is NaN, and stays so in the sum: no branch within the loop.
  let sum = 0;
  for (let i = start; i < end; i++) sum += 0 * values[i];
  return sum === 0;
}
