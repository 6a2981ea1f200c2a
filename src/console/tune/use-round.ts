/** A round of questions, one at a time: four replies each, the best is chosen, and the next question is answered with what was learned. */
import { useCallback, useEffect, useReducer, useRef } from 'react';
import type { Verdict } from '../../client/index.js';
import { type Change, type Conversation, changed, type Turn } from '../chat/conversation.js';
import { localId, write } from '../chat/writing.js';
import { useSession } from '../session/context.js';
import { problemOf } from '../session/problem.js';
import { QUESTIONS } from './questions.js';

/** Replies to each question, and how long they may become. */
export const CHOICES = 4;
const TOKENS = 44;

export interface Round {
  turns: Conversation;
  /** The question that is shown; undefined after the last. */
  current: Turn | undefined;
  begin(): void;
  choose(turn: Turn, verdict: Verdict, chosenId: string | null): void;
  /** Asks the present question once more, after a failure. */
  again(): void;
}

export function useRound(): Round {
  const session = useSession();
  const [turns, dispatch] = useReducer((state: Conversation, change: Change) => changed(state, change), []);
  const abort = useRef(new AbortController());
  useEffect(() => {
    const mine = new AbortController();
    abort.current = mine;
    return () => mine.abort();
  }, []);

  const ask = useCallback(
    async (place: number, replacing?: string) => {
      const prompt = QUESTIONS[place];
      if (prompt === undefined) return;
      const key = localId();
      dispatch({ type: 'ASKED', key, prompt, replacing });
      try {
        const generation = await write(
          session.client,
          { member: session.ref, prompt, candidateCount: CHOICES, maxTokens: TOKENS },
          {
            onStart: (generationId, candidateIds) => dispatch({ type: 'STARTED', key, generationId, candidateIds }),
            onText: (texts) => dispatch({ type: 'GREW', key, texts }),
          },
          abort.current.signal,
        );
        if (!generation) return;
        dispatch({ type: 'FINISHED', key, generation });
        session.memberIs(generation.member.id);
      } catch (error) {
        session.fail(error);
        dispatch({ type: 'FAILED', key, problem: problemOf(error) });
      }
    },
    [session],
  );

  const choose = useCallback(
    async (turn: Turn, verdict: Verdict, chosenId: string | null) => {
      const { key, generationId } = turn;
      if (!generationId || turn.verdict !== null) return;
      dispatch({ type: 'VOTING', key, verdict, chosenId });
      try {
        const result = await session.client.submitFeedback({ generationId, verdict, chosenCandidateId: chosenId });
        dispatch({ type: 'VOTED', key, result });
        void ask(turns.findIndex((other) => other.key === key) + 1);
      } catch (error) {
        session.fail(error);
        dispatch({ type: 'VOTE_FAILED', key, problem: problemOf(error), before: { verdict: null, chosenId: null } });
      }
    },
    [ask, session, turns],
  );

  const last = turns.at(-1);
  const done = turns.length === QUESTIONS.length && last?.feedbackId != null;
  return {
    turns,
    current: done ? undefined : last,
    begin: () => {
      dispatch({ type: 'CLEARED' });
      void ask(0);
    },
    choose: (...choice) => void choose(...choice),
    again: () => void ask(turns.length - 1, last?.key),
  };
}
