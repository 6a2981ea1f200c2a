/**
 * How much Markdown of a reply is read as such. A model may write anything, and a reader of Markdown needs a stack as deep as its marks are
 * nested and far more time than its length: what is past these bounds stands as the text it is.
 */

/** Bounds that are seen before it is read. Lines times nesting, and lines times cells, are what a reader's work grows with. */
const CHARACTERS = 16_000;
const LINES = 800;
const MARKS = 2_400;
const NESTED_LINES = 2_400;
const CELLS = 4_000;
/** Containers in containers: lists, quotes, emphasis, links. */
const NESTING = 10;
/** Parts in all, once it is read. */
const PARTS = 4_000;

const CONTAINER_MARKS = /^(?:[ \t]*(?:[-*+]|\d{1,9}[.)]|>))+/;
const ONE_MARK = /[-*+>]|\d+[.)]/g;

/** Whether a text is plain enough to be read as Markdown. Takes time in proportion to its length. */
export function isReadable(text: string): boolean {
  if (text.length > CHARACTERS) return false;
  const lines = text.split('\n');
  if (lines.length > LINES || count(text, /[*_~[\]<`!]/g) > MARKS) return false;
  let nesting = 0;
  let cells = 0;
  for (const line of lines) {
    nesting = Math.max(nesting, count(CONTAINER_MARKS.exec(line)?.[0] ?? '', ONE_MARK));
    cells = Math.max(cells, count(line, /\|/g));
  }
  return nesting <= 2 * NESTING && nesting * lines.length <= NESTED_LINES && cells * lines.length <= CELLS;
}

function count(text: string, marks: RegExp): number {
  return text.match(marks)?.length ?? 0;
}

/** A part of a read text, as mdast has it. */
interface Part {
  type: string;
  value?: string;
  children?: Part[];
  position?: { start: { offset?: number }; end: { offset?: number } };
  data?: { hProperties?: Record<string, unknown> };
}

const BLOCKS: ReadonlySet<string> = new Set(['blockquote', 'list']);
const PHRASES: ReadonlySet<string> = new Set(['emphasis', 'strong', 'delete', 'link', 'linkReference']);
/** Their marks would need ids, which are of the whole page and not of one reply. */
const NOTES: ReadonlySet<string> = new Set(['footnoteReference', 'footnoteDefinition']);

/**
 * A plugin of the reader (remark): what is nested too deep, and every footnote, stands as it was written. Each block runs in the
 * direction of its own words; what is in a list or a quote runs with it, else the quote would have no words of its own.
 */
export function boundedParts() {
  return (root: Part, file: { toString(): string }): void => {
    const source = String(file);
    const written = ({ position }: Part) => source.slice(position?.start.offset ?? 0, position?.end.offset ?? 0);
    const open: { part: Part; nesting: number }[] = [{ part: root, nesting: 0 }];
    let parts = 0;
    for (let next = open.pop(); next; next = open.pop()) {
      const { part, nesting } = next;
      parts += part.children?.length ?? 0;
      part.children = part.children?.map((child) => {
        const container = BLOCKS.has(child.type) || PHRASES.has(child.type);
        if (!NOTES.has(child.type) && !(container && nesting >= NESTING)) {
          if (child.children) open.push({ part: child, nesting: nesting + (container ? 1 : 0) });
          return child;
        }
        const text: Part = { type: 'text', value: written(child) };
        const inline = PHRASES.has(child.type) || child.type === 'footnoteReference';
        return inline ? text : paragraph(text);
      });
    }
    if (parts > PARTS) root.children = [paragraph({ type: 'text', value: source })];
    for (const block of root.children ?? []) block.data = { hProperties: { ...block.data?.hProperties, dir: 'auto' } };
  };
}

function paragraph(text: Part): Part {
  return { type: 'paragraph', children: [text], data: { hProperties: { className: ['plain'] } } };
}
