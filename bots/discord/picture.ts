/** Pictures as PNG files. Packed beside the main thread: a bot answers others meanwhile. */
import { PNG } from 'pngjs';
import type { Picture } from '../kit/index.js';

/** Colour without opacity, rows as they are: small and quick for pictures that are mostly ground. */
const FORMAT = { colorType: 2, filterType: 0, deflateStrategy: 0 } as const;

export function encodePng({ width, height, pixels }: Picture): Promise<Buffer> {
  const png = new PNG({ width, height, ...FORMAT });
  png.data = Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    png
      .on('data', (piece: Buffer) => pieces.push(piece))
      .on('end', () => resolve(Buffer.concat(pieces)))
      .on('error', reject)
      .pack();
  });
}
