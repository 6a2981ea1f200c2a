/** A conversation that talks to the gateway. It outlives the page's visit to another page, and a reload of the tab. */
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Verdict } from '../../client/index.js';
import { useSession } from '../session/context.js';
import { problemOf } from '../session/problem.js';
import type { Session } from '../session/session.js';
import { type Change, type Conversation, changed, historyOf, pack, type Turn, unpack } from './conversation.js';
import { localId, write } from './writing.js';

export interface Chat {
  conversation: Conversation;
  writing: boolean;
  ask(prompt: string): void;
  /** Asks a turn's question again, in its place. */
  askAgain(turn: Turn): void;
  stop(): void;
  vote(turn: Turn, verdict: Verdict, chosenId: string | null): void;
  clear(): void;
}

export function useConversation(): Chat {
  const session = useSession();
  const place = keptUnder(session);
  const [conversation, setConversation] = useState<Conversation>(() => unpack(sessionStorage.getItem(place)));
  const latest = useRef(conversation);
  const running = useRef<{ abort: AbortController; generationId: string | null } | null>(null);

  const change = useCallback(
    (next: Change) => {
      latest.current = changed(latest.current, next);
      if (next.type !== 'GREW') sessionStorage.setItem(place, pack(latest.current));
      setConversation(latest.current);
    },
    [place],
  );

  const askInPlace = useCallback(
    async (prompt: string, before: Conversation, replacing?: string) => {
      const key = localId();
      const mine = { abort: new AbortController(), generationId: null as string | null };
      running.current = mine;
      change({ type: 'ASKED', key, prompt, replacing });
      try {
        const generation = await write(
          session.client,
          { member: session.ref, prompt, history: historyOf(before), candidateCount: 2 },
          {
            onStart: (generationId, candidateIds) => {
              mine.generationId = generationId;
              change({ type: 'STARTED', key, generationId, candidateIds });
            },
            onText: (texts) => change({ type: 'GREW', key, texts }),
          },
          mine.abort.signal,
        );
        if (!generation) return change({ type: 'FAILED', key, problem: 'Stopped before anything was written.' });
        change({ type: 'FINISHED', key, generation });
        session.memberIs(generation.member.id);
      } catch (error) {
        session.fail(error);
        change({ type: 'FAILED', key, problem: problemOf(error) });
      } finally {
        if (running.current === mine) running.current = null;
        setConversation([...latest.current]);
      }
    },
    [change, session],
  );

  useEffect(() => () => running.current?.abort.abort(), []);

  const stop = useCallback(() => {
    const { generationId, abort } = running.current ?? {};
    if (!abort) return;
    if (generationId) session.client.cancelGeneration(generationId).catch(() => abort.abort());
    else abort.abort();
  }, [session]);

  const vote = useCallback(
    async (
      { key, generationId, verdict: former, chosenId: formerId }: Turn,
      verdict: Verdict,
      chosenId: string | null,
    ) => {
      if (!generationId) return;
      change({ type: 'VOTING', key, verdict, chosenId });
      try {
        const result = await session.client.submitFeedback({ generationId, verdict, chosenCandidateId: chosenId });
        change({ type: 'VOTED', key, result });
      } catch (error) {
        session.fail(error);
        const before = { verdict: former, chosenId: formerId };
        change({ type: 'VOTE_FAILED', key, problem: problemOf(error), before });
      }
    },
    [change, session],
  );

  return {
    conversation,
    writing: running.current !== null,
    ask: (prompt) => void askInPlace(prompt, latest.current),
    askAgain: (turn) => {
      const at = latest.current.findIndex(({ key }) => key === turn.key);
      void askInPlace(turn.prompt, latest.current.slice(0, at), turn.key);
    },
    stop,
    vote: (turn, verdict, chosenId) => void vote(turn, verdict, chosenId),
    clear: () => {
      running.current?.abort.abort();
      change({ type: 'CLEARED' });
    },
  };
}

/** Each member's own: a tab that is used with another link shows nothing of the one before. */
function keptUnder({ ref }: Session): string {
  return `palate.conversation/${ref.platform}/${ref.scope ?? ''}/${ref.externalId}`;
}
