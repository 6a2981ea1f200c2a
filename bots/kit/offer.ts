/** The lines and the buttons under replies. */
import type { FinishReason } from '../../src/client/index.js';
import { layoutReplies, type ShownReply } from './layout.js';
import { type EmojiMap, LETTERS, type Mark, offeredMarks } from './reactions.js';
import { action, type Button, rowsOf } from './view.js';
import type { Words } from './words/index.js';

export interface OfferOptions {
  words: Words;
  emojiMap: EmojiMap;
  /** Characters a message may have. */
  limit: number;
  /** Whether votes are collected here. */
  learning: boolean;
  /** Text above the replies, the question for example. */
  head?: string;
}

export interface FinishedReply {
  id: string;
  text: string;
  finishReason: FinishReason;
}

/** Finished replies as messages; the lines about them end the last one. `order`: ids as shown. */
export function offerMessages(
  replies: readonly FinishedReply[],
  order: readonly string[],
  { words, emojiMap, limit, learning, head = '' }: OfferOptions,
): string[] {
  const shown = order.map((id, place): ShownReply => {
    const reply = replies.find((candidate) => candidate.id === id);
    const stopped = reply?.finishReason === 'CANCELLED' ? `\n${words.vote.cancelled}` : '';
    return { label: order.length > 1 ? LETTERS[place] : '', text: `${reply?.text ?? ''}${stopped}` };
  });
  const lines = closingLines(replies, order, { words, emojiMap, learning });
  const messages = layoutReplies(shown, limit - (head === '' ? 0 : head.length + 2));
  if (head !== '') messages[0] = `${head}\n\n${messages[0]}`;
  if (lines === '') return messages;
  const last = messages[messages.length - 1];
  if (last.length + lines.length + 2 > limit) return [...messages, lines];
  return [...messages.slice(0, -1), `${last}\n\n${lines}`];
}

/** What stands under the replies: which of them were cut off, and the question which is better. */
export function closingLines(
  replies: readonly FinishedReply[],
  order: readonly string[],
  { words, emojiMap, learning }: Pick<OfferOptions, 'words' | 'emojiMap' | 'learning'>,
): string {
  const cut = cutPlaces(replies, order);
  const letters = order.length > 1 ? cut.map((place) => LETTERS[place]).join(', ') : '';
  const ask = learning ? askLine(order.length, words, emojiMap) : '';
  return [...(cut.length > 0 ? [words.vote.cut(letters)] : []), ...(ask === '' ? [] : [ask])].join('\n');
}

/** The places of the replies that reached their longest. */
function cutPlaces(replies: readonly FinishedReply[], order: readonly string[]): number[] {
  return order.flatMap((id, place) => {
    const reply = replies.find((candidate) => candidate.id === id);
    return reply?.finishReason === 'LENGTH' && reply.text.trim() !== '' ? [place] : [];
  });
}

function askLine(count: number, words: Words, emojiMap: EmojiMap): string {
  if (count < 2) return words.vote.single;
  return words.vote.several({ tie: emojiMap.TIE[0], allBad: emojiMap.ALL_BAD[0] }, count);
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

/** A button for each reply that reached its longest: the asker can have it gone on with. */
export function continueButtons(replies: readonly FinishedReply[], order: readonly string[], words: Words): Button[][] {
  return rowsOf(
    cutPlaces(replies, order).map((place) => ({
      action: action('continue', LETTERS[place]),
      label: words.vote.goOn(order.length > 1 ? LETTERS[place] : ''),
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
