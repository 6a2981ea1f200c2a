/** The kit's views and pages in Slack's blocks. Nobody is ever notified by what the bot posts. */
import type { types } from '@slack/bolt';
import { type Button, encodeAction, splitText, type View } from '../kit/index.js';
import { toMrkdwn, withoutMentions } from './mrkdwn.js';

type KnownBlock = types.KnownBlock;

/** One message: Markdown text, and buttons below it. */
export interface Page {
  content: string;
  buttons: readonly (readonly Button[])[];
}

const LABEL = 75;
const HEADER = 150;
const SECTION = 3_000;
const FIELD = 2_000;
/** The text beside blocks, which notifications and screen readers show. */
const FALLBACK = 3_000;

export function drawPage({ content, buttons }: Page): { text: string; blocks: KnownBlock[] } {
  const text = content === '' ? '…' : content;
  return {
    text: fallback(text),
    blocks: [{ type: 'markdown', text: withoutMentions(text) }, ...drawButtons(buttons)],
  };
}

export function drawView(view: View): { text: string; blocks: KnownBlock[] } {
  return { text: fallback([view.title, ...view.text].join('\n')), blocks: viewBlocks(view) };
}

/** A page whose paragraphs are replies, in the model's own Markdown. */
export function drawTune({ title, text, buttons }: View): { text: string; blocks: KnownBlock[] } {
  return drawPage({ content: [`**${title}**`, ...text].join('\n\n'), buttons });
}

/** The app's home: a taste, and above it what was just answered. */
export function drawHome(taste: View, answer: View | string | null): types.HomeView {
  const above: KnownBlock[] = answer === null ? [] : typeof answer === 'string' ? sections(answer) : viewBlocks(answer);
  const blocks = [...above, ...(above.length > 0 ? [{ type: 'divider' } as const] : []), ...viewBlocks(taste)];
  return { type: 'home', blocks };
}

function viewBlocks({ title, text, fields, buttons, link, file }: View): KnownBlock[] {
  return [
    { type: 'header', text: { type: 'plain_text', text: title.slice(0, HEADER), emoji: true } },
    ...text.flatMap(sections),
    ...(fields.length > 0
      ? [
          {
            type: 'section' as const,
            fields: fields.map((field) => mrkdwn(`**${field.name}**\n${field.value}`, FIELD)),
          },
        ]
      : []),
    ...(file ? splitText(`\`\`\`\n${file.text}\n\`\`\``, SECTION - 100).flatMap(sections) : []),
    ...drawButtons(buttons),
    ...(link ? [drawLink(link)] : []),
  ];
}

/** Slack tells of presses on links as well: an action of nobody's. */
function drawLink({ label, url }: NonNullable<View['link']>): types.ActionsBlock {
  const text = { type: 'plain_text' as const, text: label.slice(0, LABEL), emoji: true };
  return { type: 'actions', elements: [{ type: 'button', text, url, action_id: 'palate:link' }] };
}

function sections(text: string): KnownBlock[] {
  // Escaping makes a text longer: what is cut at two thirds of the room fits afterwards, but for the rarest.
  return splitText(text, (SECTION * 2) / 3).map((piece) => ({ type: 'section', text: mrkdwn(piece, SECTION) }));
}

function mrkdwn(markdown: string, most: number) {
  return { type: 'mrkdwn' as const, text: toMrkdwn(markdown).slice(0, most) || ' ' };
}

function fallback(markdown: string): string {
  return toMrkdwn(splitText(markdown, FALLBACK)[0]);
}

export function drawButtons(rows: Page['buttons']): types.ActionsBlock[] {
  const drawn = rows.map((row) => row.filter(({ disabled }) => !disabled)).filter((row) => row.length > 0);
  return drawn.map((row) => ({ type: 'actions', elements: row.map(drawButton) }));
}

function drawButton({ action, label, style = 'plain' }: Button): types.Button {
  return {
    type: 'button',
    text: { type: 'plain_text', text: label.slice(0, LABEL), emoji: true },
    action_id: encodeAction(action),
    ...(style !== 'plain' && { style }),
  };
}
