/** What was said so far, as the service is told it, and the reply that may be gone on with. */
import type { Candidate, ChatTurn, GenerateInput, Generation } from '../../client/index.js';

/** What a request says of the conversation. */
export type Said = Pick<GenerateInput, 'prompt' | 'history'>;

/** Turns that a request may bring; which of them the model reads, the service decides. */
const MOST_TURNS = 64;

export class History {
  private turns: ChatTurn[] = [];
  private last: { said: Said; candidate: Candidate } | undefined;

  /** How a new message is asked. Turns without text say nothing: a reply may be empty, or have been erased. */
  ask(prompt: string): Said {
    return { prompt, history: this.turns.filter(({ content }) => content.trim() !== '').slice(-MOST_TURNS) };
  }

  /** The conversation goes on from the reply that was liked, or from the first one where none was; not from ones that were bad. */
  remember(said: Said, { candidates }: Pick<Generation, 'candidates'>, key: string): void {
    this.last = undefined;
    if (key === 'x') return;
    const candidate = candidates.find(({ index }) => String(index + 1) === key) ?? candidates[0];
    this.turns.push({ role: 'USER', content: said.prompt }, { role: 'ASSISTANT', content: candidate.text });
    this.last = { said, candidate };
  }

  /** What goes on with the reply that was cut at its longest; undefined where there is none. */
  get cut(): (Said & { continues: string }) | undefined {
    if (this.last?.candidate.finishReason !== 'LENGTH') return undefined;
    return { ...this.last.said, continues: this.last.candidate.id };
  }

  /** Puts what is new behind the reply that was gone on with. */
  append({ candidates: [candidate] }: Pick<Generation, 'candidates'>): void {
    const reply = this.turns.at(-1);
    if (!this.last || !reply) return;
    this.turns[this.turns.length - 1] = { ...reply, content: reply.content + candidate.text };
    this.last = { said: this.last.said, candidate };
  }

  clear(): void {
    this.turns = [];
    this.last = undefined;
  }
}
