/** What was said so far, as it is sent along with the next question. The service takes of it what the model reads. */
import type { ChatTurn } from '../../client/index.js';
import type { Conversation, Turn } from './conversation.js';

/** As the contract says it: characters of a message, and messages of a conversation. */
export const MESSAGE_CHARACTERS = 8_000;
const MESSAGES = 64;
/** Characters in all: far more than a model reads, and little enough for one request. */
const CHARACTERS = 120_000;

/** The chosen reply where there was a choice, else the first with a text. Turns without any are left out. */
export function historyOf(conversation: Conversation): ChatTurn[] {
  const history: ChatTurn[] = [];
  let characters = 0;
  for (const turn of conversation.toReversed()) {
    const said = saidIn(turn);
    const asked = sendable(turn.prompt);
    if (said === null || asked === '') continue;
    characters += asked.length + said.length;
    if (history.length + 2 > MESSAGES || characters > CHARACTERS) break;
    history.unshift({ role: 'USER', content: asked }, { role: 'ASSISTANT', content: said });
  }
  return history;
}

function saidIn({ status, replies, chosenId }: Turn): string | null {
  if (status !== 'COMPLETE') return null;
  const chosen = replies.filter(({ id }) => id === chosenId);
  for (const { text } of [...chosen, ...replies]) {
    const said = sendable(ending(text));
    if (said !== '') return said;
  }
  return null;
}

/** Of a text that was gone on with for long, its end: that is what the next question is about. */
function ending(text: string): string {
  return text.length > MESSAGE_CHARACTERS ? `…${text.slice(1 - MESSAGE_CHARACTERS)}` : text;
}

/** A text without what no database takes: U+0000, and halves of a character (a cut through an emoji leaves one). */
export function sendable(text: string): string {
  return text.replace(/\0|\p{Surrogate}/gu, '').trim();
}
