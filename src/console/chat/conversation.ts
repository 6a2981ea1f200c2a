/** A conversation as plain data: what was asked, the replies as they grow, the choice and what became of it. */
import type { CandidateRole, ChatTurn, FeedbackResult, Generation, Verdict } from '../../client/index.js';

export interface Reply {
  id: string;
  text: string;
}

export interface Turn {
  /** Of this page only. */
  key: string;
  prompt: string;
  /** WRITING from the question until the replies are stored. */
  status: 'WRITING' | 'COMPLETE' | 'FAILED';
  generationId: string | null;
  replies: Reply[];
  /** The version that wrote the personal replies; 0 when none is personal, null while they are being written. */
  encoderVersion: number | null;
  stopped: boolean;
  /** A verdict is shown at once, and is on disk when `feedbackId` is there. */
  verdict: Verdict | null;
  chosenId: string | null;
  feedbackId: string | null;
  held: boolean;
  roles: Record<string, CandidateRole>;
  jobId: string | null;
  /** What went wrong with the replies, or with the vote. */
  problem: string | null;
}

export type Conversation = readonly Turn[];

export type Change =
  | { type: 'ASKED'; key: string; prompt: string; replacing?: string }
  | { type: 'STARTED'; key: string; generationId: string; candidateIds: readonly string[] }
  | { type: 'GREW'; key: string; texts: ReadonlyMap<string, string> }
  | { type: 'FINISHED'; key: string; generation: Generation }
  | { type: 'FAILED'; key: string; problem: string }
  | { type: 'VOTING'; key: string; verdict: Verdict; chosenId: string | null }
  | { type: 'VOTED'; key: string; result: FeedbackResult }
  | { type: 'VOTE_FAILED'; key: string; problem: string; before: Pick<Turn, 'verdict' | 'chosenId'> }
  | { type: 'CLEARED' };

export function changed(conversation: Conversation, change: Change): Conversation {
  if (change.type === 'CLEARED') return [];
  if (change.type === 'ASKED') {
    const kept = conversation.filter(({ key }) => key !== change.replacing);
    return [...kept, newTurn(change.key, change.prompt)];
  }
  return conversation.map((turn) => (turn.key === change.key ? { ...turn, ...changeOf(turn, change) } : turn));
}

function changeOf(turn: Turn, change: Exclude<Change, { type: 'ASKED' | 'CLEARED' }>): Partial<Turn> {
  switch (change.type) {
    case 'STARTED':
      return { generationId: change.generationId, replies: change.candidateIds.map((id) => ({ id, text: '' })) };
    case 'GREW':
      return { replies: turn.replies.map(({ id, text }) => ({ id, text: text + (change.texts.get(id) ?? '') })) };
    case 'FINISHED': {
      const { id, candidates, encoderVersion } = change.generation;
      const stopped = candidates.some(({ finishReason }) => finishReason === 'CANCELLED');
      const replies = candidates.map((candidate) => ({ id: candidate.id, text: candidate.text }));
      return { status: 'COMPLETE', generationId: id, replies, encoderVersion, stopped, problem: null };
    }
    case 'FAILED':
      return { status: 'FAILED', problem: change.problem };
    case 'VOTING':
      return { verdict: change.verdict, chosenId: change.chosenId, problem: null };
    case 'VOTED': {
      const { feedback, reveal, trainingJob } = change.result;
      return {
        verdict: feedback.verdict,
        chosenId: feedback.chosen?.id ?? null,
        feedbackId: feedback.id,
        held: feedback.state === 'HELD',
        roles: Object.fromEntries(reveal.map(({ candidateId, role }) => [candidateId, role])),
        jobId: trainingJob?.id ?? null,
      };
    }
    case 'VOTE_FAILED':
      return { ...change.before, problem: change.problem };
  }
}

function newTurn(key: string, prompt: string): Turn {
  return {
    key,
    prompt,
    status: 'WRITING',
    generationId: null,
    replies: [],
    encoderVersion: null,
    stopped: false,
    verdict: null,
    chosenId: null,
    feedbackId: null,
    held: false,
    roles: {},
    jobId: null,
    problem: null,
  };
}

/** Turns that are sent along with a question. */
export const REMEMBERED_TURNS = 8;

/** What was said so far, for the next question: the chosen reply where there was a choice, else the first. */
export function historyOf(conversation: Conversation): ChatTurn[] {
  return conversation
    .filter(({ status }) => status === 'COMPLETE')
    .slice(-REMEMBERED_TURNS)
    .flatMap((turn): ChatTurn[] => {
      const said = turn.replies.find(({ id }) => id === turn.chosenId) ?? turn.replies[0];
      const asked: ChatTurn = { role: 'USER', content: turn.prompt };
      return said?.text.trim() ? [asked, { role: 'ASSISTANT', content: said.text }] : [];
    });
}

/** Turns that are kept for this tab. */
const KEPT_TURNS = 40;

/** As text to keep; what is still being written ends with the page. */
export function pack(conversation: Conversation): string {
  return JSON.stringify(conversation.filter(({ status }) => status === 'COMPLETE').slice(-KEPT_TURNS));
}

export function unpack(text: string | null): Conversation {
  try {
    const turns: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(turns) ? turns.filter(isTurn) : [];
  } catch {
    return [];
  }
}

function isTurn(turn: unknown): turn is Turn {
  const { key, prompt, replies, roles } = (turn ?? {}) as Partial<Turn>;
  return typeof key === 'string' && typeof prompt === 'string' && Array.isArray(replies) && typeof roles === 'object';
}

/** What a key on the keyboard says about replies 1 to `count`: the reply's place, a verdict without one, or nothing. */
export function choiceOf(key: string, count: number): number | 'TIE' | 'ALL_BAD' | null {
  if (key === '=') return 'TIE';
  if (key === 'x' || key === 'X') return 'ALL_BAD';
  const place = /^[1-9]$/.test(key) ? Number(key) - 1 : -1;
  return place >= 0 && place < count ? place : null;
}
