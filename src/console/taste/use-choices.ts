/** A member's verdicts with what they were about: two requests a page. */
import { useCallback, useEffect, useState } from 'react';
import type { Candidate, Feedback, PalateClient } from '../../client/index.js';
import { useSession } from '../session/context.js';
import { problemOf } from '../session/problem.js';

export interface Choice {
  feedback: Feedback;
  /** Null when it was asked by somebody else, or its texts have been erased since. */
  prompt: string | null;
  chosen: string | null;
}

export interface Choices {
  choices: Choice[];
  total: number;
  problem: string | null;
  loading: boolean;
  more: (() => void) | null;
  reload(): void;
}

const PAGE = 8;

interface Loaded {
  choices: Choice[];
  total: number;
  after: string | null;
}

/** @param version asks again when it changes */
export function useChoices(memberId: string, version: number): Choices {
  const session = useSession();
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [loading, setLoading] = useState(true);

  const load = useCallback(
    async (before: Loaded | null) => {
      setLoading(true);
      try {
        const page = await session.client.feedback(memberId, { first: PAGE, after: before?.after });
        const choices = await withTexts(session.client, page.nodes);
        const { hasNextPage, endCursor } = page.pageInfo;
        setLoaded({
          choices: [...(before?.choices ?? []), ...choices],
          total: page.totalCount,
          after: hasNextPage ? endCursor : null,
        });
        setProblem(null);
      } catch (error) {
        session.fail(error);
        setProblem(problemOf(error));
      }
      setLoading(false);
    },
    [session, memberId],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version was made of other verdicts.
  useEffect(() => void load(null), [load, version]);
  return {
    choices: loaded?.choices ?? [],
    total: loaded?.total ?? 0,
    problem,
    loading,
    more: loaded?.after ? () => void load(loaded) : null,
    reload: () => void load(null),
  };
}

interface Texts {
  prompt: string;
  candidates: Pick<Candidate, 'id' | 'text'>[];
}

/** Questions and replies of a page of verdicts, in one request; those of somebody else come as null. */
async function withTexts(client: PalateClient, verdicts: readonly Feedback[]): Promise<Choice[]> {
  if (verdicts.length === 0) return [];
  const variables = Object.fromEntries(verdicts.map(({ generation }, i) => [`id${i}`, generation.id]));
  const declared = verdicts.map((_, i) => `$id${i}: ID!`).join(', ');
  const fields = verdicts.map((_, i) => `g${i}: generation(id: $id${i}) { prompt candidates { id text } }`).join(' ');
  const found = (await client.request(`query(${declared}) { ${fields} }`, variables)) as Record<string, Texts | null>;
  return verdicts.map((feedback, i) => {
    const texts = found[`g${i}`];
    const chosen = texts?.candidates.find(({ id }) => id === feedback.chosen?.id)?.text;
    return { feedback, prompt: texts?.prompt || null, chosen: chosen || null };
  });
}
