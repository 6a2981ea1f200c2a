/**
 * Makes a conversation fit, for every client alike: what has no text is left out, what is too long is shortened, and where the model
 * cannot read all of it the oldest exchanges go first. The system text and the prompt always stay.
 */
import type { Limits } from '../../common/config.js';
import { PalateError } from '../../common/errors.js';
import type { ChatTurn as GivenTurn } from '../../contract/generated/types.js';
import { PREFIX_LENGTH } from '../../language-model/graphs/adapter.js';
import type { ChatTurn, EncodedChat, Tokenizer } from '../../language-model/tokenizer.js';

/** Text that carries more characters a token than this is runs of one character: what lies before so much of it is not looked at. */
const CHARACTERS_A_TOKEN = 8;

/** The history a request brought as the turns that count: the newest with text in them, each no longer than is allowed. */
export function historyTurns(history: readonly GivenTurn[], limits: Limits): ChatTurn[] {
  const turns: ChatTurn[] = [];
  for (let i = history.length - 1; i >= 0 && turns.length < limits.historyTurns; i--) {
    const content = shortened(history[i].content, limits.turnCharacters);
    if (content.trim() !== '') turns.push({ role: history[i].role.toLowerCase() as ChatTurn['role'], content });
  }
  return turns.reverse();
}

/** The beginning of a text, not cut inside a character. */
function shortened(text: string, length: number): string {
  if (text.length <= length) return text;
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? length - 1 : length);
}

/** A conversation's parts: the system text it begins with, what was said before, and the prompt with all behind it. */
interface Conversation {
  system: readonly ChatTurn[];
  history: readonly ChatTurn[];
  prompt: readonly ChatTurn[];
}

function partsOf(turns: readonly ChatTurn[]): Conversation {
  const prompt = Math.max(
    turns.findLastIndex(({ role }) => role === 'user'),
    0,
  );
  const system = Math.min(turns[0]?.role === 'system' ? 1 : 0, prompt);
  return { system: turns.slice(0, system), history: turns.slice(system, prompt), prompt: turns.slice(prompt) };
}

/** Without the oldest turns that no model of this context could read, by their lengths alone. */
export function readableTurns(turns: readonly ChatTurn[], contextLength: number): ChatTurn[] {
  const { system, history, prompt } = partsOf(turns);
  let characters = contextLength * CHARACTERS_A_TOKEN;
  const first =
    1 +
    history.findLastIndex(({ content }) => {
      characters -= content.length;
      return characters < 0;
    });
  return [...system, ...newestFrom(history, first), ...prompt];
}

/** An answer whose question is left out goes with it. */
function newestFrom(history: readonly ChatTurn[], first: number): ChatTurn[] {
  if (first === 0) return [...history];
  const kept = history.slice(first);
  const question = kept.findIndex(({ role }) => role !== 'assistant');
  return question < 0 ? [] : kept.slice(question);
}

export interface ReplyRoom {
  /** Tokens that the reply may become, at most. */
  reply: number;
  /** Tokens of the reply that are read again behind the prompt, because it is gone on with. */
  written: number;
}

export interface FittedPrompt extends EncodedChat {
  /** Tokens that the reply may become with this prompt before it. */
  maxTokens: number;
}

/** Fits conversations into one model's context. Counting a turn never costs more than the turn itself is long. */
export class ConversationFitter {
  private frame: number | undefined;

  constructor(
    private readonly tokenizer: Pick<Tokenizer, 'encode' | 'encodeChat'>,
    private readonly contextLength: number,
  ) {}

  /**
   * @throws PalateError TOO_LONG when the prompt with the system text alone leaves no room for the reply; BAD_USER_INPUT when the
   *   model's chat template refuses the prompt
   */
  fit(turns: readonly ChatTurn[], { reply, written }: ReplyRoom): FittedPrompt {
    const { system, history, prompt } = partsOf(readableTurns(turns, this.contextLength));
    const space = this.contextLength - PREFIX_LENGTH - written;
    // Of a small context a long reply gets half, and more where the conversation is short.
    const budget = space - Math.min(reply, this.contextLength >>> 1);
    const bare = this.tokenizer.encodeChat([...system, ...prompt]);
    // What was begun is gone on with as long as a token fits.
    const most = written > 0 ? space - 1 : budget;
    if (bare.ids.length > most) throw this.tooLong(bare, most, prompt[0].content, written);
    const chat = this.withHistory({ system, history, prompt }, bare, budget);
    return { ...chat, maxTokens: Math.min(reply, space - chat.ids.length) };
  }

  private withHistory({ system, history, prompt }: Conversation, bare: EncodedChat, budget: number): EncodedChat {
    let kept = newestFrom(history, this.firstThatFits(history, budget - bare.ids.length));
    while (kept.length > 0) {
      const chat = this.encodeUnlessRefused([...system, ...kept, ...prompt]);
      if (chat !== null && chat.ids.length <= budget) return chat;
      kept = newestFrom(kept, 1);
    }
    return bare;
  }

  /** Null where the template refuses the order of turns: a question without its answer, an answer without its question. */
  private encodeUnlessRefused(turns: readonly ChatTurn[]): EncodedChat | null {
    try {
      return this.tokenizer.encodeChat(turns);
    } catch (error) {
      if (error instanceof PalateError && error.code === 'BAD_USER_INPUT') return null;
      throw error;
    }
  }

  /** Index of the oldest turn that can stay, counted from the newest back; nothing older is encoded. */
  private firstThatFits(history: readonly ChatTurn[], tokens: number): number {
    let left = tokens;
    for (let i = history.length - 1; i >= 0; i--) {
      left -= this.tokenizer.encode(history[i].content).length + this.frameOfTurn();
      if (left < 0) return i + 1;
    }
    return 0;
  }

  /** Tokens that the template puts around one turn, rounded down: what is counted too little is found when all is encoded. */
  private frameOfTurn(): number {
    if (this.frame === undefined) {
      const user = { role: 'user' as const, content: 'a' };
      const length = (turns: ChatTurn[]) => this.tokenizer.encodeChat(turns).ids.length;
      const added = length([user, { role: 'assistant', content: 'a' }, user]) - length([user]);
      this.frame = Math.max(0, Math.floor(added / 2) - this.tokenizer.encode('a').length);
    }
    return this.frame;
  }

  private tooLong({ ids, lastUserTurn }: EncodedChat, most: number, prompt: string, written: number): PalateError {
    if (written > 0) {
      return new PalateError(
        'TOO_LONG',
        `The reply fills what this model can read at once (${this.contextLength} tokens), so it cannot go on. Ask something new.`,
      );
    }
    const own = lastUserTurn[1] - lastUserTurn[0];
    const tokens = Math.max(0, most - (ids.length - own));
    const characters = Math.floor((prompt.length * tokens) / Math.max(1, own));
    const what =
      tokens === 0
        ? `The system text leaves no room for a prompt in the ${this.contextLength} tokens that this model reads. Shorten the system text.`
        : `The prompt has ${prompt.length} characters (${own} tokens). This model reads about ${characters} characters of such text (${tokens} tokens) beside the system text and a reply. Shorten it.`;
    return new PalateError('TOO_LONG', what, tokens === 0 ? {} : { maximum: characters });
  }
}
