/**
 * A round of questions, one at a time: four replies each, the best is chosen, and the next question is answered with what was learned. A
 * round that was left in its middle goes on where it was.
 */
import { useCallback, useEffect, useReducer, useRef } from 'react';
import type { Verdict } from '../../client/index.js';
import { type Change, type Conversation, changed, type Turn } from '../chat/conversation.js';
import { keep, unpack } from '../chat/keeping.js';
import { localId, writeOn } from '../chat/writing.js';
import { useSession } from '../session/context.js';
import { TAB } from '../session/kept.js';
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
  const { platform, scope, externalId } = session.ref;
  const place = `palate.round/${platform}/${scope ?? ''}/${externalId}`;
  const [turns, dispatch] = useReducer(
    (state: Conversation, change: Change) => changed(state, change),
    place,
    (name) => begun(unpack(TAB.read(name))),
  );
  useEffect(() => keep(TAB, place, turns), [place, turns]);
  const abort = useRef(new AbortController());

  const write = useCallback(
    async (key: string, prompt: string) => {
      try {
        const generation = await writeOn(
          session.client,
          { member: session.ref, prompt, candidateCount: CHOICES, maxTokens: TOKENS, key },
          {
            onStart: (generationId, candidateIds) => dispatch({ type: 'STARTED', key, generationId, candidateIds }),
            onText: (texts) => dispatch({ type: 'GREW', key, texts }),
            onWait: (waiting) => dispatch({ type: 'WAITS', key, waiting }),
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
  const ask = useCallback(
    (question: number, replacing?: string) => {
      const prompt = QUESTIONS[question];
      if (prompt === undefined) return;
      const key = localId();
      dispatch({ type: 'ASKED', key, prompt, history: [], maxTokens: TOKENS, replacing });
      void write(key, prompt);
    },
    [write],
  );

  const choose = useCallback(
    async (turn: Turn, verdict: Verdict, chosenId: string | null) => {
      const { key, generationId } = turn;
      if (!generationId || turn.verdict !== null) return;
      dispatch({ type: 'VOTING', key, verdict, chosenId });
      try {
        const result = await session.client.submitFeedback({ generationId, verdict, chosenCandidateId: chosenId });
        dispatch({ type: 'VOTED', key, result });
        ask(turns.findIndex((other) => other.key === key) + 1);
      } catch (error) {
        session.fail(error);
        const before = { verdict: null, chosenId: null, feedbackId: null };
        dispatch({ type: 'VOTE_FAILED', key, problem: problemOf(error), before });
      }
    },
    [ask, session, turns],
  );

  const last = turns.at(-1);
  const done = turns.length === QUESTIONS.length && last?.feedbackId != null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: goes on once, with what was there when the page was opened.
  useEffect(() => {
    const mine = new AbortController();
    abort.current = mine;
    if (last?.status === 'WRITING') void write(last.key, last.prompt);
    else if (last?.feedbackId && !done) ask(turns.length);
    return () => mine.abort();
  }, []);
  return {
    turns,
    current: done ? undefined : last,
    begin: () => {
      dispatch({ type: 'CLEARED' });
      ask(0);
    },
    choose: (...choice) => void choose(...choice),
    again: () => ask(turns.length - 1, last?.key),
  };
}

/** A round that is over is not gone on with, and a vote that was not answered is asked for again. */
function begun(turns: Conversation): Conversation {
  const last = turns.at(-1);
  const strange = turns.some(({ prompt }, i) => prompt !== QUESTIONS[i]);
  if (!last || strange || (turns.length === QUESTIONS.length && last.feedbackId)) return [];
  return turns.map((turn) => (turn.feedbackId ? turn : { ...turn, verdict: null, chosenId: null }));
}
