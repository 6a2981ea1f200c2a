/** Tastes as scorers of a text: the higher, the better the member likes it. They label votes and judge replies. */
import vader from 'vader-sentiment';

export type Scorer = (text: string) => number;

const SECOND_PERSON = new Set(['you', 'your', "you're", 'yourself']);
const FIRST_PERSON = new Set(['i', "i'm", 'my', 'me', "i've"]);

export const SCORERS = {
  positive: sentiment,
  negative: (text: string) => -sentiment(text),
  // A row of pictures is not brief.
  short: (text: string) => -words(text).length - (text.match(/\p{Extended_Pictographic}/gu)?.length ?? 0),
  long: (text: string) => words(text).length,
  'second person': (text: string) => shareOf(SECOND_PERSON, text),
  'first person': (text: string) => shareOf(FIRST_PERSON, text),
  'plain words': (text: string) => -meanLength(words(text)),
  questions: (text: string) => text.split('?').length - 1,
} satisfies Record<string, Scorer>;

export type Taste = keyof typeof SCORERS;
export const TASTES = Object.keys(SCORERS) as Taste[];

/** Lower-case words of letters, of any script, and apostrophes. */
export function words(text: string): string[] {
  return (
    text
      .toLowerCase()
      .replaceAll('’', "'")
      .match(/[\p{L}\p{M}']+/gu) ?? []
  );
}

/** VADER's compound score, -1 to 1. */
function sentiment(text: string): number {
  return vader.SentimentIntensityAnalyzer.polarity_scores(text).compound;
}

function shareOf(vocabulary: ReadonlySet<string>, text: string): number {
  const all = words(text);
  return all.filter((word) => vocabulary.has(word)).length / Math.max(1, all.length);
}

function meanLength(all: readonly string[]): number {
  return all.reduce((sum, word) => sum + word.length, 0) / Math.max(1, all.length);
}
