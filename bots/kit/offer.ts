/** The line and the buttons under replies. */
import type { FinishReason } from '../../src/client/index.js';
import { layoutReplies, type ShownReply } from './layout.js';
import { LETTERS, type Mark, offeredMarks, type ReactionTable } from './reactions.js';
import { action, type Button, rowsOf } from './view.js';
import type { Words } from './words/index.js';

export interface OfferOptions {
  words: Words;
  table: ReactionTable;
  /** Characters a message may have. */
  limit: number;
  /** Whether votes are collected here. */
  learning: boolean;
}

export interface FinishedReply {
  id: string;
  text: string;
  finishReason: FinishReason;
}

/** Finished replies as messages; the line that asks for a vote ends the last one. `order`: ids as shown. */
export function offerMessages(
  replies: readonly FinishedReply[],
  order: readonly string[],
  { words, table, limit, learning }: OfferOptions,
): string[] {
  const shown = order.map((id, place): ShownReply => {
    const reply = replies.find((candidate) => candidate.id === id);
    const stopped = reply?.finishReason === 'CANCELLED' ? `\n${words.vote.cancelled}` : '';
    return { label: order.length > 1 ? LETTERS[place] : '', text: `${reply?.text ?? ''}${stopped}` };
  });
  const line = learning ? askLine(order.length, words, table) : '';
  const messages = layoutReplies(shown, limit);
  if (line === '') return messages;
  const last = messages[messages.length - 1];
  if (last.length + line.length + 2 > limit) return [...messages, line];
  return [...messages.slice(0, -1), `${last}\n\n${line}`];
}

function askLine(count: number, words: Words, table: ReactionTable): string {
  if (count < 2) return words.vote.single;
  return words.vote.several({ tie: table.TIE[0], allBad: table.ALL_BAD[0] });
}

/** Buttons that say the same as the reactions, for those who prefer them. */
export function offerButtons(count: number, words: Words): Button[][] {
  return rowsOf(
    offeredMarks(count).map((mark) => ({
      action: action('vote', mark),
      label: markLabel(mark, words),
      style: mark.length === 1 ? 'primary' : 'plain',
    })),
  );
}

export function stopButton(generationId: string, words: Words): Button[][] {
  return [[{ action: action('stop', generationId), label: words.vote.stop, style: 'plain' }]];
}

/** What a mark is called on its button. */
export function markLabel(mark: Mark, { vote }: Words): string {
  switch (mark) {
    case 'TIE':
      return vote.tie;
    case 'ALL_BAD':
      return vote.allBad;
    case 'UP':
      return vote.up;
    case 'DOWN':
      return vote.down;
    case 'REGENERATE':
      return vote.regenerate;
    default:
      return mark;
  }
}
