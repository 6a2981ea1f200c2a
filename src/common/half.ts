/** Half-precision floats (IEEE 754 binary16) as little-endian bytes: how features and checkpoint weights are stored. */

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/**
 * Rounds to nearest even, two bytes a value. Beyond 65504 a value becomes infinite; below 6e-8 it becomes zero.
 */
export function toHalf(values: Float32Array): Uint8Array {
  const out = new Uint8Array(values.length * 2);
  for (let i = 0; i < values.length; i++) {
    float[0] = values[i];
    const half = roundToHalf(bits[0]);
    out[2 * i] = half & 0xff;
    out[2 * i + 1] = half >>> 8;
  }
  return out;
}

/** The inverse, exact. `bytes` may be any view with an even number of bytes. */
export function fromHalf(bytes: Uint8Array): Float32Array {
  const out = new Float32Array(bytes.length >>> 1);
  const outBits = new Uint32Array(out.buffer);
  for (let i = 0; i < out.length; i++) outBits[i] = widenHalf(bytes[2 * i] | (bytes[2 * i + 1] << 8));
  return out;
}

/** From the bits of a binary32 to the bits of the nearest binary16. */
function roundToHalf(single: number): number {
  const sign = (single >>> 16) & 0x8000;
  const magnitude = single & 0x7fffffff;
  if (magnitude >= 0x7f800000) return sign | 0x7c00 | (magnitude > 0x7f800000 ? 0x200 : 0); // infinity, NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // 65520 and above round to infinity
  if (magnitude >= 0x38800000) {
    // Normal: rebias the exponent by 127 - 15 and round away 13 bits; a carry into the exponent is what rounding up means.
    return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  }
  if (magnitude < 0x33000000) return sign; // less than half of the smallest subnormal
  const shift = 126 - (magnitude >>> 23); // 14 to 24 bits of the significand go
  const significand = (magnitude & 0x7fffff) | 0x800000;
  const kept = significand >>> shift;
  const rest = significand & ((1 << shift) - 1);
  const middle = 1 << (shift - 1);
  return sign | (kept + (rest > middle || (rest === middle && (kept & 1) === 1) ? 1 : 0));
}

/** From the bits of a binary16 to the bits of the same value as a binary32. */
function widenHalf(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const significand = half & 0x3ff;
  if (exponent === 0x1f) return (sign | 0x7f800000 | (significand << 13)) >>> 0;
  if (exponent !== 0) return (sign | ((exponent + 112) << 23) | (significand << 13)) >>> 0;
  float[0] = significand * 2 ** -24; // zero and subnormals
  return (sign | bits[0]) >>> 0;
}
