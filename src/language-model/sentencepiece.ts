/** Merges of a SentencePiece BPE vocabulary, which a GGUF file stores as scores only. */
import { TOKEN_TYPE, type Vocabulary } from './vocabulary.js';

/**
 * Every way to make a token out of two others, best first. SentencePiece joins the neighbours whose union has the
 * highest score; a list ranked by the union's score says the same.
 * @param scores of each token; higher is merged earlier
 */
export function scoredMerges(vocabulary: Vocabulary, scores: readonly number[]): [left: string, right: string][] {
  const ids = new Map<string, number>();
  vocabulary.tokens.forEach((text, id) => {
    if (vocabulary.type(id) === TOKEN_TYPE.normal) ids.set(text, id);
  });
  const ranked: { score: number; left: string; right: string }[] = [];
  for (const [text, id] of ids) {
    for (let cut = 1; cut < text.length; cut++) {
      const left = text.slice(0, cut);
      const right = text.slice(cut);
      if (ids.has(left) && ids.has(right)) ranked.push({ score: scores[id] ?? 0, left, right });
    }
  }
  ranked.sort((a, b) => b.score - a.score);
  return ranked.map(({ left, right }) => [left, right]);
}
