/** The map of tastes as a picture: plain pixels, which each platform encodes as it needs them. */
import type { TasteMap } from '../../src/client/index.js';
import type { Words } from './words/index.js';

/** Rows of pixels from top to bottom, four bytes each: red, green, blue, opacity. */
export interface Picture {
  width: number;
  height: number;
  pixels: Uint8ClampedArray;
}

/** A picture, and what it shows in words for those who do not see it. */
export interface DescribedPicture {
  picture: Picture;
  description: string;
}

type Colour = readonly [red: number, green: number, blue: number];

/** Twice the size it is shown at. */
const WIDTH = 720;
const HEIGHT = 540;
/** Bright on dark: readable on light pages and dark ones. Kinds differ in shape as well, for those who see colours otherwise. */
const GROUND: Colour = [30, 31, 34];
const AXES: Colour = [62, 64, 72];
const OTHERS: Colour = [148, 154, 166];
const REJECTED: Colour = [255, 154, 118];
const CHOSEN: Colour = [111, 220, 140];
const TASTE: Colour = [255, 255, 255];
/** Typical replies lie within this of the middle; what lies further out makes the map wider. */
const USUAL_REACH = 3;
const MARGIN = 24;

/** A shape's distance from a point to its edge, negative inside; pixels. */
type Shape = (dx: number, dy: number) => number;

const disc =
  (radius: number): Shape =>
  (dx, dy) =>
    Math.hypot(dx, dy) - radius;
const ring =
  (radius: number, half: number): Shape =>
  (dx, dy) =>
    Math.abs(Math.hypot(dx, dy) - radius) - half;
const diamond =
  (radius: number): Shape =>
  (dx, dy) =>
    (Math.abs(dx) + Math.abs(dy) - radius) / Math.SQRT2;

/** Null where there is nothing of the member's to be seen. */
export function mapPicture(map: TasteMap, { taste: words }: Words): DescribedPicture | null {
  if (map.taste === null && map.replies.length === 0) return null;
  const chosen = map.replies.filter((reply) => reply.chosen);
  const rejected = map.replies.filter((reply) => !reply.chosen);
  return {
    picture: drawMap(map),
    description: words.mapDescription(chosen.length, rejected.length, map.others.length),
  };
}

export function drawMap({ taste, replies, others }: Pick<TasteMap, 'taste' | 'replies' | 'others'>): Picture {
  const picture = blank();
  const points = [...replies, ...others, ...(taste ? [taste] : [])];
  const reach = Math.max(USUAL_REACH, ...points.flatMap(({ x, y }) => [Math.abs(x), Math.abs(y)]));
  const unit = (Math.min(WIDTH, HEIGHT) / 2 - MARGIN) / reach;
  const put = ({ x, y }: { x: number; y: number }, shape: Shape, size: number, colour: Colour) =>
    paint(picture, WIDTH / 2 + x * unit, HEIGHT / 2 - y * unit, shape, size, colour);
  for (const other of others) put(other, disc(4), 4, OTHERS);
  for (const reply of replies) if (!reply.chosen) put(reply, ring(7, 1.75), 9, REJECTED);
  for (const reply of replies) if (reply.chosen) put(reply, disc(8), 8, CHOSEN);
  if (taste) {
    put(taste, diamond(24), 24, GROUND);
    put(taste, diamond(18), 18, TASTE);
  }
  return picture;
}

/** Nothing but the two axes, each two pixels wide. */
function blank(): Picture {
  const picture = { width: WIDTH, height: HEIGHT, pixels: new Uint8ClampedArray(WIDTH * HEIGHT * 4) };
  fill(picture, 0, 0, WIDTH, HEIGHT, GROUND);
  fill(picture, WIDTH / 2 - 1, 0, 2, HEIGHT, AXES);
  fill(picture, 0, HEIGHT / 2 - 1, WIDTH, 2, AXES);
  return picture;
}

function fill({ pixels }: Picture, left: number, top: number, width: number, height: number, colour: Colour): void {
  const row = new Uint8ClampedArray(width * 4).map((_, at) => colour[at % 4] ?? 255);
  for (let line = top; line < top + height; line++) pixels.set(row, (line * WIDTH + left) * 4);
}

/** Lays a shape over the picture, its edge smoothed over one pixel. `size`: how far it reaches from its middle. */
function paint({ width, height, pixels }: Picture, x: number, y: number, shape: Shape, size: number, colour: Colour) {
  for (let row = Math.max(0, Math.floor(y - size - 1)); row <= Math.min(height - 1, y + size + 1); row++) {
    for (let column = Math.max(0, Math.floor(x - size - 1)); column <= Math.min(width - 1, x + size + 1); column++) {
      const covered = Math.min(1, Math.max(0, 0.5 - shape(column + 0.5 - x, row + 0.5 - y)));
      if (covered === 0) continue;
      const at = (row * width + column) * 4;
      for (let c = 0; c < 3; c++) pixels[at + c] += (colour[c] - pixels[at + c]) * covered;
    }
  }
}
