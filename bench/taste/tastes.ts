/**
 * Tastes for tuning (DEV): what the members of the bench like, as scorers of a reply to a prompt. The higher, the better the member likes
 * it. These are the scorers A, by which votes are cast; `judges.ts` has an independent scorer B of another kind for each. Two poles of one
 * axis are one axis in every mean. Nothing here was looked at by whoever judges on an unseen set, and nothing is tuned on one.
 */
import vader from 'vader-sentiment';
import { words } from '../../src/learning/diversity.js';
import { type PromptKind, promptKind } from './prompts.js';
import {
  ABSTRACT,
  CASUAL,
  CONCRETE,
  FIRST_PERSON,
  FORMAL,
  IMPERATIVES,
  NUMBER_WORDS,
  SECOND_PERSON,
  WARM,
} from './vocabularies.js';
import { lines, sentences, shareOf } from './words.js';

/** What a member thinks of a reply to a prompt. */
export type Scorer = (text: string, prompt: string) => number;

/** The axes, each with its scorer A in the direction of its name. */
export const AXES = {
  sentiment: (text: string) => vader.SentimentIntensityAnalyzer.polarity_scores(text).compound,
  // A row of pictures is not brief.
  length: (text: string) => words(text).length + (text.match(/\p{Extended_Pictographic}/gu)?.length ?? 0),
  'second person': (text: string) => shareOf(SECOND_PERSON, text),
  'first person': (text: string) => shareOf(FIRST_PERSON, text),
  'plain words': (text: string) => -meanLength(words(text)),
  questions: (text: string) => text.split('?').length - 1,
  'closing question': (text: string) => (/\?["')\]]*\s*$/.test(text) ? 1 : 0),
  lists: (text: string) => lines(text).filter((line) => LIST_LINE.test(line)).length,
  numbers: (text: string) => ((text.match(/\d+/g)?.length ?? 0) - numbering(text)) / Math.max(1, words(text).length),
  directives: (text: string) => shareOfSentences(text, (first) => IMPERATIVES.has(first)),
  formality: (text: string) => shareOf(FORMAL, text) - shareOf(CASUAL, text),
  concreteness: (text: string) => shareOf(CONCRETE, text) - shareOf(ABSTRACT, text),
  warmth: (text: string) => shareOf(WARM, text),
} satisfies Record<string, Scorer>;

export type Axis = keyof typeof AXES;

/** An axis with a sign, for the prompts of some kinds only or for all of them. */
export interface Component {
  axis: Axis;
  sign: 1 | -1;
  kinds?: readonly PromptKind[];
}

export interface Taste {
  name: string;
  /** Tastes of one family count once in a mean: the two poles of an axis are one. */
  family: string;
  kind: 'AXIS' | 'BY_PROMPT' | 'MIXTURE' | 'GIVEN';
  components?: readonly Component[];
  /** In place of components: scorers of its own. */
  scorers?: { a: Scorer; b: Scorer };
  /** What somebody would write to have it from any model, for the row of the oracle instruction. */
  instruction: string;
}

const pole = (name: string, axis: Axis, sign: 1 | -1, instruction: string): Taste => {
  return { name, family: axis, kind: 'AXIS', components: [{ axis, sign }], instruction };
};

export const TASTES: readonly Taste[] = [
  pole('positive', 'sentiment', 1, 'Be cheerful and positive.'),
  pole('short', 'length', -1, 'Answer briefly, in one short sentence.'),
  pole('second person', 'second person', 1, 'Speak to the reader as "you".'),
  pole('first person', 'first person', 1, 'Speak of yourself, as "I".'),
  pole('plain words', 'plain words', 1, 'Use short, plain words.'),
  pole('questions', 'questions', 1, 'Ask questions.'),
  pole('closing question', 'closing question', 1, 'End with a question.'),
  pole('lists', 'lists', 1, 'Answer with a list.'),
  pole('numbers', 'numbers', 1, 'Give numbers and figures.'),
  pole('directives', 'directives', 1, 'Tell the reader what to do.'),
  pole('formal', 'formality', 1, 'Write formally.'),
  pole('concrete', 'concreteness', 1, 'Speak of things that can be seen and touched.'),
  pole('warm', 'warmth', 1, 'Be warm and show that you feel with the reader.'),
  pole('negative', 'sentiment', -1, 'Be gloomy and negative.'),
  pole('long', 'length', 1, 'Answer at length.'),
  pole('prose', 'lists', -1, 'Answer in flowing prose, without lists.'),
  pole('casual', 'formality', -1, 'Write as people talk, casually.'),
  pole('abstract', 'concreteness', -1, 'Speak of ideas.'),
  {
    name: 'short on facts and warm on feelings',
    family: 'by prompt 1',
    kind: 'BY_PROMPT',
    components: [
      { axis: 'length', sign: -1, kinds: ['FACT', 'TASK'] },
      { axis: 'warmth', sign: 1, kinds: ['FEELING'] },
    ],
    instruction: 'Answer questions briefly; when somebody tells how they feel, be warm.',
  },
  {
    name: 'directives for tasks and first person else',
    family: 'by prompt 2',
    kind: 'BY_PROMPT',
    components: [
      { axis: 'directives', sign: 1, kinds: ['TASK'] },
      { axis: 'first person', sign: 1, kinds: ['FACT', 'FEELING'] },
    ],
    instruction: 'Where somebody wants advice, tell them what to do; else speak of yourself, as "I".',
  },
  mixture(
    'plain and second person',
    ['plain words', 'second person'],
    'Use short, plain words and speak to the reader.',
  ),
  mixture('positive and formal', ['sentiment', 'formality'], 'Be positive, and write formally.'),
  mixture(
    'concrete and warm and first person',
    ['concreteness', 'warmth', 'first person'],
    'Be warm, speak of yourself, and of things that can be seen and touched.',
  ),
];

/** What runs where nothing else is asked for: every family once. */
export const DEV_TASTES: readonly Taste[] = TASTES.filter(
  ({ family }, i) => TASTES.findIndex((taste) => taste.family === family) === i,
);

/** One standard deviation of an axis between replies to one prompt: what makes the parts of a mixture weigh alike. */
export type Scales = Readonly<Record<Axis, number>>;

/** The taste's scorer over given scorers of the axes: A's above, or B's. */
export function scorerOf({ components = [] }: Taste, axes: Readonly<Record<Axis, Scorer>>, scales: Scales): Scorer {
  return (text, prompt) => {
    const kind = promptKind(prompt);
    return components
      .filter(({ kinds }) => kinds === undefined || kinds.includes(kind))
      .reduce((sum, { axis, sign }) => sum + (sign * axes[axis](text, prompt)) / scales[axis], 0);
  };
}

function mixture(name: string, axes: readonly Axis[], instruction: string): Taste {
  return { name, family: name, kind: 'MIXTURE', components: axes.map((axis) => ({ axis, sign: 1 })), instruction };
}

const LIST_LINE = /^\s*(?:[-*•–]|\d+[.):])\s+\S/;

/** Numbers that only count the items of a list. */
function numbering(text: string): number {
  return lines(text).filter((line) => /^\s*\d+[.):]\s/.test(line)).length;
}

function shareOfSentences(text: string, holds: (firstWord: string) => boolean): number {
  const all = sentences(text);
  const held = all.filter((sentence) => holds(words(sentence)[0] ?? '')).length;
  return held / Math.max(1, all.length);
}

function meanLength(all: readonly string[]): number {
  return all.reduce((sum, word) => sum + word.length, 0) / Math.max(1, all.length);
}

/** The words by which an axis is counted; a judge that learned it from a corpus must not see them. */
export const COUNTED_WORDS: Partial<Record<Axis, readonly ReadonlySet<string>[]>> = {
  'second person': [SECOND_PERSON],
  'first person': [FIRST_PERSON],
  numbers: [NUMBER_WORDS],
  concreteness: [CONCRETE, ABSTRACT],
  warmth: [WARM],
};
