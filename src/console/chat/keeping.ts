/** A conversation as text that the tab keeps, and what is found again after a reload. */
import type { ChatTurn } from '../../client/index.js';
import type { Kept } from '../session/kept.js';
import { type Conversation, newTurn, type Reply, type Turn } from './conversation.js';

/** Turns that are kept; fewer where there is no room for so many. */
const KEPT_TURNS = [40, 10, 2];
/** Newest turns whose replies can be gone on with after a reload: that needs all that was said before them. */
const CONTINUABLE_TURNS = 8;

export function keep(kept: Kept, name: string, conversation: Conversation): void {
  for (const turns of KEPT_TURNS) if (kept.write(name, pack(conversation.slice(-turns)))) return;
}

/** Questions whose replies are still being written are kept with all that it takes to ask for the same replies again. */
export function pack(conversation: Conversation): string {
  const needsHistory = ({ status, replies }: Turn) =>
    status === 'WRITING' || replies.some(({ cut, going }) => cut || going !== null);
  return JSON.stringify(
    conversation.map((turn, place) => {
      const continuable = place >= conversation.length - CONTINUABLE_TURNS && needsHistory(turn);
      return { ...turn, waiting: null, history: continuable ? turn.history : null };
    }),
  );
}

/** Whatever else is found is nothing. */
export function unpack(text: string | null): Conversation {
  try {
    const turns: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(turns) ? turns.flatMap((turn) => turnOf(turn) ?? []) : [];
  } catch {
    return [];
  }
}

const STATUSES: readonly unknown[] = ['WRITING', 'COMPLETE', 'FAILED'];

function turnOf(found: unknown): Turn | null {
  const { key, prompt, history, maxTokens, status, replies, roles, ...more } = (found ?? {}) as Partial<Turn>;
  if (typeof key !== 'string' || typeof prompt !== 'string' || !Array.isArray(replies)) return null;
  if (typeof roles !== 'object' || roles === null || !STATUSES.includes(status)) return null;
  const known = isHistory(history) && typeof maxTokens === 'number';
  const question = { key, prompt, history: known ? history : null, maxTokens: known ? maxTokens : 0 };
  const turn = { ...newTurn(question), ...more, roles, status: status as Turn['status'] };
  // What cannot be asked for again was lost with the page.
  const lost = status === 'WRITING' && !known;
  return {
    ...turn,
    replies: replies.flatMap((reply) => replyOf(reply) ?? []),
    ...(lost && { status: 'FAILED', problem: 'This was cut off with the page before it was written.' }),
  };
}

function replyOf(found: unknown): Reply | null {
  const { id, text, cut, tail, going } = (found ?? {}) as Partial<Reply>;
  if (typeof id !== 'string' || typeof text !== 'string') return null;
  return { id, text, cut: cut === true, tail: typeof tail === 'string' ? tail : id, going: going ?? null };
}

function isHistory(history: unknown): history is ChatTurn[] {
  const isMessage = (message: Partial<ChatTurn> | null) =>
    typeof message?.role === 'string' && typeof message.content === 'string';
  return Array.isArray(history) && history.every(isMessage);
}
