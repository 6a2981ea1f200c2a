/**
 * A round of questions, one at a time: four replies each, the best is chosen, and the next question is the one that tells most given what was learned. A
 * round that was left in its middle goes on where it was.
 */
import { useCallback, useEffect, useReducer, useRef } from 'react';
import type { Verdict } from '../../client/index.js';
import { type Change, type Conversation, changed, type Turn } from '../chat/conversation.js';
import { keep, unpack } from '../chat/keeping.js';
import { askAgain, localId } from '../chat/writing.js';
import { useSession } from '../session/context.js';
import { TAB } from '../session/kept.js';
import { problemOf } from '../session/problem.js';
import { QUESTIONS } from './questions.js';

/** Replies to each question. */
export const CHOICES = 4;

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
    async (key: string) => {
      const { signal } = abort.current;
      try {
        const generation = await askAgain(
          () => session.client.askTuningQuestion({ member: session.ref, key }, { signal }),
          { onWait: (waiting) => dispatch({ type: 'WAITS', key, waiting }) },
          signal,
        );
        if (!generation) return;
        dispatch({ type: 'FINISHED', key, generation });
        session.memberIs(generation.member.id);
      } catch (error) {
        if (signal.aborted) return;
        session.fail(error);
        dispatch({ type: 'FAILED', key, problem: problemOf(error) });
      }
    },
    [session],
  );
  const ask = useCallback(
    (replacing?: string) => {
      const key = localId();
      dispatch({ type: 'ASKED', key, prompt: '', history: [], maxTokens: 0, replacing });
      void write(key);
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
        if (turns.length < QUESTIONS) ask();
      } catch (error) {
        session.fail(error);
        const before = { verdict: null, chosenId: null, feedbackId: null };
        dispatch({ type: 'VOTE_FAILED', key, problem: problemOf(error), before });
      }
    },
    [ask, session, turns],
  );

  const last = turns.at(-1);
  const done = turns.length === QUESTIONS && last?.feedbackId != null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: goes on once, with what was there when the page was opened.
  useEffect(() => {
    const mine = new AbortController();
    abort.current = mine;
    if (last?.status === 'WRITING') void write(last.key);
    else if (last?.feedbackId && !done) ask();
    return () => mine.abort();
  }, []);
  return {
    turns,
    current: done ? undefined : last,
    begin: () => {
      dispatch({ type: 'CLEARED' });
      ask();
    },
    choose: (...choice) => void choose(...choice),
    again: () => ask(last?.key),
  };
}

/** A round that is over is not gone on with, and a vote that was not answered is asked for again. */
function begun(turns: Conversation): Conversation {
  const last = turns.at(-1);
  if (!last || (turns.length >= QUESTIONS && last.feedbackId)) return [];
  return turns.map((turn) => (turn.feedbackId ? turn : { ...turn, verdict: null, chosenId: null }));
}
