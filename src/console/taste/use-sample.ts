/** One reply that is written anew whenever what it depends on has come to rest, always from the same seed. */
import { useEffect, useState } from 'react';
import { PalateClientError } from '../../client/index.js';
import type { Waiting } from '../chat/conversation.js';
import { write } from '../chat/writing.js';
import { useSession } from '../session/context.js';
import { problemOf } from '../session/problem.js';

export interface SampleInput {
  prompt: string;
  strength: number;
  tasteOffset: number[];
  /** A new version is a new sample. */
  version: number;
}

export interface Sample {
  text: string;
  writing: boolean;
  waiting: Waiting | null;
  problem: string | null;
}

const REST_MS = 250;
const TOKENS = 56;
const SEED = 23;

export function useSample({ prompt, strength, tasteOffset, version }: SampleInput): Sample {
  const session = useSession();
  const [sample, setSample] = useState<Sample>({ text: '', writing: false, waiting: null, problem: null });
  const asked = JSON.stringify({ prompt: prompt.trim(), strength, tasteOffset, version });
  useEffect(() => {
    const { version: _, ...how } = JSON.parse(asked) as SampleInput;
    if (how.prompt === '') return;
    const abort = new AbortController();
    let timer = window.setTimeout(run, REST_MS);
    async function run() {
      let text = '';
      const { client, ref: member } = session;
      const fixed = { candidateCount: 1, explore: false, maxTokens: TOKENS, temperature: 0.8, seed: SEED };
      const onText = (texts: ReadonlyMap<string, string>) => {
        text += [...texts.values()].join('');
        if (!abort.signal.aborted) setSample({ text, writing: true, waiting: null, problem: null });
      };
      const onWait = (waiting: Waiting) => {
        if (!abort.signal.aborted) setSample((before) => ({ ...before, waiting }));
      };
      try {
        const generation = await write(
          client,
          { member, ...how, ...fixed },
          { onStart: () => {}, onText, onWait },
          abort.signal,
        );
        if (!generation || abort.signal.aborted) return;
        setSample({ text: generation.candidates[0].text, writing: false, waiting: null, problem: null });
        session.memberIs(generation.member.id);
      } catch (error) {
        session.fail(error);
        if (abort.signal.aborted) return;
        const wait =
          error instanceof PalateClientError && error.code === 'LIMIT_EXCEEDED' ? error.retryAfterMs : undefined;
        if (wait !== undefined) timer = window.setTimeout(run, wait);
        const problem = wait === undefined ? problemOf(error) : null;
        setSample((before) => ({ ...before, writing: false, waiting: null, problem }));
      }
    }
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [session, asked]);
  return sample;
}
