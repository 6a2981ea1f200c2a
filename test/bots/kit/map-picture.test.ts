/** The picture of a taste: what is where, in which colour, and what it is called. */

import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { encodePng } from '../../../bots/discord/picture.js';
import { drawMap, mapPicture, type Picture, wordsFor } from '../../../bots/kit/index.js';

const NOTHING = { taste: null, replies: [], others: [], directions: [] };
const reply = (x: number, y: number, chosen: boolean) => ({ candidateId: `${x}/${y}`, x, y, chosen });

/** The colour at a place on a map that reaches 3 from its middle: 246 pixels. */
function at({ width, height, pixels }: Picture, x: number, y: number, shift = 0): number[] {
  const [column, row] = [width / 2 + (x * 246) / 3 + shift, height / 2 - (y * 246) / 3];
  const first = (Math.round(row) * width + Math.round(column)) * 4;
  return [...pixels.subarray(first, first + 4)];
}

describe('the map of a taste', () => {
  const map = {
    ...NOTHING,
    taste: { x: 1, y: 1 },
    replies: [reply(2, -1, true), reply(-2, -1, false)],
    others: [{ x: -1, y: 2 }],
  };

  it('shows the taste, chosen and rejected replies and others where they lie, up being up', () => {
    const picture = drawMap(map);
    expect(at(picture, 1, 1)).toEqual([255, 255, 255, 255]);
    expect(at(picture, 2, -1)).toEqual([111, 220, 140, 255]);
    expect(at(picture, -1, 2)).toEqual([148, 154, 166, 255]);
    // A ring is open in the middle.
    expect(at(picture, -2, -1)).toEqual([30, 31, 34, 255]);
    expect(at(picture, -2, -1, 7)).toEqual([255, 154, 118, 255]);
    expect(at(picture, -1, -1)).toEqual([30, 31, 34, 255]);
  });

  it('is wide enough for what lies far out', () => {
    const picture = drawMap({ ...map, taste: { x: 30, y: -30 } });
    // The corner that the point lies in, 246 pixels from the middle.
    expect(at(picture, 3, -3)).toEqual([255, 255, 255, 255]);
  });

  it('says in words what it shows, and is left out where there is nothing to show', () => {
    expect(mapPicture(NOTHING, wordsFor('en'))).toBeNull();
    expect(mapPicture({ ...NOTHING, others: map.others }, wordsFor('en'))).toBeNull();
    expect(mapPicture(map, wordsFor('en'))?.description).toBe(
      'A map: your taste as a diamond, 1 chosen reply, 1 rejected reply, 1 other member.',
    );
    for (const tag of ['de', 'ja']) expect(mapPicture(map, wordsFor(tag))?.description).toMatch(/1.+1.+1/);
  });

  it('comes through a PNG file as it was', async () => {
    const picture = drawMap(map);
    const file = await encodePng(picture);
    expect(file.length).toBeLessThan(50_000);
    const { width, height, data } = PNG.sync.read(file);
    expect([width, height]).toEqual([picture.width, picture.height]);
    expect(Buffer.compare(data, Buffer.from(picture.pixels))).toBe(0);
  });
});
