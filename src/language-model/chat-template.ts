/**
 * Renders a conversation in a model's own chat format, keeping apart what the template wrote and what people wrote.
 * The template never sees a message: it gets a placeholder between the message's own leading and trailing white space
 * (so that a template which trims does trim), and the message takes the placeholder's place in what comes out. Nothing
 * that a person writes can therefore change the rendering or pass for the template's own tokens.
 * A template that refuses an order of turns gets them arranged to its rules (turn-rules.ts).
 * Consequence: a template that looks inside a message (for a tool call, for thoughts to cut out) does not find anything.
 */
import { messageOf, PalateError } from '../common/errors.js';
import { BoundedTemplate, TooManySteps } from './bounded-template.js';
import { printable } from './gguf-metadata.js';
import { arrange, findTurnRules, type Message, type Role, type TurnRules } from './turn-rules.js';

export type ChatTurn = { role: Role; content: string };

/** Text of a prompt: the template's, in which special tokens count, or the content of one turn, in which they do not. */
export type PromptPiece = { text: string; content: false } | { text: string; content: true; turn?: number };

export interface SpecialTexts {
  /** Beginning-of-sequence token, `bos_token` in templates; empty when there is none. */
  start: string;
  /** End-of-sequence token, `eos_token` in templates; empty when there is none. */
  end: string;
  /** Whether the default format begins with `start`; a template writes it itself where it wants it. */
  addStart: boolean;
}

// Private-use characters do not occur in templates; the number between them is the turn's index.
const PLACEHOLDER = /\uE000(\d+)\uE001/u;

const PLACEHOLDER_CHARACTERS = /[\uE000\uE001]/u;

/** What a message of several turns has between them. */
const PARAGRAPH = '\n\n';

const ROLE_NAMES = { system: 'System', user: 'User', assistant: 'Assistant' } as const;

export class ChatTemplate {
  private readonly template: { source: BoundedTemplate; rules: TurnRules } | undefined;

  /**
   * @param source Jinja source; an empty one stands for the default: paragraphs that begin with `System: `, `User: ` or
   *   `Assistant: `, the last of them `Assistant:` with nothing after it
   * @throws Error that says why, when the source cannot be parsed, or cannot render a conversation, or does not end
   */
  constructor(
    source: string,
    private readonly special: SpecialTexts,
  ) {
    if (source === '') return;
    if (PLACEHOLDER_CHARACTERS.test(source)) throw new Error('it contains the characters U+E000 or U+E001');
    const parsed = new BoundedTemplate(source);
    this.tryFirst(parsed);
    const rules = findTurnRules((roles) => {
      try {
        return shows(this.renderTemplate(parsed, roles.map(turnOf), roles.map(messageOfTurn)), roles.length);
      } catch {
        return false;
      }
    });
    this.template = { source: parsed, rules };
  }

  /**
   * The prompt up to where the assistant's next turn begins, in order.
   * @throws PalateError BAD_USER_INPUT when the template refuses the conversation, MODEL_UNAVAILABLE when it does not come to an end
   */
  render(turns: readonly ChatTurn[]): PromptPiece[] {
    if (!this.template) return this.renderDefault(turns);
    const { source, rules } = this.template;
    const roles = turns.map(({ role }) => role);
    try {
      return this.renderTemplate(source, turns, arrange(roles, rules));
    } catch (error) {
      if (error instanceof TooManySteps) {
        const message = "The model's chat template does not come to an end. Use another model file.";
        throw new PalateError('MODEL_UNAVAILABLE', message, { cause: error });
      }
      const why = printable(messageOf(error));
      const message = `The model's chat template does not accept this conversation: ${why}`;
      throw new PalateError('BAD_USER_INPUT', message, { cause: error });
    }
  }

  /** One question, and a second one, have to come out. */
  private tryFirst(template: BoundedTemplate): void {
    for (const roles of [['user'], ['user', 'assistant', 'user']] satisfies Role[][]) {
      const pieces = this.renderTemplate(template, roles.map(turnOf), roles.map(messageOfTurn));
      if (!pieces.some((piece) => piece.content && piece.turn === roles.length - 1)) {
        throw new Error("it leaves out the user's message");
      }
    }
  }

  private renderTemplate(
    template: BoundedTemplate,
    turns: readonly ChatTurn[],
    messages: readonly Message[],
  ): PromptPiece[] {
    const rendered = template.render({
      messages: messages.map((message) => ({ role: message.role, content: placeholders(message, turns) })),
      add_generation_prompt: true,
      bos_token: this.special.start,
      eos_token: this.special.end,
    });
    return putContents(rendered, turns);
  }

  private renderDefault(turns: readonly ChatTurn[]): PromptPiece[] {
    const pieces: PromptPiece[] = [{ text: this.special.addStart ? this.special.start : '', content: false }];
    turns.forEach(({ role, content }, turn) => {
      pieces.push({ text: `${ROLE_NAMES[role]}: `, content: false });
      pieces.push({ text: content, content: true, turn });
      pieces.push({ text: '\n\n', content: false });
    });
    pieces.push({ text: `${ROLE_NAMES.assistant}:`, content: false });
    return pieces;
  }
}

const turnOf = (role: Role): ChatTurn => ({ role, content: role });
const messageOfTurn = (role: Role, turn: number): Message => ({ role, turns: [turn] });

/** Whether every turn's content is in what came out. */
function shows(pieces: readonly PromptPiece[], turns: number): boolean {
  const shown = new Set(pieces.flatMap((piece) => (piece.content ? [piece.turn] : [])));
  return shown.size === turns;
}

/** What stands for a message's turns while it is rendered. */
function placeholders(message: Message, turns: readonly ChatTurn[]): string {
  return message.turns
    .map((turn) => {
      const { lead, trail } = margins(turns[turn].content);
      return `${lead}\uE000${turn}\uE001${trail}`;
    })
    .join(PARAGRAPH);
}

/** A message's white space at both ends; one that is nothing else counts as leading. */
function margins(content: string): { lead: string; core: string; trail: string } {
  const lead = content.slice(0, content.length - content.trimStart().length);
  const core = content.trim();
  return { lead, core, trail: content.slice(lead.length + core.length) };
}

/** Cuts the rendered text at the placeholders, and gives each message the margins that the template has left it. */
function putContents(rendered: string, turns: readonly ChatTurn[]): PromptPiece[] {
  // split() with one group: template text and turn indexes alternate.
  const parts = rendered.split(PLACEHOLDER);
  const pieces: PromptPiece[] = [];
  let before = parts[0];
  for (let i = 1; i < parts.length; i += 2) {
    const turn = Number(parts[i]);
    const { lead, core, trail } = margins(turns[turn].content);
    const after = parts[i + 1];
    const keptLead = before.endsWith(lead) ? lead : '';
    const keptTrail = after.startsWith(trail) ? trail : '';
    pieces.push({ text: before.slice(0, before.length - keptLead.length), content: false });
    pieces.push({ text: keptLead + core + keptTrail, content: true, turn });
    before = after.slice(keptTrail.length);
  }
  pieces.push({ text: before, content: false });
  return pieces;
}
